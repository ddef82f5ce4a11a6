"""etlrun docs: one page about a pipeline, as a file or while it is edited."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from ..documentation import pipeline_page, problems_page
from ..environment import fill
from ..errors import EtlrunError, InvalidPipeline, Problem, UsageError
from ..planning import make_plan
from ..read import read_pipeline
from .asked import asked_target, environment_of
from .options import pipeline_argument, target_option, var_option


@click.command()
@pipeline_argument
@click.option(
    "--out", type=click.Path(path_type=Path), default="site", show_default=True, help="The folder to write to."
)
@click.option(
    "--serve", is_flag=True, help="Show the page at this machine's port, anew after each save; write no file."
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Of --serve; 0: a free one."
)
@target_option
@var_option
def command(pipeline: Path, out: Path, serve: bool, port: int, target: str | None, variables: dict[str, str]) -> None:
    """Write a page about PIPELINE: diagrams, tables, lineage, checks, SQL, search. Connects to nothing.

    It is one file that opens from disk and asks nothing of a network.
    """
    if serve:
        _serve(pipeline, port, target, variables)
        return
    page = _page(pipeline, target, variables)
    file = out / "index.html"
    try:
        out.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from error
    click.echo(f"wrote {file}, {file.stat().st_size / 1e6:.1f} MB")


def _page(path: Path, target: str | None, variables: dict[str, str], *, live: bool = False) -> str:
    document = read_pipeline(path, os.environ, variables)
    chosen = asked_target(document, target)
    plan = make_plan(document, fill(chosen, environment_of(document, chosen)))
    return pipeline_page(document, plan, live=live)


def _live_page(path: Path, target: str | None, variables: dict[str, str]) -> str:
    try:
        return _page(path, target, variables, live=True)
    except EtlrunError as error:
        problems = error.problems if isinstance(error, InvalidPipeline) else (Problem(str(error)),)
        return problems_page(path.name, problems, live=True)


def _serve(path: Path, port: int, target: str | None, variables: dict[str, str]) -> None:
    from ..preview import Preview

    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        server = Preview(partial(_live_page, path, target, variables), path.parent, port)
    except OSError as error:
        raise UsageError(f"cannot listen on port {port}: {error.strerror}; --port 0 takes a free one") from error
    with server:
        click.echo(f"http://127.0.0.1:{server.server_address[1]}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return  # this is how it ends
