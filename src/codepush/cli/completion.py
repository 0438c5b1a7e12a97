"""``codepush completion``: print a shell completion script."""

from __future__ import annotations

import click

from codepush.cli.options import Command, argument

__all__ = ["completion"]


@click.command("completion", cls=Command)
@argument("shell", type=click.Choice(["bash", "zsh", "fish"]), help="Shell.")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a shell completion script.

    \b
    bash:  eval "$(codepush completion bash)"      in ~/.bashrc
    zsh:   eval "$(codepush completion zsh)"       in ~/.zshrc
    fish:  codepush completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None  # click supports these shells
    click.echo(complete(ctx.find_root().command, {}, "codepush", "_CODEPUSH_COMPLETE").source())
