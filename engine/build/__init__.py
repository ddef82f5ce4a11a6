"""Documents -> Pipeline: what the JSON Schema cannot say is checked here."""

from .paths import inside
from .whole import Built, build

__all__ = ["Built", "build", "inside"]
