"""A command whose answer depends on files alone gives again what it gave before, while nothing has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import kept

if TYPE_CHECKING:
    from ..model import Pipeline


def answer(path: Path, make: Callable[[], tuple[Pipeline, Iterable[str]]]) -> None:
    """Print the lines that `make` gives for the pipeline at `path`, whose warnings it has told."""
    context = click.get_current_context()
    told = {**context.params, "pipelines": path}
    question = kept.ask(path, repr((context.info_name, sorted(told.items()))))
    known = kept.recall(question, os.environ)
    if known is not None:
        click.echo(known.err, err=True, nl=False)
        click.echo(known.out, nl=False)
        return
    pipeline, lines = make()
    out = "".join(f"{line}\n" for line in lines)
    click.echo(out, nl=False)
    made_of = pipeline.inputs
    kept.keep(question, kept.Answer(out, _advice(pipeline)), made_of.files, made_of.variables, os.environ)


def _advice(pipeline: Pipeline) -> str:
    from ..problems import advice_text  # only where the answer was not known

    return "".join(f"{line}\n" for line in advice_text(pipeline.warnings))
