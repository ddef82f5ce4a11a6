"""The COPY statement as a record: its options, their text, what may not go together.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
"""

from .masking import masked
from .reading import is_copy, parse
from .rules import cautions, conflicts
from .statement import (
    JSON_WORDS,
    AccessKey,
    Copy,
    Credentials,
    Format,
    IamRole,
    Secret,
    TableName,
    unescape,
)
from .writing import clauses, write

__all__ = [
    "JSON_WORDS",
    "AccessKey",
    "Copy",
    "Credentials",
    "Format",
    "IamRole",
    "Secret",
    "TableName",
    "cautions",
    "clauses",
    "conflicts",
    "is_copy",
    "masked",
    "parse",
    "unescape",
    "write",
]
