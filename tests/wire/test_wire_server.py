"""The protocol, message by message, over real sockets."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest
from canned_session import CannedSession
from raw_client import (
    SYNC,
    RawClient,
    bind,
    cells,
    describe,
    error,
    execute,
    fields,
    kinds,
    message,
    parse,
    startup,
    status,
    tags,
    text,
)
from servers import Canned

from engine.errors import UsageError, WarehouseError, WarehouseUnreachable
from engine.wire.faults import Fault, Statement, serializable_violation, serverless
from engine.wire.server import Server, is_loopback
from engine.wire.settings import Settings

Start = Callable[..., Canned]


def _session(canned: Canned) -> CannedSession:
    (session,) = canned.sessions
    return session


def test_startup_tells_what_the_server_is(canned: Start) -> None:
    with RawClient(canned().port) as client:
        greeting = client.start(client_protocol_version="7")
        assert kinds(greeting)[0] == "R"
        assert greeting[0][1] == b"\0\0\0\0"
        told = {pair[0]: pair[1] for kind, body in greeting if kind == "S" for pair in [body.decode().split("\0")]}
        assert told["server_version"] == "8.0.2"
        assert told["server_protocol_version"] == "2"
        assert told["client_encoding"] == "UTF8"
        assert kinds(greeting)[-2:] == "KZ"
        assert status(greeting) == "I"


def test_startup_of_a_plain_client_has_no_redshift_protocol(canned: Start) -> None:
    with RawClient(canned().port) as client:
        assert not [body for kind, body in client.start() if body.startswith(b"server_protocol_version")]


def test_newer_protocol_and_unknown_options_are_negotiated(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.send(startup(version=196610, user="me", **{"_pq_.new": "1"}))
        assert client.until()[0] == ("v", struct.pack("!ii", 0, 1) + text("_pq_.new"))


@pytest.mark.parametrize(("version", "sqlstate"), [(131072, "0A000"), (196608, "28000")])
def test_startup_refused(canned: Start, version: int, sqlstate: str) -> None:
    with RawClient(canned().port) as client:
        client.send(startup(version=version))
        kind, body = client.read()
        assert (kind, fields(body)["S"], fields(body)["C"]) == ("E", "FATAL", sqlstate)
        assert client.ended()


def test_encryption_is_declined_where_there_is_no_certificate(canned: Start) -> None:
    with RawClient(canned().port) as client:
        for code in (80877104, 80877103):
            client.send(struct.pack("!ii", 8, code))
            assert client.exactly(1) == b"N"
        assert status(client.start()) == "I"


def test_simple_query_gives_rows(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        answer = client.query("select two;")
        assert kinds(answer) == "TDDCZ"
        assert cells(answer[1][1]) == [b"1", b"one"]
        assert cells(answer[2][1]) == [b"2", None]
        assert tags(answer) == ["SELECT"]


def test_row_description_has_type_size_and_modifier(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        _, body = client.query("select none")[0]
        plain = struct.pack("!ihihih", 0, 0, 23, 4, -1, 0), struct.pack("!ihihih", 0, 0, 1043, -1, 24, 0)
        assert body == b"\0\2" + text("number") + plain[0] + text("name") + plain[1]


def test_row_description_is_longer_for_redshift_drivers(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start(client_protocol_version="1")
        _, body = client.query("select price")[0]
        head = b"\0\1" + text("price") + struct.pack("!ihihih", 0, 0, 1700, -1, (12 << 16) + 6, 0)
        assert body == head + text("", "", "", "") + struct.pack("!h", 0x1001)


def test_script_answers_each_statement_and_commits_once(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        answer = client.query("insert three; select two; copy t")
        assert tags(answer) == ["INSERT 0 3", "SELECT", "COPY"]
        assert _session(served).sent == ["BEGIN", "insert three", "select two", "copy t", "COMMIT"]


def test_script_stops_at_an_error_and_rolls_back(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        answer = client.query("insert three; select t; select two")
        assert kinds(answer) == "CEZ"
        assert status(answer) == "I"
        assert _session(served).sent == ["BEGIN", "insert three", "select t", "ROLLBACK"]


@pytest.mark.parametrize("sql", ["", ";", " -- nothing\n; /* here */"])
def test_empty_query_is_answered_as_such(canned: Start, sql: str) -> None:
    with RawClient(canned().port) as client:
        client.start()
        assert kinds(client.query(sql)) == "IZ"
        client.send(parse(sql), bind(), execute(), SYNC)
        assert kinds(client.until()) == "12IZ"


def test_error_has_its_fields(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        assert error(client.query("select t")) == {
            "S": "ERROR", "C": "42P01", "M": 'relation "t" does not exist', "D": "the detail", "H": "the hint",
        }  # fmt: skip


def test_load_failure_has_the_fields_of_redshift(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        assert error(client.query("copy bad")) == {
            "S": "ERROR", "C": "XX000",
            "M": "Load into table 't' failed.  Check 'stl_load_errors' system table for details.",
            "F": "../src/pg/src/backend/commands/commands_copy.c", "L": "718", "R": "CheckMaxRowError",
        }  # fmt: skip


def test_load_failure_in_the_words_of_serverless(canned: Start) -> None:
    with RawClient(canned(Settings(wording=serverless)).port) as client:
        client.start()
        told = error(client.query("copy bad"))
        assert told["M"] == "Load into table 't' failed.  Check 'sys_load_error_detail' system table for details."
        assert told["R"] == "CheckMaxRowError"


def test_a_bug_is_told_without_a_traceback_and_the_connection_lives(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        told = error(client.query("select bug"))
        assert told["C"] == "XX000"
        assert told["M"] == "this is a bug in etlrun: please report it"
        assert "Traceback" not in told["D"]
        assert tags(client.query("select two")) == ["SELECT"]


def test_notice_of_a_copy(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        answer = client.query("copy t")
        assert kinds(answer) == "NCZ"
        assert fields(answer[0][1]) == {
            "S": "INFO", "C": "00000", "M": "Load into table 't' completed, 5 record(s) loaded.",
        }  # fmt: skip


def test_transaction_status_and_warnings(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        assert [status(client.query(sql)) for sql in ("begin", "select t", "select two", "commit")] == list("TEEI")
        answer = client.query("commit")
        assert fields(answer[0][1])["S"] == "WARNING"
        assert tags(answer) == ["COMMIT"]


# --- the extended protocol ---------------------------------------------------------------------------------------


def test_extended_query(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(parse("select two"), describe("S"), SYNC)
        assert kinds(client.until()) == "1tTZ"
        client.send(bind(formats=(1, 0)), execute(), SYNC)
        answer = client.until()
        assert kinds(answer) == "2DDCZ"
        assert cells(answer[1][1]) == [b"\0\0\0\1", b"one"]
        assert _session(served).sent == ["select two\nLIMIT 0", "select two"]


def test_describe_runs_nothing_twice(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(parse("insert three"), describe("S"), bind(), describe("P"), execute(), execute(), SYNC)
        assert kinds(client.until()) == "1tn2nCCZ"
        client.send(parse("select two"), bind(), describe("P"), execute(), SYNC)
        assert kinds(client.until()) == "12TDDCZ"
        assert _session(served).sent == ["insert three", "select two"]


def test_parameters_are_written_into_the_statement(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(parse("echo $2 '$1' $1", types=(23,)), describe("S"), bind(b"5", b"it's"), execute(), SYNC)
        answer = client.until()
        assert answer[1] == ("t", struct.pack("!hii", 2, 23, 1043))
        assert cells(answer[4][1]) == [b"echo 'it''s' '$1' 5"]


def test_portal_in_portions(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.send(parse("select 5", "s"), bind(statement="s", portal="p"))
        client.send(execute("p", 2), execute("p", 2), execute("p", 2), execute("p", 2), SYNC)
        assert kinds(client.until()) == "12DDsDDsDCCZ"
        client.send(execute("p"), SYNC)
        assert error(client.until())["C"] == "34000", "outside a transaction a portal ends with its Sync"


def test_portal_lives_as_long_as_its_transaction(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.query("begin")
        client.send(parse("select 5"), bind(portal="p"), execute("p", 4), SYNC)
        assert kinds(client.until()) == "12DDDDsZ"
        client.send(execute("p"), SYNC)
        assert kinds(client.until()) == "DCZ"
        client.send(message("C", b"Pp\0"), execute("p"), SYNC)
        assert kinds(client.until()) == "3EZ"


def test_after_an_error_the_series_is_skipped(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(parse("select t"), describe("S"), bind(), execute(), parse("insert three"), bind(), execute(), SYNC)
        answer = client.until()
        assert kinds(answer) == "1tEZ"
        client.send(parse("select two"), bind(), execute(), SYNC)
        assert kinds(client.until()) == "12DDCZ"
        assert "insert three" not in _session(served).sent


def test_a_statement_that_makes_no_sense_leaves_its_name_free(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.send(parse("select t", "s"), describe("S", "s"), SYNC)
        assert kinds(client.until()) == "1tEZ"
        client.send(parse("select two", "s"), describe("S", "s"), SYNC)
        assert kinds(client.until()) == "1tTZ"
        client.send(parse("select two", "s"), SYNC)
        assert error(client.until())["C"] == "42P05"


@pytest.mark.parametrize(
    ("messages", "sqlstate"),
    [
        ([parse("select two; select two")], "42601"), ([bind(statement="none")], "26000"), ([execute("none")], "34000"),
        ([describe("S", "none")], "26000"), ([parse("select two"), bind(b"1")], "08P01"),
        ([parse("echo $1", types=(23,)), bind(b"x")], "22P02"), ([message("F", b"")], "0A000"),
        ([parse("select two"), bind(formats=(1, 1, 1)), execute()], "08P01"),
    ],
)  # fmt: skip
def test_extended_messages_that_are_wrong(canned: Start, messages: list[bytes], sqlstate: str) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.send(*messages, SYNC)
        assert error(client.until())["C"] == sqlstate


def test_failed_block_refuses_to_prepare_and_to_bind(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.send(parse("select two", "s"), SYNC)
        client.until()
        client.query("begin")
        client.query("select t")
        for series in (parse("select two"), bind(statement="s")):
            client.send(series, SYNC)
            answer = client.until()
            assert error(answer)["C"] == "25P02"
            assert status(answer) == "E"
        client.send(parse("rollback"), bind(), execute(), SYNC)
        assert status(client.until()) == "I"


def test_deallocate_forgets_statements(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.send(parse("select two", "a"), parse("select two", "b"), parse("select two", "c"), SYNC)
        client.until()
        assert tags(client.query('deallocate "a"')) == ["DEALLOCATE"]
        client.send(bind(statement="a"), SYNC)
        assert error(client.until())["C"] == "26000"
        assert tags(client.query("deallocate all")) == ["DEALLOCATE"]
        client.send(bind(statement="b"), SYNC)
        assert error(client.until())["C"] == "26000"


def test_flush_sends_what_waits(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        client.send(parse("select two"), message("H"))
        assert client.read() == ("1", b"")


# --- cancelling, leaving, being cut off --------------------------------------------------------------------------


def _key(greeting: list[tuple[str, bytes]]) -> bytes:
    return next(body for kind, body in greeting if kind == "K")


def _cancel(port: int, key: bytes) -> None:
    with RawClient(port) as other:
        other.send(struct.pack("!ii", 16, 80877102) + key)
        assert other.ended()


def test_cancel_stops_the_statement_that_runs(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        key = _key(client.start())
        client.send(message("Q", text("wait")))
        _poll(lambda: served.sessions[0].waiting.is_set())
        _cancel(served.port, key)
        told = error(client.until())
        assert (told["C"], told["M"]) == ("57014", "Query canceled on user's request")
        assert tags(client.query("select two")) == ["SELECT"]


def test_cancel_with_a_wrong_key_or_without_a_statement_does_nothing(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        key = _key(client.start())
        _cancel(served.port, key)
        _cancel(served.port, key[:4] + b"\0\0\0\0")
        assert tags(client.query("select two")) == ["SELECT"]


def test_goodbye_closes_the_session(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(message("X"))
        assert client.ended()
        assert _session(served).closed.wait(5)


def test_a_client_that_leaves_in_mid_statement_leaves_nothing_behind(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(message("Q", text("select 200000")))
        client.read()
    assert _session(served).closed.wait(10)
    with RawClient(served.port) as client:
        client.start()
        assert tags(client.query("select two")) == ["SELECT"]


def test_close_ends_idle_and_busy_clients_with_a_word(canned: Start) -> None:
    served = canned()
    with RawClient(served.port) as idle, RawClient(served.port) as busy, RawClient(served.port) as silent:
        idle.start()
        busy.start()
        busy.send(message("Q", text("wait")))
        _poll(lambda: any(session.waiting.is_set() for session in served.sessions))
        began = time.monotonic()
        served.server.close()
        assert time.monotonic() - began < 4
        assert fields(idle.read()[1])["C"] == "57P01"
        assert [fields(body)["C"] for kind, body in (*busy.until(), busy.read()) if kind == "E"] == ["57014", "57P01"]
        assert silent.exactly(1) in (b"", b"E")
    assert all(session.closed.is_set() for session in served.sessions)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", served.port), timeout=2)


def test_close_does_not_wait_for_a_client_that_takes_nothing(canned: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.wire.server._FAREWELL_SECONDS", 0.3)
    served = canned()
    with RawClient(served.port) as client:
        client.start()
        client.send(message("Q", text("select 1000000")))
        client.read()
        served.server.close()
    assert _session(served).closed.is_set()


def test_session_that_cannot_be_opened_is_told() -> None:
    def open_session() -> CannedSession:
        raise WarehouseUnreachable("the file is in use")

    with Server(open_session) as server, RawClient(server.port) as client:
        client.send(startup(user="me"))
        told = error(client.until("E"))
        assert (told["S"], told["M"]) == ("FATAL", "the file is in use")
        assert client.ended()


def test_session_that_loses_its_warehouse_ends_the_connection() -> None:
    class Losing(CannedSession):
        def execute(self, sql: str) -> object:  # type: ignore[override]
            raise WarehouseUnreachable("the disk is gone")

    with Server(Losing) as server, RawClient(server.port) as client:
        client.start()
        client.send(message("Q", text("select 1")))
        assert error(client.until("E"))["S"] == "FATAL"
        assert client.ended()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n", struct.pack("!i", 2**31 - 1), struct.pack("!i", 4), b"\0\0\0\x0a\0\3\0\0ab",
        struct.pack("!ii", 9, 80877103) + b"x",
    ],
)  # fmt: skip
def test_first_bytes_that_are_no_startup_end_the_connection(canned: Start, data: bytes) -> None:
    with RawClient(canned().port) as client:
        client.send(data)
        kind, body = client.read()
        assert (kind, fields(body)["C"]) == ("E", "08P01")
        assert client.ended()


@pytest.mark.parametrize(
    "data",
    [
        b"Q\x7f\xff\xff\xff", b"Q\0\0\0\3", b"\0\0\0\0\4", message("Q", b"no end"), message("B", b"\0\0\0\0\xff\xff"),
    ],
)  # fmt: skip
def test_malformed_messages_end_the_connection_only(canned: Start, data: bytes) -> None:
    served = canned()
    with RawClient(served.port) as client, RawClient(served.port) as other:
        other.start()
        client.start()
        client.send(data)
        assert error(client.until("E"))["C"] == "08P01"
        assert client.ended()
        assert tags(other.query("select two")) == ["SELECT"]


def test_long_claims_are_refused_before_sign_in(canned: Start) -> None:
    from engine.wire.sign_in import Account

    with RawClient(canned(Settings(Account("me", "secret"))).port) as client:
        client.send(startup(user="me"))
        client.read()
        client.send(b"p\x01\0\0\0")
        assert error(client.until("E"))["C"] == "08P01"


def test_a_client_that_never_signs_in_is_let_go(canned: Start) -> None:
    with RawClient(canned(Settings(sign_in_seconds=0.2)).port) as client:
        assert client.ended()


def test_too_many_clients_are_refused(canned: Start) -> None:
    served = canned(Settings(max_clients=1))
    with RawClient(served.port) as first, RawClient(served.port) as second:
        first.start()
        second.send(startup(user="me"))
        assert error(second.until("E"))["C"] == "53300"
        assert tags(first.query("select two")) == ["SELECT"]


def test_twenty_clients_at_once(canned: Start) -> None:
    served = canned()
    answers: list[list[str]] = []

    def work() -> None:
        with RawClient(served.port) as client:
            client.start()
            answers.append([tag for _ in range(20) for tag in tags(client.query("begin; insert three; commit"))])

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [["BEGIN", "INSERT 0 3", "COMMIT"] * 20] * 20
    assert len(served.sessions) == 20


def test_big_results_are_sent_whole(canned: Start) -> None:
    with RawClient(canned().port) as client:
        client.start()
        answer = client.query("select 30000")
        rows = [body for kind, body in answer if kind == "D"]
        assert len(rows) == 30000
        assert cells(rows[-1]) == [b"29999", b"row 29999"]


# --- faults and the log ------------------------------------------------------------------------------------------


def test_log_hears_of_every_statement(canned: Start) -> None:
    log: list[Statement] = []
    with RawClient(canned(Settings(log=log.append)).port) as client:
        client.start(application_name="test")
        client.query("begin; insert three")
        client.query("select t")
        client.query("rollback")
        client.query("select bug")
        client.send(parse("select two"), describe("S"), bind(), execute(), SYNC)
        client.until()
    assert [(one.number, one.sql, one.sqlstate) for one in log] == [
        (1, "begin", ""), (2, "insert three", ""), (3, "select t", "42P01"), (4, "rollback", ""),
        (5, "select bug", "XX000"), (6, "select two", ""),
    ]  # fmt: skip
    assert log[0].parameters["application_name"] == "test"


@pytest.mark.parametrize(("fault", "ran"), [(Fault(kill_before=True), 1), (Fault(kill_after=True), 2)])
def test_connection_cut_before_and_after_a_statement(canned: Start, fault: Fault, ran: int) -> None:
    served = canned(Settings(faults=lambda number, sql: fault if number == 2 else Fault()))
    with RawClient(served.port) as client:
        client.start()
        client.query("begin")
        client.send(message("Q", text("insert three")))
        assert client.ended()
    assert _session(served).closed.wait(5)
    assert len(_session(served).sent) == ran


def test_serializable_violation_fails_the_block(canned: Start) -> None:
    def faults(number: int, sql: str) -> Fault:
        return Fault(error=serializable_violation()) if sql == "insert three" else Fault()

    served = canned(Settings(faults=faults))
    with RawClient(served.port) as client:
        client.start()
        client.query("begin")
        answer = client.query("insert three")
        assert error(answer) == {
            "S": "ERROR", "C": "XX000", "M": "1023", "R": "pg_throw",
            "D": "Serializable isolation violation on table - 119371, "
            "transactions forming the cycle are: 1745830, 1745762 (pid:15021)",
        }  # fmt: skip
        assert status(answer) == "E"
        assert tags(client.query("commit")) == ["ROLLBACK"]
        assert _session(served).sent == ["begin", "ROLLBACK"]


def test_a_commit_that_is_refused_rolls_back(canned: Start) -> None:
    served = canned(
        Settings(faults=lambda number, sql: Fault(error=WarehouseError("1023") if sql == "commit" else None))
    )
    with RawClient(served.port) as client:
        client.start()
        client.query("begin")
        assert status(client.query("commit")) == "I"
        assert _session(served).sent == ["begin", "ROLLBACK"]


def test_delay(canned: Start) -> None:
    with RawClient(canned(Settings(faults=lambda number, sql: Fault(delay_seconds=0.1))).port) as client:
        client.start()
        began = time.monotonic()
        client.query("select two")
        assert time.monotonic() - began >= 0.1


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("::", False)])
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_server_listens_on_ipv6() -> None:
    try:
        server = Server(CannedSession, host="::1")
    except UsageError:
        pytest.skip("needs IPv6, which this machine has not")
    with server, RawClient(server.port, "::1") as client:
        client.start()
        assert tags(client.query("select two")) == ["SELECT"]


def test_port_that_is_taken_is_told(canned: Start) -> None:
    taken = canned().port
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{taken}"):
        Server(CannedSession, port=taken)


def _poll(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)
