"""Words that may not name a table or a column unless they are quoted.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
"""

from __future__ import annotations

RESERVED = frozenset({
    "aes128", "aes256", "all", "allowoverwrite", "analyse", "analyze", "and", "any", "array", "as", "asc",
    "authorization", "az64", "backup", "between", "binary", "blanksasnull", "both", "bytedict", "bzip2", "case",
    "cast", "check", "collate", "column", "constraint", "create", "credentials", "cross", "current_date",
    "current_time", "current_timestamp", "current_user", "current_user_id", "default", "deferrable", "deflate",
    "defrag", "delta", "delta32k", "desc", "disable", "distinct", "do", "else", "emptyasnull", "enable", "encode",
    "encrypt", "encryption", "end", "except", "explicit", "false", "for", "foreign", "freeze", "from", "full",
    "globaldict256", "globaldict64k", "grant", "group", "gzip", "having", "identity", "ignore", "ilike", "in",
    "initially", "inner", "intersect", "interval", "into", "is", "isnull", "join", "leading", "left", "like",
    "limit", "localtime", "localtimestamp", "lun", "luns", "lzo", "lzop", "minus", "mostly16", "mostly32",
    "mostly8", "natural", "new", "not", "notnull", "null", "nulls", "off", "offline", "offset", "oid", "old", "on",
    "only", "open", "or", "order", "outer", "overlaps", "parallel", "partition", "percent", "permissions", "pivot",
    "placing", "primary", "qualify", "raw", "readratio", "recover", "references", "rejectlog", "resort", "respect",
    "restore", "right", "select", "session_user", "similar", "snapshot", "some", "sysdate", "system", "table",
    "tag", "tdes", "text255", "text32k", "then", "timestamp", "to", "top", "trailing", "true", "truncatecolumns",
    "union",
    "unique", "unpivot", "user", "using", "verbose", "wallet", "when", "where", "with", "without",
})  # fmt: skip
"""`connect` and `start` misbehave only as an alias, and are left out."""
AGGREGATES = frozenset(
    "count sum avg min max any_value stddev stddev_samp stddev_pop variance var_samp var_pop bit_and bit_or bool_and "
    "bool_or listagg percentile_cont percentile_disc median grouping hll".split()
)
ENDS_AN_ALIAS = frozenset(
    "from where group having qualify window order limit offset union intersect except minus on using join "
    "inner left right full cross natural pivot unpivot as at into start connect set when fetch for remove".split()
)
"""Words after a value or a table that are no alias of it, though most could be names."""
