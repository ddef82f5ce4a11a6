"""SET, RESET and SHOW.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SET.html, cm_chap_ConfigurationRef.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome, ResultColumn
from .control import transaction_modes
from .query_grammar import StatementReader
from .tokens import Reader, tokenize

if TYPE_CHECKING:
    from .session import LocalSession

_DEFAULTS = {
    "search_path": "$user, public", "timezone": "UTC", "datestyle": "ISO, MDY", "statement_timeout": "0",
    "query_group": "default", "enable_case_sensitive_identifier": "off", "enable_case_sensitive_super_attribute": "off",
    "client_encoding": "UTF8", "extra_float_digits": "0", "autocommit": "on", "application_name": "",
    "wlm_query_slot_count": "1", "enable_result_cache_for_session": "on", "describe_field_name_in_uppercase": "off",
    "transaction_isolation": "SNAPSHOT", "server_version": "8.0.2", "server_encoding": "UNICODE",
    "standard_conforming_strings": "off", "max_identifier_length": "127", "json_serialization_enable": "off",
    "json_parse_dedup_attributes": "off", "json_parse_truncate_strings": "off",
    "analyze_threshold_percent": "10", "error_on_nondeterministic_update": "off",
    "intervalstyle": "postgres", "navigate_super_null_on_error": "on", "cast_super_null_on_error": "on",
    "parse_super_null_on_error": "off",
}  # fmt: skip


def set_(session: LocalSession, reader: Reader) -> Outcome:
    """SET name TO value; an unknown name is an error, one with a point is the user's own."""
    reader.advance()
    if reader.take("session", "characteristics", "as", "transaction") or reader.take("transaction"):
        transaction_modes(reader)
        reader.expect_end()
        return Outcome("SET")
    local = reader.take("local")
    if not local:
        reader.take("session")
    if reader.take("session") or reader.at("authorization"):
        raise WarehouseError("not supported locally: SET SESSION AUTHORIZATION", sqlstate="0A000")
    if reader.take("time", "zone"):
        name = "timezone"
    else:
        name = _setting(reader)
        if not reader.take_op("=") and not reader.take("to"):
            raise reader.error("expected TO or '='")
    values = _values(reader)
    reader.expect_end()
    if name == "seed":
        raise WarehouseError("not supported locally: SET SEED: the numbers of RANDOM are not those of a cluster",
                             sqlstate="0A000")  # fmt: skip
    _check_name(name)
    if name == "timezone" and ", ".join(values).upper() not in ("UTC", "GMT", "DEFAULT", "ETC/UTC"):
        raise WarehouseError("not supported locally: a session time zone other than UTC", sqlstate="0A000",
                             hint="use CONVERT_TIMEZONE")  # fmt: skip
    _check_value(name, ", ".join(values).lower())
    if local and not session.in_block:
        return Outcome("SET", notices=("WARNING: SET LOCAL can only be used in transaction blocks",))
    _keep(session, name, values, local)
    return Outcome("SET")


def _keep(session: LocalSession, name: str, values: list[str], local: bool) -> None:
    """Set what the session goes by; what is set locally leaves what a commit brings back as it was."""
    if local and session.before_local is None:
        session.before_local = dict(session.settings), session.search_path
    if name == "search_path":
        session.search_path = tuple(
            part.strip().strip('"') for value in values for part in value.split(",") if part.strip()
        )
    if name.startswith("enable_case_sensitive"):
        session.translations.clear()
        values = ["on" if values[0].lower() in _ON else "off"]
    session.settings[name] = ", ".join(values)
    if not local and session.before_local is not None:
        settings, search_path = session.before_local
        search_path = session.search_path if name == "search_path" else search_path
        session.before_local = {**settings, name: session.settings[name]}, search_path


def restore_settings(session: LocalSession, committed: bool) -> None:
    """End a transaction: a rollback takes back what it set, a commit what it set by SET LOCAL."""
    before = session.before_local if committed else session.at_begin
    session.at_begin = session.before_local = None
    if before is not None and before != (session.settings, session.search_path):
        session.settings, session.search_path = before
        session.translations.clear()


