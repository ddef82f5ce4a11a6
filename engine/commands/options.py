"""Arguments and options that several commands take."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
Mounts = tuple[tuple[str, Path], ...]


def _mounts(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> Mounts:
    mounts = []
    for text in value:
        url, _, folder = text.partition("=")
        if not re.fullmatch(r"s3://[^/=]+(/[^=]*)?", url) or not folder:
            raise click.BadParameter(f"'{text}' is not s3://bucket=FOLDER", ctx, param)
        if not Path(folder).is_dir():
            raise click.BadParameter(f"there is no folder '{folder}'", ctx, param)
        mounts.append((url.rstrip("/"), Path(folder).resolve()))
    return tuple(mounts)


def _variables(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in value]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise click.BadParameter(f"'{name}' is not NAME=VALUE", ctx, param)
    return {name: text for name, _, text in pairs}


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    from ..window import moment  # only where one is given: it imports much

    try:
        return None if value is None else moment(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


pipeline_argument = click.argument("pipeline", type=click.Path(path_type=Path))
target_option = click.option(
    "--target", metavar="NAME", help="Where to run; the pipeline's own target if left out."
)  # fmt: skip
mount_option = click.option(
    "--mount", "mounts", multiple=True, callback=_mounts, metavar="s3://BUCKET=FOLDER",
    help="A folder that stands for a bucket on local Redshift. Repeatable.",
)  # fmt: skip
var_option = click.option(
    "--var", "variables", multiple=True, callback=_variables, metavar="NAME=VALUE",
    help="The value of one of the pipeline's vars. Repeatable.",
)  # fmt: skip
_select_option = click.option(
    "--select", "patterns", multiple=True, metavar="STEPS",
    help="Only these steps: name, tag:NAME or changed; +… with all they need, …+ with all that needs them. "
    "Commas or repeats.",
)  # fmt: skip
_exclude_option = click.option(
    "--exclude", "excluded", multiple=True, metavar="STEPS", help="Not these steps, written as for --select.",
)  # fmt: skip


def select_options(command: Command) -> Command:
    """Add --select and --exclude."""
    return _select_option(_exclude_option(command))


from_option = click.option(
    "--from", "begin", callback=_moment, metavar="TIME",
    help="Run the pipeline once for each slice of its window from here on: a day, or a time without a zone.",
)  # fmt: skip
to_option = click.option(
    "--to", "end", callback=_moment, metavar="TIME", help="The end of --from: the first moment that is left out."
)  # fmt: skip
json_events_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON event a line.")
format_option = click.option(
    "--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True,
    help="How the rows are written.",
)  # fmt: skip
