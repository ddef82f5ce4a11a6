"""What became of statements -> what the user reads, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from ..report import answered_text, ended_text, refused_text
from ..scripted import Answered, Ended, Refused
from ..terminal import write_outcome


def tell(events: Iterable[Answered | Refused | Ended], format_: str) -> int:
    """Write results to stdout, all else to stderr; return the exit code."""
    code = shown = 0
    for event in events:
        if isinstance(event, Answered) and event.outcome.columns:
            if shown and format_ != "json":
                click.echo()
            write_outcome(event.outcome, format_, sys.stdout)
            sys.stdout.flush()
            shown += 1
        if isinstance(event, Answered):
            lines = answered_text(event)
        elif isinstance(event, Refused):
            lines, code = refused_text(event), 1
        else:
            lines, code = ended_text(event), 1 if event.open else code
        for line in lines:
            click.echo(line, err=True)
    return code
