"""How names and text are written in Redshift SQL. The only place that quotes either."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_NAME_BYTES = 127

# Source: https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
RESERVED = frozenset(
    """aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between binary
    blanksasnull both bytedict bzip2 case cast check collate column connect constraint create credentials cross
    current_date current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta
    delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false for
    foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially
    inner intersect interval into is isnull join language leading left like limit localtime localtimestamp lun luns
    lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset oid old on only open
    or order outer overlaps parallel partition percent permissions pivot placing primary qualify raw readratio recover
    references rejectlog resort respect restore right select session_user similar snapshot some start sysdate system
    table tag tdes text255 text32k then timestamp to top trailing true truncatecolumns type union unique unnest unpivot
    user using verbose wallet when where with without""".split()
)

# Letters a to z and all beyond ASCII, as what they are not: a range of a million letters takes `re` 5 ms to compile.
_PLAIN = re.compile(r"[^\x00-^`{-\x7f][^\x00-#%-/:-^`{-\x7f]*")


@lru_cache(maxsize=4096)
def identifier(name: str) -> str:
    """Return `name` as SQL writes it: quoted only where it must be.

    Shape: one part, not `schema.table`. Unit: the limit is 127 bytes of UTF-8.
    Errors: ValueError if empty or too long.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    """
    if not 0 < len(name.encode()) <= MAX_NAME_BYTES:
        raise ValueError(f"a name has 1 to {MAX_NAME_BYTES} bytes: '{name}'")
    if _PLAIN.fullmatch(name) and name not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    r"""Return `text` as a string literal. A backslash is an escape in Redshift's literals, so it is doubled."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def unquoted(name: str) -> str:
    """Return the name that SQL writes as `name`, in quotes or not; '' for nothing."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def fold(name: str) -> str:
    """Return `name` as Redshift keeps it: ASCII letters in lower case, even of a quoted name."""
    return name.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
