"""The documentation while its pipeline is edited, over real sockets."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import chromium, complaints
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from engine.__main__ import main
from engine.preview import Preview

PIPELINES = Path(__file__).resolve().parent.parent / "pipelines"


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    with Preview(lambda: "<p>the page", folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def answer(port: int, path: str, host: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


def test_page_is_served_to_this_machine_under_its_own_name_only(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        assert answer(port, "/") == (200, "<p>the page")
        assert answer(port, "/", f"localhost:{port}")[0] == 200
        assert answer(port, "/", f"elsewhere.example:{port}")[0] == 403
        assert answer(port, "/../p.yaml")[0] == 404
        assert answer(port, "/favicon.ico")[0] == 404


def test_save_of_a_file_is_an_event(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    with serving(tmp_path) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        stream = client.makefile("rb")
        while stream.readline() != b": listening\n":
            pass
        (tmp_path / "sql" / "t.sql").write_text("SELECT 1")
        assert stream.readline() == b"\n"
        assert stream.readline() == b"data: 1\n"
        stream.close()


def test_other_files_are_no_event_and_closing_ends_the_stream(tmp_path: Path) -> None:
    with serving(tmp_path) as port:
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        stream = client.makefile("rb")
        while stream.readline() != b": listening\n":
            pass
        (tmp_path / "notes.txt").write_text("nothing")
    assert b"data" not in stream.read()
    stream.close()
    client.close()


def test_port_that_is_taken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(tmp_path) as port, pytest.raises(SystemExit) as stopped:
        main(["docs", str(PIPELINES / "sparkify.yaml"), "--serve", "--port", str(port)])
    assert stopped.value.code == 2
    assert f"cannot listen on port {port}: Address already in use; --port 0" in capsys.readouterr().err


def test_pipeline_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["docs", str(tmp_path / "none.yaml"), "--serve"])
    assert stopped.value.code == 2
    assert "there is no file" in capsys.readouterr().err


def test_page_follows_what_is_saved_and_shows_mistakes_at_their_line(tmp_path: Path) -> None:
    path = tmp_path / "sparkify.yaml"
    shutil.copy(PIPELINES / "sparkify.yaml", path)
    sound = path.read_text(encoding="utf-8")
    start = "      user_id:    {type: integer, primary_key"
    line = next(number for number, text in enumerate(sound.split("\n"), start=1) if text.startswith(start))
    with chromium(tmp_path / "profile") as browser:
        command = [sys.executable, "-m", "engine", "docs", str(path), "--serve", "--port", "0"]
        with subprocess.Popen(command, cwd=PIPELINES.parent, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            wait = WebDriverWait(browser, 20)
            try:
                browser.get(server.stdout.readline().split()[0] + "#/table/users")
                assert browser.find_element(By.TAG_NAME, "h1").text == "users"
                path.write_text(
                    sound.replace("{type: integer, primary_key", "{type: integr, primary_key"), encoding="utf-8"
                )
                wait.until(lambda page: page.find_elements(By.CLASS_NAME, "problem"))
                said = browser.find_element(By.CLASS_NAME, "problem").text
                assert "'integr'" in said
                assert f"sparkify.yaml:{line}:" in said
                assert f"{line} |       user_id:    {{type: integr" in said
                assert "^^^^^^" in said
                path.write_text(sound.replace("with the latest level", "as of today"), encoding="utf-8")
                wait.until(lambda page: page.find_elements(By.CLASS_NAME, "lead"))
                lead = "return document.querySelector('.lead').textContent"
                wait.until(lambda page: page.execute_script(lead).endswith("as of today."))
                assert browser.find_element(By.TAG_NAME, "h1").text == "users"
                assert complaints(browser) == []
            finally:
                server.terminate()
