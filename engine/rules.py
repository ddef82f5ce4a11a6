"""The rules that a pipeline is held to: their names, how grave each is, and comments that let one go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Severity = Literal["error", "warning", "off"]

SEVERITIES: Mapping[str, Severity] = {
    "unknown-column": "error",
    "unknown-table": "error",
    "ambiguous-column": "error",
    "duplicate-table": "error",
    "missing-group-by": "error",
    "misplaced-function": "error",
    "type-mismatch": "error",
    "column-count": "error",
    "null-into-not-null": "error",
    "reserved-word": "error",
    "syntax": "error",
    "column-order": "warning",
    "missing-column": "warning",
    "may-be-null": "warning",
    "narrowing": "warning",
    "text-length": "warning",
    "time-zone": "warning",
    "integer-division": "warning",
    "cross-join": "warning",
    "unknown-function": "warning",
    "not-checked": "warning",
    "breaks-transaction": "error",
    "late-binding-name": "error",
    "drop-cascade": "warning",
    "distkey-join": "warning",
    "interleaved-sortkey": "warning",
    "encoded-sortkey": "warning",
    "wide-varchar": "warning",
    "reserved-name": "warning",
    "copy-prefix": "warning",
    "jsonpaths-file": "warning",
    "copy-region": "warning",
}
"""What each rule is unless `rules:` says otherwise.

An error is what Redshift certainly refuses, or what commits a step half done.
"""

_GUIDE = "https://docs.aws.amazon.com/redshift/latest/dg/"
PAGES: Mapping[str, str] = {
    rule: f"{_GUIDE}{page}.html"
    for rule, page in {
        "unknown-column": "r_SELECT_list",
        "unknown-table": "r_FROM_clause30",
        "ambiguous-column": "r_FROM_clause30",
        "duplicate-table": "r_FROM_clause30",
        "missing-group-by": "r_GROUP_BY_clause",
        "misplaced-function": "c_Window_functions",
        "type-mismatch": "c_Supported_data_types",
        "column-count": "r_UNION",
        "null-into-not-null": "r_CREATE_TABLE_NEW",
        "reserved-word": "r_pg_keywords",
        "syntax": "r_SELECT_synopsis",
        "column-order": "r_INSERT_30",
        "missing-column": "r_INSERT_30",
        "may-be-null": "r_CREATE_TABLE_NEW",
        "narrowing": "r_Numeric_types201",
        "text-length": "r_Character_types",
        "time-zone": "r_Datetime_types",
        "integer-division": "r_numeric_computations201",
        "cross-join": "c_designing-queries-best-practices",
        "unknown-function": "c_SQL_functions",
        "not-checked": "r_SELECT_synopsis",
        "breaks-transaction": "r_TRUNCATE",
        "late-binding-name": "r_CREATE_VIEW",
        "drop-cascade": "r_DROP_TABLE",
        "distkey-join": "c_best-practices-best-dist-key",
        "interleaved-sortkey": "t_Sorting_data-interleaved",
        "encoded-sortkey": "c_Compression_encodings",
        "wide-varchar": "c_best-practices-smallest-column-size",
        "reserved-name": "r_pg_keywords",
        "copy-prefix": "copy-parameters-data-source-s3",
        "jsonpaths-file": "copy-usage_notes-copy-from-json",
        "copy-region": "copy-parameters-data-source-s3",
    }.items()
}
"""The page of the Redshift developer guide that each rule stands on."""

_IGNORED = re.compile(r"(?:--|#)\s*etlrun:\s*ignore\s+([a-z-]+(?:\s*,\s*[a-z-]+)*)")


def ignored(text: str) -> dict[int, frozenset[str]]:
    """Return for each line (from 1) of a text the rules that a comment in it, or in the line before, lets go."""
    found: dict[int, frozenset[str]] = {}
    if "etlrun:" not in text:
        return found
    for number, line in enumerate(text.split("\n"), start=1):
        match = _IGNORED.search(line)
        if match is not None:
            names = frozenset(name.strip() for name in match[1].split(","))
            for each in (number, number + 1):
                found[each] = found.get(each, frozenset()) | names
    return found


def severity(rule: str, chosen: Mapping[str, Severity]) -> Severity:
    return chosen.get(rule, SEVERITIES[rule])
