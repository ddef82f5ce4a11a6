"""Local Redshift: a database on DuckDB, and sessions that run Redshift SQL in it."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from ...errors import DatabaseInUse, WarehouseError, WarehouseUnreachable
from ...records import frozen
from ...storage import Storage
from ...warehouse import Outcome
from . import statements
from .catalog import SYSTEM_SCHEMAS, TEMPORARY, Relation, no_such_relation, read_relation, relation_names
from .cursors import Cursor
from .load import OFFLINE
from .locks import TableLocks
from .macros import make_macros
from .messages import as_warehouse_error
from .prepared import Prepared
from .settings import restore_settings
from .values import Typed

if TYPE_CHECKING:
    from .rows import Translated
    from .user_functions import Made

T = TypeVar("T")

LAYOUT = "1"
"""Changes with catalog.sql."""

_SETTINGS = (
    "SET integer_division = true; SET ieee_floating_point_ops = false; SET TimeZone = 'UTC'; "
    "SET default_null_order = 'nulls_last'; USE dev; "
    # The catalog of temporary tables: made before any transaction that could take it back with it.
    "CREATE TEMP TABLE local_relation (schema VARCHAR, name VARCHAR, kind VARCHAR, record VARCHAR)"
)
_NO_LOOK = ("begin", "start", "set", "reset", "show", "lock", "prepare", "deallocate", "fetch", "close")
_LOOKS_FIRST = ("", "select", "with", "insert", "update", "delete", "merge", "execute", "declare")
"""Statements that have done nothing yet when they look up their tables."""
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\(|;)*([A-Za-z]+)", re.DOTALL)


@frozen
class Ran:
    """A statement that was run: a row of STL_QUERY."""

    number: int
    session: int
    text: str
    started: float
    ended: float
    error: str = ""


@dataclass(slots=True)
class LocalDatabase:
    """One database file, or one in memory; any number of sessions use it at once."""

    connection: duckdb.DuckDBPyConnection
    storage: Storage
    exact_blanks: bool
    version: int = 0
    """Counts the committed changes of the catalog."""
    history: deque[Ran] = field(default_factory=lambda: deque(maxlen=1000))
    lock: threading.Lock = field(default_factory=threading.Lock)
    locks: TableLocks = field(default_factory=TableLocks)
    """The locks on tables; `lock` guards what stands here."""
    sessions: int = 0
    live: dict[int, float] = field(default_factory=dict)
    """The sessions that are open, and since when."""
    queries: int = 0

    def session(self) -> LocalSession:
        """Open a session. Its temporary tables and its SETs are its own."""
        try:
            connection = self.connection.cursor()
            connection.execute(_SETTINGS)
        except duckdb.Error as error:
            raise as_warehouse_error(error) from error
        with self.lock:
            self.sessions += 1
            self.live[self.sessions] = time.time()
            return LocalSession(self, connection, self.sessions)

    def next_query(self) -> int:
        with self.lock:
            self.queries += 1
            return self.queries

    def close(self) -> None:
        self.connection.close()


def open_database(path: Path | None, storage: Storage, *, exact_blanks: bool = True) -> LocalDatabase:
    """Open the database in the file `path`, or one in memory.

    With `exact_blanks`, blanks at the end of a VARCHAR do not count in =, joins, GROUP BY and DISTINCT, as on
    Redshift; without, they count except against constants, and text keys are as fast as in DuckDB.
    Errors: WarehouseUnreachable where the file is locked, damaged, or no database.
    """
    if path is not None:
        _make_folder(path)
    try:
        connection = duckdb.connect(config=OFFLINE)
        # A name of our own, or a file called public.duckdb could not be told from the schema public.
        file = str(path).replace("'", "''") if path is not None else ":memory:"
        # Redshift keeps rows in no order that a query may count on; a table in memory takes less without one.
        connection.execute(f"SET preserve_insertion_order = false; ATTACH '{file}' AS dev (TYPE duckdb); USE dev")
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise DatabaseInUse(_in_use(path, str(error))) from error
        raise WarehouseUnreachable(_why_not(path, str(error))) from error
    try:
        _install(connection)
    except duckdb.Error as error:
        connection.close()
        raise WarehouseUnreachable(f"{path} is no database of local Redshift: {str(error).splitlines()[0]}") from error
    return LocalDatabase(connection, storage, exact_blanks, queries=_last_query(connection))


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseUnreachable(f"cannot make the folder {path.parent}: {error.strerror}") from error


def _in_use(path: Path | None, text: str) -> str:
    holder = re.search(r"PID (\d+)", text)
    by = f" (process {holder[1]})" if holder else ""
    return (
        f"{path} is in use by another process{by}: a local database is open in one process at a time\n"
        "  wait until that has ended (a run does with --wait SECONDS), or end it"
    )


def _why_not(path: Path | None, text: str) -> str:
    if "not a valid DuckDB database file" in text:
        return f"{path} is not a database: name another file, or remove this one"
    return f"{path} cannot be opened as a database: {text.splitlines()[0].split(' Error: ', 1)[-1]}"


def _install(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the catalog into a new file."""
    try:
        made = connection.execute("SELECT layout FROM local_catalog.layout").fetchone()
    except duckdb.CatalogException:
        made = None
    if made is None:
        text = (Path(__file__).parent / "catalog.sql").read_text(encoding="utf-8")
        connection.execute(f"BEGIN; {text} INSERT INTO local_catalog.layout VALUES ('{LAYOUT}'); COMMIT")
    elif made[0] != LAYOUT:
        raise WarehouseUnreachable("the database was made by another version of etlrun: remove its file")


