"""The command `etlrun`: turns exceptions into words and exit codes. The only place that exits."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback

import click

from .cli import cli
from .errors import EtlrunError

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a documented code; SIGTERM interrupts it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code = cli.main(arguments, prog_name="etlrun", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        print("interrupted; what was not committed is rolled back", file=sys.stderr)
        return INTERRUPTED
    except EtlrunError as error:
        from .problems import error_text

        print("\n".join(error_text(error)), file=sys.stderr)
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # The reader has gone (`etlrun … | head`), which click turns into an exit; Python would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        return _bug()


def _bug() -> int:
    with tempfile.NamedTemporaryFile("w", prefix="etlrun-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exc(file=log)
    error = sys.exc_info()[1]
    print(f"this is a bug in etlrun: {type(error).__name__}", file=sys.stderr)
    print(f"  please report it with {log.name}", file=sys.stderr)
    return EtlrunError.exit_code


if __name__ == "__main__":
    main()
