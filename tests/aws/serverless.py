"""A stand-in for the part of Redshift Serverless that provisioning calls: moto 5.2 has none.

JSON over HTTP as AWS does it, the answers' shapes from AWS's own description of the service. Every change takes one
look to be seen: CREATING or DELETING first, then AVAILABLE or gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_ACCOUNT = "arn:aws:redshift-serverless:us-west-2:123456789012"


@dataclass
class Serverless:
    """What it holds, and the operations that it was asked for."""

    url: str = ""
    namespaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    workgroups: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def clear(self) -> None:
        for held in (self.namespaces, self.workgroups, self.tags, self.asked):
            held.clear()

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((operation, given))
        if operation == "ListTagsForResource":
            return {"tags": self.tags[given["resourceArn"]]}
        kind = "namespace" if "Namespace" in operation else "workgroup"
        held = self.namespaces if kind == "namespace" else self.workgroups
        name = given[f"{kind}Name"]
        if operation.startswith("Create"):
            held[name] = self._created(kind, name, given)
        elif name not in held:
            raise KeyError(f"{kind} {name} was not found")
        elif operation.startswith("Update"):
            held[name].update(given)
        elif operation.startswith("Delete"):
            held[name]["status"] = "DELETING"
        return {kind: self._looked_at(held, name)}

    def _created(self, kind: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
        arn = f"{_ACCOUNT}:{kind}/{name}"
        self.tags[arn] = given.pop("tags", [])
        made = {key: value for key, value in given.items() if "Password" not in key}
        if kind == "workgroup":
            endpoint = {
                "address": f"{name}.123456789012.us-west-2.redshift-serverless.amazonaws.com",
                "port": given["port"],
            }
            return {**made, f"{kind}Arn": arn, "status": "CREATING", "endpoint": endpoint}
        made["iamRoles"] = [f"IamRole(applyStatus=in-sync, iamRoleArn={role})" for role in given["iamRoles"]]
        if given.get("manageAdminPassword"):
            made["adminPasswordSecretArn"] = "arn:aws:secretsmanager:us-west-2:123456789012:secret:redshift!x"
        return {**made, f"{kind}Arn": arn, "status": "AVAILABLE"}

    def _looked_at(self, held: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
        shown = dict(held[name])
        if shown["status"] == "CREATING":
            held[name]["status"] = "AVAILABLE"
        elif shown["status"] == "DELETING":
            del held[name]
        return shown


@contextmanager
def running() -> Iterator[Serverless]:
    """Run the stand-in on a free port."""
    service = Serverless()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, said = 200, service.answer(self.headers["X-Amz-Target"].rpartition(".")[2], given)
            except KeyError as error:
                status, said = 400, {"__type": "ResourceNotFoundException", "message": str(error)}
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
