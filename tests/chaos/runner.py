"""A process that runs etlrun's command line again and again, until it is killed: one JSON object a line, both ways."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout


def main() -> None:
    from engine import connect, execute, retries  # noqa: F401  what a run needs is imported before it is asked for
    from engine.__main__ import _run

    retries.Retries.wait_seconds = lambda self, attempt: 0.01 * attempt  # type: ignore[method-assign]
    replies = sys.stdout
    print("ready", file=replies, flush=True)
    for line in sys.stdin:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = _run(json.loads(line))
        print(json.dumps({"code": code, "out": out.getvalue(), "said": err.getvalue()}), file=replies, flush=True)


if __name__ == "__main__":
    main()
