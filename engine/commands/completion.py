"""etlrun completion: what a shell needs to complete the command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion of commands, options and files for a SHELL, to be evaluated where it starts.

    \b
    bash:  echo 'eval "$(etlrun completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(etlrun completion zsh)"' >> ~/.zshrc
    fish:  etlrun completion fish > ~/.config/fish/completions/etlrun.fish
    """
    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(complete(context.find_root().command, {}, "etlrun", "_ETLRUN_COMPLETE").source())
