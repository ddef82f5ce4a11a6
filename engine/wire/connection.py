"""One client's life: its messages, its prepared statements, its portals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from ..errors import WarehouseError
from ..script import first_word, statements
from ..warehouse import Outcome, Session
from . import replies, requests, results
from .greeting import Guest
from .parameters import sample, write
from .runner import ENDS, Runner
from .script import gives_rows, parameter_count, probe, substitute
from .settings import Settings
from .types import VARCHAR, Field


@dataclass(slots=True)
class _Prepared:
    """A statement under a name. `columns` are those that the client was told of, None until it asked."""

    sql: str
    types: tuple[int, ...]
    columns: tuple[Field, ...] | None = None


@dataclass(slots=True)
class _Portal:
    """A statement with its values; run at most once, on the first Describe or Execute."""

    prepared: _Prepared
    sql: str
    formats: tuple[int, ...]
    outcome: Outcome | None = None
    columns: tuple[Field, ...] = ()
    rows: Iterator[tuple[Any, ...]] = field(default_factory=lambda: iter(()))


class Connection:
    """Answers one client, in the thread that also opened the session; only `cancel` comes from other threads."""

    def __init__(self, guest: Guest, session: Session, number: int, settings: Settings, count: Iterator[int]) -> None:
        self._guest = guest
        self._stream = guest.stream
        self._prepared: dict[str, _Prepared] = {}
        self._portals: dict[str, _Portal] = {}
        self._runner = Runner(guest, session, number, settings, count, self._prepared)
        self._block = self._runner.block
        self.cancel = self._runner.cancel

    def serve(self) -> None:
        """Answer until the client says goodbye. Errors: Disconnected, Malformed, Killed, Lost."""
        self._ready()
        skipping = False
        while True:
            request = requests.decode(*self._stream.read())
            if isinstance(request, requests.Terminate):
                return
            if isinstance(request, requests.Sync):
                skipping = False
                self._ready()
            elif isinstance(request, requests.Query):
                self._script(request.sql)
            elif isinstance(request, requests.Flush):
                self._stream.flush()
            elif not skipping:
                # After an error the rest of a series, up to its Sync, is meant for a statement that is not there.
                skipping = not self._extended(request)

    def _ready(self) -> None:
        if self._block.status == "I":
            self._portals.clear()
        self._stream.write(replies.ready(self._block.status))
        self._stream.flush()

    # --- the simple protocol -------------------------------------------------------------------------------------

    def _script(self, text: str) -> None:
        sqls = statements(text)
        if not sqls:
            self._stream.write(replies.EMPTY_QUERY)
        try:
            for sql in sqls:
                if len(sqls) > 1:
                    self._block.before_statement_of_script(sql)
                self._answer(self._runner.execute(sql))
            self._block.script_done()
        except ENDS:
            raise
        except Exception as error:
            self._block.failed()
            self._block.script_failed()
            self._runner.tell(error)
        self._ready()

    def _answer(self, outcome: Outcome) -> None:
        if outcome.columns:
            columns = results.fields(outcome)
            self._describe(columns, results.formats((), len(columns)))
            self._send_rows(iter(outcome.rows), columns, (0,) * len(columns))
        self._stream.write(replies.command_complete(results.tag(outcome)))

    def _describe(self, columns: tuple[Field, ...], formats: tuple[int, ...]) -> None:
        self._stream.write(replies.row_description(columns, formats, extended=self._guest.protocol >= 1))

    def _send_rows(self, rows: Iterator[tuple[Any, ...]], columns: tuple[Field, ...], formats: tuple[int, ...]) -> None:
        for portion in results.data_rows(rows, columns, formats, amazon=self._guest.amazon):
            self._stream.write(portion)

    # --- the extended protocol -----------------------------------------------------------------------------------

    def _extended(self, request: requests.Request) -> bool:
        """Answer one message of a series; False after an error."""
        try:
            match request:
                case requests.Parse():
                    self._parse(request)
                case requests.Bind():
                    self._bind(request)
                case requests.Describe(kind="S"):
                    self._describe_statement(request.name)
                case requests.Describe():
                    self._describe_portal(self._find_portal(request.name))
                case requests.Execute():
                    self._run(self._find_portal(request.portal), request.max_rows)
                case requests.Close():
                    (self._prepared if request.kind == "S" else self._portals).pop(request.name, None)
                    self._stream.write(replies.CLOSE_COMPLETE)
                case requests.Unsupported():
                    raise WarehouseError(f"not supported: protocol message {request.kind}", sqlstate="0A000")
        except ENDS:
            raise
        except Exception as error:
            self._block.failed()
            self._runner.tell(error)
            return False
        return True

    def _find(self, name: str) -> _Prepared:
        if name not in self._prepared:
            raise WarehouseError(f'prepared statement "{name}" does not exist', sqlstate="26000")
        return self._prepared[name]

    def _find_portal(self, name: str) -> _Portal:
        if name not in self._portals:
            raise WarehouseError(f'portal "{name}" does not exist', sqlstate="34000")
        return self._portals[name]

    def _parse(self, request: requests.Parse) -> None:
        sqls = statements(request.sql)
        if len(sqls) > 1:
            raise WarehouseError("cannot insert multiple commands into a prepared statement", sqlstate="42601")
        if request.name and request.name in self._prepared:
            raise WarehouseError(f'prepared statement "{request.name}" already exists', sqlstate="42P05")
        sql = sqls[0] if sqls else ""
        self._block.check(sql)
        missing = parameter_count(sql) - len(request.types)
        self._prepared[request.name] = _Prepared(sql, request.types + (0,) * max(0, missing))
        self._stream.write(replies.PARSE_COMPLETE)

    def _describe_statement(self, name: str) -> None:
        """Say what a statement will give before it has values.

        Running it would do its work twice, once now and once on Execute. So a query is asked for none of its rows,
        with a sample in place of each value, and anything else gives no rows. What is announced here holds: the
        rows of Execute are encoded as these columns, also where the values make a type a little different.
        """
        prepared = self._find(name)
        types = [type_ or VARCHAR for type_ in prepared.types]
        self._stream.write(replies.parameter_description(types))
        if first_word(prepared.sql) == "execute":
            del self._prepared[name]  # as for a statement that makes no sense
            raise WarehouseError(
                "not supported locally: EXECUTE in the extended protocol", sqlstate="0A000",
                hint="send it as a simple query, as psql does, or use the driver's own parameters",
            )  # fmt: skip
        if not gives_rows(prepared.sql):
            prepared.columns = None
            self._stream.write(replies.NO_DATA)
            return
        try:
            outcome = self._runner.send(probe(substitute(prepared.sql, [sample(type_) for type_ in prepared.types])))
        except WarehouseError:
            if prepared.columns is None:
                # Redshift reads a statement on Parse, and keeps none that makes no sense: its name is free again.
                del self._prepared[name]
            raise
        prepared.columns = results.fields(outcome)
        self._describe(prepared.columns, (0,) * len(prepared.columns))

    def _bind(self, request: requests.Bind) -> None:
        prepared = self._find(request.statement)
        if len(request.values) != len(prepared.types):
            raise WarehouseError(
                f"bind message supplies {len(request.values)} parameters, "
                f"but the statement requires {len(prepared.types)}", sqlstate="08P01",
            )  # fmt: skip
        formats = results.formats(request.formats, len(request.values))
        literals = [write(*bound) for bound in zip(prepared.types, formats, request.values, strict=True)]
        self._block.check(prepared.sql)
        sql = substitute(prepared.sql, literals) if literals else prepared.sql
        self._portals[request.portal] = _Portal(prepared, sql, request.result_formats)
        self._stream.write(replies.BIND_COMPLETE)

    def _describe_portal(self, portal: _Portal) -> None:
        # A query runs now and its rows wait for Execute; what else there is must not run before it is told to.
        if gives_rows(portal.sql):
            self._start(portal)
        if portal.columns:
            self._describe(portal.columns, results.formats(portal.formats, len(portal.columns)))
        else:
            self._stream.write(replies.NO_DATA)

    def _start(self, portal: _Portal) -> Outcome:
        if portal.outcome is not None:
            return portal.outcome
        outcome = self._runner.execute(portal.sql)
        columns, told = results.fields(outcome), portal.prepared.columns
        if told is not None and len(told) != len(columns):
            raise WarehouseError("cached plan must not change result type", sqlstate="0A000", hint="prepare it anew")
        portal.columns = columns if told is None else told
        portal.rows = iter(outcome.rows)
        portal.outcome = replace(outcome, rows=())
        return portal.outcome

    def _run(self, portal: _Portal, max_rows: int) -> None:
        if not portal.sql:
            self._stream.write(replies.EMPTY_QUERY)
            return
        outcome = self._start(portal)
        formats = results.formats(portal.formats, len(portal.columns))
        self._send_rows(islice(portal.rows, max_rows or None), portal.columns, formats)
        if max_rows and (following := next(portal.rows, None)) is not None:
            portal.rows = _before(following, portal.rows)
            self._stream.write(replies.PORTAL_SUSPENDED)
            return
        self._stream.write(replies.command_complete(results.tag(outcome)))


def _before(first: tuple[Any, ...], rest: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    yield first
    yield from rest