_ON, _OFF = ("true", "on", "1", "t", "yes"), ("false", "off", "0", "f", "no")
_FIXED = {
    "json_parse_dedup_attributes": _OFF, "json_parse_truncate_strings": _OFF, "parse_super_null_on_error": _OFF,
    "navigate_super_null_on_error": _ON, "cast_super_null_on_error": _ON, "intervalstyle": ("postgres",),
    "standard_conforming_strings": _OFF, "datestyle": ("iso", "iso, mdy", "mdy", "mdy, iso"),
    "client_encoding": ("utf8", "utf-8", "unicode"),
}  # fmt: skip
"""Settings that change what a statement answers, and the values that local Redshift answers by."""


def _check_value(name: str, value: str) -> None:
    """Errors: 0A000 for a value by which statements would answer otherwise than they do here."""
    if value not in (*_FIXED.get(name, (value,)), "default"):
        raise WarehouseError(f"not supported locally: {name} set to {value}", sqlstate="0A000")


def reader_of(session: LocalSession, sql: str) -> Reader:
    """Return the reader of a statement, in which quoted names keep their case if the session says so.

    A setting for attributes of SUPER alone counts for all names; what it finds no longer is an error, not another name.
    """
    names = ("enable_case_sensitive_identifier", "enable_case_sensitive_super_attribute")
    exact = any(session.settings.get(name) == "on" for name in names)
    return StatementReader(sql, tokenize(sql, exact))


def _setting(reader: Reader) -> str:
    name = reader.any_name("a setting")
    while reader.take_op("."):
        name += "." + reader.any_name("a setting")
    return name


def _check_name(name: str) -> None:
    if (
        name not in _DEFAULTS
        and "." not in name
        and not name.startswith(("enable_", "wlm_", "spectrum_", "mv_", "use_"))
    ):
        raise WarehouseError(f'unrecognized configuration parameter "{name}"', sqlstate="42704")


def _values(reader: Reader) -> list[str]:
    values = [_value(reader)]
    while reader.take_op(","):
        values.append(_value(reader))
    return values


def _value(reader: Reader) -> str:
    sign = "-" if reader.take_op("-") else ""
    token = reader.token
    if token.kind not in ("word", "name", "string", "number"):
        if token.kind == "op" and token.value == "$":
            raise reader.error('write "$user" in double quotes')
        raise reader.error("expected a value")
    return sign + reader.advance().value


def reset(session: LocalSession, reader: Reader) -> Outcome:
    reader.advance()
    name = "all" if reader.take("all") else _setting(reader)
    reader.expect_end()
    if name in ("search_path", "all"):
        session.search_path = ("$user", "public")
    session.translations.clear()
    if name == "all":
        session.settings.clear()
    else:
        _check_name(name)
        session.settings.pop(name, None)
    return Outcome("RESET")


_OBJECTS = frozenset(
    "external datashares grants model procedure parameters policies column functions procedures constraints".split()
)


def show_setting(session: LocalSession, reader: Reader) -> Outcome:
    reader.advance()
    if reader.at_any(_OBJECTS):
        raise WarehouseError(f"not supported locally: SHOW {reader.token.value.upper()}", sqlstate="0A000",
                             hint="query svv_tables, svv_columns or pg_namespace")  # fmt: skip
    if reader.take("all"):
        rows = sorted((name, setting(session, name)) for name in _DEFAULTS)
        columns = (ResultColumn("name", "character varying(256)"), ResultColumn("setting", "character varying(256)"))
        return Outcome("SHOW", len(rows), columns, rows)
    if reader.take("transaction", "isolation", "level"):
        name = "transaction_isolation"
    else:
        name = "timezone" if reader.take("time", "zone") else _setting(reader)
    reader.expect_end()
    if name not in session.settings:
        _check_name(name)
    return Outcome("SHOW", 1, (ResultColumn(name, "character varying(256)"),), [(setting(session, name),)])


def setting(session: LocalSession, name: str) -> str:
    """Return the value of a setting. Errors: WarehouseError 42704."""
    if name not in session.settings:
        _check_name(name)
    if name == "search_path":
        return ", ".join(session.search_path)
    return session.settings.get(name, _DEFAULTS.get(name, ""))
