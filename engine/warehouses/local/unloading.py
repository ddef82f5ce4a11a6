"""UNLOAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome
from .tokens import Reader

if TYPE_CHECKING:
    from .session import LocalSession


def unload(session: LocalSession, reader: Reader) -> Outcome:
    raise WarehouseError("not supported locally: UNLOAD", sqlstate="0A000")
