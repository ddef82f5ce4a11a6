"""moto over HTTP, with a log of what it was asked and faults on demand."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

_LOGGED_BODY_BYTES = 8_000


@dataclass
class Fault:
    """What the requests that match get instead of an answer, `times` often."""

    pattern: str
    """Looked for in 'METHOD PATH?QUERY BODY'."""
    status: str = "503 Slow Down"
    code: str = "SlowDown"
    times: int = 1
    message: str = "as the test wants it"
    cut: int | None = None
    """So many bytes of the true answer are let through, then the connection breaks."""


@dataclass
class Cloud:
    """Where moto listens, what it was asked, what goes wrong."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def asked(self, pattern: str) -> int:
        """Return how many requests match."""
        return sum(re.search(pattern, request) is not None for request in self.requests)

    def fault_of(self, request: str) -> Fault | None:
        with self.lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, request):
                    fault.times -= 1
                    return fault
        return None


@contextmanager
def running() -> Iterator[Cloud]:
    """Run moto's application in a server of our own, so that requests can be counted and spoilt."""
    cloud = Cloud()
    app = _spoilt(DomainDispatcherApplication(create_backend_app), cloud)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _spoilt(app: Any, cloud: Cloud) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        shown = body[:_LOGGED_BODY_BYTES].decode("utf-8", "replace")
        fault = cloud.fault_of(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query} {shown}")
        if fault is None:
            return app(environ, start_response)  # type: ignore[no-any-return]
        if fault.cut is None:
            start_response(fault.status, [("Content-Type", "text/xml")])
            error = f"<Error><Code>{fault.code}</Code><Message>{fault.message}</Message></Error>"
            if environ["PATH_INFO"] == "/":  # the query protocol has one more level
                error = f"<ErrorResponse>{error}</ErrorResponse>"
            return [error.encode()]
        whole = b"".join(app(environ, start_response))
        return [whole[: fault.cut]]  # its Content-Length was said: what is missing breaks the answer off

    return answer
