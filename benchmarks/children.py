"""Commands run as child processes, with their time and their peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a command took: seconds by the clock, seconds of all cores, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class CommandFailed(Exception):
    """A command did not end with exit code 0; the text says which one, and holds its last words."""


def run(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Usage:
    """Run `command` to its end. Errors: CommandFailed.

    Python keeps its bytecode, as it does wherever something is installed: PYTHONDONTWRITEBYTECODE would have every
    run compile what it imports.
    Unit: `ru_maxrss` counts kilobytes on Linux and bytes on macOS.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        child = subprocess.Popen(
            words, stdout=output, stderr=output, env={**_ENVIRONMENT, **(environment or {})}, cwd=folder
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            output.seek(0)
            last_words = output.read().decode(errors="replace")[-2_000:]
            raise CommandFailed(f"{' '.join(words)}\nended with exit code {child.returncode}:\n{last_words}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Usage(seconds, cpu_seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def median(usages: Sequence[Usage]) -> Usage:
    """Return the medians of the seconds and the largest of the peaks."""
    return Usage(
        statistics.median(usage.seconds for usage in usages),
        statistics.median(usage.cpu_seconds for usage in usages),
        max(usage.peak_bytes for usage in usages),
    )