def _last_query(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute("SELECT max(query) FROM local_catalog.load").fetchone()
    return int(found[0] or 0) if found else 0


class LocalSession:
    """One session of local Redshift: meets engine.warehouse.Session."""

    def __init__(self, database: LocalDatabase, connection: duckdb.DuckDBPyConnection, number: int) -> None:
        self.database = database
        self.connection = connection
        self.number = number
        self.storage = database.storage
        self.settings: dict[str, str] = {}
        self.search_path: tuple[str, ...] = ("$user", "public")
        self.at_begin: tuple[dict[str, str], tuple[str, ...]] | None = None
        """The settings and the search_path that a rollback brings back."""
        self.before_local: tuple[dict[str, str], tuple[str, ...]] | None = None
        """What a commit brings back where SET LOCAL was said."""
        self.in_block = False
        self.failed = False
        self.last_copy_count = 0
        self.last_copy_id = -1
        self.last_unload_count = 0
        self.query = 0
        self.touched: set[str] = set()
        """The tables that the statement under way has looked at."""
        self.has_snapshot = False
        """Whether the open transaction has looked at a table, and so sees all as it stood then."""
        self.began_at = 0
        """How many locks had been given back when the open transaction began."""
        self.made_temporary = False
        self.changed_catalog = False
        self.cursor: Cursor | None = None
        self.prepared: dict[str, Prepared] = {}
        self.parameters: tuple[Typed, ...] = ()
        """The values of $1, $2, … while a prepared statement runs."""
        self.journal: list[tuple[str, list[Any]]] = []
        """Rows about loads that are written again if the transaction in which they were is rolled back."""
        self._macros: set[str] = set()
        self._new_macros: set[str] = set()
        self._relations: dict[tuple[str, str], Relation | None] = {}
        self._seen_version = -1
        self._began_version = -1
        """That of the catalog before the open transaction began."""
        self.translations: dict[tuple[str, tuple[str, ...]], Translated] = {}
        """Statements, with the search path, that were translated: until a relation of one of their names changes."""
        self.functions: Made | None = None
        """The functions that users have made; None before they are asked for."""

    # --- the protocol --------------------------------------------------------------------------------------------

    def execute(self, sql: str) -> Outcome:
        """Run one statement of Redshift SQL. Errors: WarehouseError, LoadFailed, WarehouseUnreachable."""
        self.query = self.database.next_query()
        started, problem = time.time(), ""
        try:
            return self._run(sql)
        except (WarehouseError, WarehouseUnreachable) as error:
            problem = str(error)
            raise
        finally:
            self.database.history.append(Ran(self.query, self.number, sql, started, time.time(), problem))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin; commit at the end, roll back on raise. Errors: WarehouseError if the commit became a rollback."""
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(WarehouseError, WarehouseUnreachable):
                self.execute("ROLLBACK")
            raise
        if self.execute("COMMIT").command == "ROLLBACK":
            raise WarehouseError(
                "the transaction was rolled back: a statement in it had failed",
                sqlstate="25P02",
                hint="nothing of the transaction has been written",
            )

    def interrupt(self) -> None:
        """Stop the statement that is running; called from another thread or from a signal handler."""
        self.connection.interrupt()
        self.database.locks.interrupt(self.number)

    def close(self) -> None:
        """End the session; what is not committed is rolled back."""
        with suppress(duckdb.Error, WarehouseError, WarehouseUnreachable):
            if self.in_block:
                self.rollback()
        self.database.locks.release(self.number)
        self.database.live.pop(self.number, None)
        self.connection.close()

    # --- statements ----------------------------------------------------------------------------------------------

    def _run(self, sql: str) -> Outcome:
        match = _FIRST_WORD.match(sql)
        word = match[1].lower() if match else ""
        if self.failed and word not in ("rollback", "abort", "commit", "end"):
            raise WarehouseError(
                "current transaction is aborted, commands ignored until end of transaction block",
                sqlstate="25P02",
                hint="send ROLLBACK",
            )
        self.touched.clear()
        self.has_snapshot = self.has_snapshot or word not in (*_NO_LOOK, *_LOOKS_FIRST)
        try:
            outcome = statements.run(self, word, sql)
            self.has_snapshot = self.has_snapshot or word not in _NO_LOOK
            return outcome
        except duckdb.Error as error:
            self._fail()
            raise as_warehouse_error(error) from error
        except BaseException as error:
            self._fail()
            if isinstance(error, RuntimeError) and "interrupt" in str(error).lower():
                # DuckDB swallows the KeyboardInterrupt of a Ctrl-C while it works, and raises this instead.
                raise KeyboardInterrupt from error
            if isinstance(error, RecursionError):
                raise WarehouseError("the statement is nested too deeply", sqlstate="54001") from error
            raise

    def query_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one DuckDB statement that may use macros, and return its rows."""
        self.prepare_macros(sql)
        return self.interruptible(lambda: self.connection.execute(sql).fetchall())

    def interruptible(self, work: Callable[[], T]) -> T:
        """Do `work`, which runs in DuckDB, so that Ctrl-C, a signal's handler and statement_timeout stop it.

        DuckDB itself looks at signals only between its tasks, which may take minutes: in the main thread the work is
        left to another one, and the main thread waits where signals reach it.
        """
        with self._time_limit():
            if threading.current_thread() is not threading.main_thread():
                return work()
            return self._in_another_thread(work)

    def _in_another_thread(self, work: Callable[[], T]) -> T:
        done: list[T] = []
        failed: list[BaseException] = []
        # Waiting for the event, not for the thread: a join that a signal has left does not wait again.
        ended, given_up = threading.Event(), threading.Event()

        def run() -> None:
            try:
                if not given_up.is_set():
                    done.append(work())
            except BaseException as error:
                failed.append(error)
            finally:
                ended.set()

        worker = threading.Thread(target=run, daemon=True)
        try:
            worker.start()
            ended.wait()
        except BaseException:
            # The signal may come before the work has begun: DuckDB then forgets that it was to be interrupted.
            given_up.set()
            while worker.is_alive() and not ended.wait(0.05):
                self.interrupt()
            raise
        if failed:
            raise failed[0]
        return done[0]

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        """Stop what runs longer than statement_timeout, which is in milliseconds; 0 is no limit."""
        limit = self.settings.get("statement_timeout", "0")
        if limit == "0" or not limit.isdigit():
            yield
            return
        timer = threading.Timer(int(limit) / 1000, self.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def prepare_macros(self, sql: str) -> None:
        made = make_macros(self.connection, sql, self._macros)
        if made:
            self._macros |= made
            self._new_macros |= made if self.in_block else set()

    def _fail(self) -> None:
        if self.in_block:
            self.failed = True
        else:
            with suppress(duckdb.Error):
                self.connection.execute("ROLLBACK")
            self.forget()

    def begin(self) -> None:
        self._begin()
        self.in_block, self.failed = True, False
        self.at_begin = dict(self.settings), self.search_path

    def _begin(self) -> None:
        self.began_at = self.database.locks.count
        self._began_version = self.database.version
        self.has_snapshot = False
        self.connection.execute("BEGIN TRANSACTION")

    def touch(self, table: str, *, own: bool = False) -> None:
        """Lock a table for the rest of the transaction: shared, or as the only one.

        A transaction's first statement sees what was committed before it got its locks; a later one cannot.
        Errors: WarehouseError, 1023 where the table was another's own since the transaction began to look.
        """
        locks = self.database.locks
        if table in self.touched and not own:
            return
        self.touched.add(table)
        if own:
            self.interruptible(lambda: locks.own(self.number, table))
        elif locks.owners:
            self.interruptible(lambda: locks.share(self.number, table, keep=self.in_block))
        else:
            locks.share(self.number, table, keep=self.in_block)
        if not self.in_block or (not own and locks.released.get(table, 0) <= self.began_at):
            return
        if self.has_snapshot and not own:
            detail = f"Serializable isolation violation on table - {table}"
            raise WarehouseError("1023", detail=detail, hint="run the whole transaction again")
        if not self.has_snapshot:
            self.connection.execute("ROLLBACK")
            self._begin()

    def commit(self) -> bool:
        """Commit; False where the transaction had failed and was rolled back instead."""
        if self.failed:
            self.rollback()
            return False
        try:
            self.connection.execute("COMMIT")
        except duckdb.Error:
            self._ended(False)
            raise
        self._ended(True)
        return True

    def rollback(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
        finally:
            self._ended(False)

    def _ended(self, committed: bool) -> None:
        self.in_block = self.failed = False
        self.cursor = None
        restore_settings(self, committed)
        self.database.locks.release(self.number)
        self._catalog_ended(committed)
        journal, self.journal = self.journal, []
        new, self._new_macros = self._new_macros, set()
        if not committed:
            self._macros -= new
            for sql, values in journal:
                self.connection.execute(sql, values)

    def _catalog_ended(self, committed: bool) -> None:
        """Keep what was read of the catalog if that is what stands there now."""
        changed, self.changed_catalog = self.changed_catalog, False
        with self.database.lock:
            is_current = self._seen_version == self._began_version == self.database.version
            is_known = is_current and (committed or not changed)
            self.database.version += changed and committed
            if is_known:
                self._seen_version = self.database.version
        if not is_known:
            self.forget()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Run several DuckDB statements as one: in the transaction that is open, or in one of their own."""
        if self.in_block:
            yield
            return
        self._began_version = self.database.version
        self.connection.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):
                self.connection.execute("ROLLBACK")
            self._macros.clear()
            self._catalog_ended(False)
            raise
        self.connection.execute("COMMIT")
        self._catalog_ended(True)

    def record(self, sql: str, values: list[Any]) -> None:
        """Write a row about a load so that it outlives a rollback."""
        if self.failed:
            self.journal.append((sql, values))
            return
        self.connection.execute(sql, values)
        if self.in_block:
            self.journal.append((sql, values))

    def record_failure(self, rows: list[tuple[str, list[Any]]]) -> None:
        """Write rows about a load that failed, as soon as the transaction that it broke has ended."""
        if self.in_block:
            self.journal.extend(rows)
            return
        with suppress(duckdb.Error):
            self.connection.execute("ROLLBACK")
        for sql, values in rows:
            self.connection.execute(sql, values)

    # --- the catalog ---------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Forget what was read of the catalog."""
        self._relations.clear()
        self.translations.clear()
        self.functions = None

    def catalog_changes(self, *changed: Relation) -> None:
        """Say that this transaction changes the catalog: these relations, or else more than relations.

        What looked for one of that name may mean another now, in whichever schema it lies.
        """
        self.changed_catalog = True
        if not changed:
            self.forget()
        for name in {relation.name for relation in changed}:
            for place in [place for place in self._relations if place[1] == name]:
                del self._relations[place]
            for text in [text for text, known in self.translations.items() if known.reads(name)]:
                del self.translations[text]

    def refresh(self) -> None:
        if self._seen_version != self.database.version:
            self._seen_version = self.database.version
            self.forget()

    def schemas(self) -> list[str]:
        """Return the search path as it stands: temporary tables first."""
        return [TEMPORARY, *(schema for schema in self.search_path if schema != "$user")]

    def lookup(self, schema: str | None, name: str) -> Relation | None:
        for candidate in [schema] if schema is not None else self.schemas():
            found = self._relation(candidate, name)
            if found is not None:
                return found
        return None

    def _relation(self, schema: str, name: str) -> Relation | None:
        if schema == TEMPORARY and not self.made_temporary:
            return None
        place = (schema, name)
        if place not in self._relations:
            self._relations[place] = read_relation(self.connection, schema, name)
        return self._relations[place]

    def find(self, schema: str | None, name: str) -> Relation:
        """Return the relation that a name means. Errors: WarehouseError 42P01, 3F000."""
        found = self.lookup(schema, name)
        if found is not None:
            self.touch(found.key)
            return found
        if schema is not None and not self.has_schema(schema):
            raise WarehouseError(f'schema "{schema}" does not exist', sqlstate="3F000")
        shown = f"{schema}.{name}" if schema is not None else name
        error = no_such_relation(name, relation_names(self.connection, schema))
        error.args = (f'relation "{shown}" does not exist',)
        error.message = error.args[0]
        raise error

    def has_schema(self, schema: str) -> bool:
        if schema in (*SYSTEM_SCHEMAS, TEMPORARY):
            return True
        found = self.connection.execute("SELECT 1 FROM local_catalog.schema_ WHERE name = ?", [schema]).fetchone()
        return found is not None

    def creation_schema(self, schema: str | None, temporary: bool) -> str:
        """Return where a new relation goes. Errors: WarehouseError 3F000, 42501."""
        if temporary:
            return TEMPORARY
        chosen = schema
        if chosen is None:
            chosen = next((s for s in self.search_path if s != "$user" and self.has_schema(s)), None)
            if chosen is None:
                raise WarehouseError("no schema has been selected to create in", sqlstate="3F000")
        if chosen in SYSTEM_SCHEMAS or chosen == "local_catalog":
            raise WarehouseError(f"permission denied for schema {chosen}", sqlstate="42501")
        if not self.has_schema(chosen):
            raise WarehouseError(f'schema "{chosen}" does not exist', sqlstate="3F000", hint=f"CREATE SCHEMA {chosen}")
        return chosen

    def remember(self, relation: Relation) -> None:
        self._relations[relation.schema, relation.name] = relation
