"""Serves the documentation to this machine while its pipeline is edited: a save loads the page anew."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_KINDS = (".yaml", ".yml", ".sql", ".j2")
_LOOK_SECONDS = 0.3
_BEAT_SECONDS = 15.0
"""How often a silent line is sent, by which a browser that has gone is noticed."""


class Preview(ThreadingHTTPServer):
    """`GET /` answers with the page as it is now, `GET /events` with an event each time that a file was saved."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, page: Callable[[], str], folder: Path, port: int) -> None:
        self.page = page
        self._folder = folder
        self._changed = threading.Condition()
        self._version = 0
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, args=(_times(folder),), daemon=True)
        super().__init__(("127.0.0.1", port), _Handler)
        self._watcher.start()

    def versions(self) -> Iterator[int | None]:
        """Yield the version of the files each time that it changes, and None in between, until the server closes."""
        seen = self._version
        while not self._closing.is_set():
            with self._changed:
                if self._version == seen:
                    self._changed.wait(_BEAT_SECONDS)
                now = self._version
            yield now if now != seen else None
            seen = now

    def server_close(self) -> None:
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        super().server_close()

    def _watch(self, before: Mapping[Path, tuple[int, int]]) -> None:
        while not self._closing.wait(_LOOK_SECONDS):
            now = _times(self._folder)
            if now != before:
                before = now
                with self._changed:
                    self._version += 1
                    self._changed.notify_all()


def _times(folder: Path) -> Mapping[Path, tuple[int, int]]:
    """Return when each file that a pipeline may be made of was written, and its size."""
    found = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        for path in (Path(parent, name) for name in names if name.endswith(_KINDS)):
            with suppress(OSError):  # gone in between, as while an editor saves
                state = path.stat()
                found[path] = (state.st_mtime_ns, state.st_size)
    return found


class _Handler(BaseHTTPRequestHandler):
    server: Preview

    def handle(self) -> None:
        with suppress(ConnectionError):  # the browser has gone
            super().handle()

    def do_GET(self) -> None:
        # A page of another site that has its name point here would send that name.
        if self.headers.get("Host", "").rpartition(":")[0] not in ("127.0.0.1", "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path == "/":
            self._answer(self.server.page().encode())
        elif self.path == "/events":
            self._tell()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _answer(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _tell(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(b": listening\n\n")
        for version in self.server.versions():
            self.wfile.write(b": still here\n\n" if version is None else f"data: {version}\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests: the terminal is for the address."""
