"""The command line: knows each command by name, and imports only the one that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import click
from click.shell_completion import CompletionItem

from . import __version__

# Each command's name is that of its module. What is said here is all that --help needs: it imports none of them.
_GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "Run": {
        "run": "Run a pipeline: stage its files, fill its tables, in dependency order.",
        "test": "Ask the checks of what is in the tables now; load nothing.",
        "query": "Answer one SELECT from the target.",
        "sql": "Run a script of any statements on the target.",
        "files": "Say which files of incremental sources are loaded, new, changed, set aside, gone.",
    },
    "Know after": {
        "history": "Show the last runs, or the steps of one.",
        "why": "Say why a step ran, failed or was skipped, and what --resume would do.",
    },
    "Know before": {
        "validate": "Find every mistake, with its place. Connects to nothing.",
        "diff": "Compare declared tables with the warehouse, or with --against the SQL with a commit.",
        "show": "Show one table: its columns, where they come from, its checks, its SQL.",
        "docs": "Write a page about all of it: diagrams, tables, lineage, SQL.",
        "graph": "Draw the steps or the star schema, for READMEs and pull requests.",
        "lineage": "Say where columns come from, up to the raw files, and what is made of them.",
        "plan": "Write a run into a file, to be reviewed and then run as it is.",
        "render": "Write the SQL as files for code review, one for each step.",
        "schema": "Print the JSON Schema of a pipeline, for editors; or of events, or plan files.",
    },
    "Places to run": {
        "serve": "Put local Redshift on a port, for any client.",
        "cluster": "Make the cluster that a target asks for, see how it is, take it away.",
        "doctor": "Check what a run on a cluster needs, and say how to mend it.",
    },
    "For your shell": {
        "completion": "Print the completion of commands, options and files for bash, zsh or fish.",
    },
})  # fmt: skip


class _Commands(click.Group):
    """`etlrun PIPELINE …` is `etlrun run PIPELINE …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            args = ["--help"]
        elif args[0] not in _names() and args[0] not in ("-h", "--help", "--version"):
            _refuse_misspelt(args[0])
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command, or a pipeline, which stands for `run`."""
        return [*super().shell_complete(ctx, incomplete), CompletionItem(incomplete, type="file")]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _names():
            return None
        command: click.Command = import_module(f".commands.{cmd_name}", __package__).command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


def _refuse_misspelt(word: str) -> None:
    """Raise UsageError for a word that is like a command's name and no file's: it would be taken for a pipeline."""
    if word.isidentifier() and not Path(word).exists():
        from .places import did_you_mean

        raise click.UsageError(f"no command or pipeline '{word}': {did_you_mean(word, _names(), 'commands are')}")


def _names() -> Iterator[str]:
    return (name for commands in _GROUPS.values() for name in commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="etlrun", message="%(prog)s %(version)s")
def cli() -> None:
    """Declarative pipelines for Amazon Redshift.

    \b
    etlrun PIPELINE                   run it where it says: on local Redshift, or on a cluster
    etlrun PIPELINE --dry-run         print every statement of the run, send nothing
    etlrun query PIPELINE "SELECT …"  ask the target
    etlrun COMMAND --help             more of one command

    Exit codes: 0 done, 1 a step or a check failed, 2 wrong usage, 3 the pipeline is not valid,
    4 the warehouse could not be reached, 5 another run of the pipeline is under way,
    70 a bug in etlrun, 130 interrupted.
    """
