"""Write the help of the command line into docs/cli.md.

python tools/cli_docs.py           write the parts of the file that are between marks
python tools/cli_docs.py --check   write nothing; exit 1 when the file is not up to date
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.errors import EXITS
from codepush.cli.main import main as command_line
from codepush.cli.options import RemoteCommand, common_options
from codepush.cli.project import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT: Final = Path(__file__).parent.parent
TARGET: Final = ROOT / "docs/cli.md"
PART: Final = re.compile(r"(?<=<!-- generated: )(\w+) -->\n.*?(?=<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description="Write the help of the command line into docs/cli.md.")
    parser.add_argument("--check", action="store_true", help="only check whether the file is up to date")
    only_check = parser.parse_args().check
    before = TARGET.read_text(encoding="utf-8")
    parts = {"commands": commands(), "common": common(), "exits": exits(), "project": project()}
    after = PART.sub(lambda match: f"{match[1]} -->\n\n{parts[match[1]]}\n\n", before)
    if only_check:
        if after != before:
            print(f"{TARGET.relative_to(ROOT)} is not up to date: run 'python tools/cli_docs.py'")
            return 1
        return 0
    TARGET.write_text(after, encoding="utf-8")
    return 0


def exits() -> str:
    """Return the exit codes."""
    return table("Code", ((str(int(code)), meaning) for code, meaning in EXITS.items()))


def project() -> str:
    """Return the keys of a project file."""
    return table("Key", ((f"`{key}`", meaning) for key, meaning in KEYS.items()))


def common() -> str:
    """Return the options of every command that sends requests to a server."""
    context = click.Context(click.Command("codepush"))
    return table("Option", records(common_options(), context))


def commands() -> str:
    """Return all commands."""
    root = click.Context(command_line, info_name="codepush")
    return "\n\n".join(text for context in below(root) for text in described(context))


def below(parent: click.Context) -> Iterator[click.Context]:
    """Yield the contexts of a group's commands, and of theirs, as the help page has them."""
    group = parent.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if command is None or command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=parent)
        yield context
        if isinstance(command, click.Group):
            yield from below(context)


def described(context: click.Context) -> Iterator[str]:
    """Yield the paragraphs about a command or a group."""
    command = context.command
    yield f"{'#' * (depth(context) + 2)} `{context.command_path}`"
    aliases = other_names(context)
    if aliases:
        yield f"Also: {', '.join(f'`{name}`' for name in aliases)}"
    yield prose(command.help or "")
    if isinstance(command, click.Group):
        return
    yield f"```\n{command.get_usage(context).removeprefix('Usage: ')}\n```"
    shared = {option.name for option in common_options()} if isinstance(command, RemoteCommand) else set()
    own = [param for param in command.params if param.name not in shared or param.expose_value]
    if rows := list(records(own, context)):
        yield table("Argument or option", rows)


def other_names(context: click.Context) -> Iterable[str]:
    """Return the aliases of a command; top-level commands have theirs in the table there."""
    parent = context.parent
    assert parent is not None
    if parent.parent is None:
        return command_line_aliases().get(context.info_name or "", ())
    names: Iterable[str] = getattr(context.command, "aliases", ())
    return names


def command_line_aliases() -> Mapping[str, tuple[str, ...]]:
    """Return the aliases of top-level commands."""
    from codepush.cli.main import ENTRIES

    return {name: entry.aliases for name, entry in ENTRIES.items()}


def records(params: Iterable[click.Parameter], context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the syntax of a parameter, and its help."""
    for param in params:
        record = param.get_help_record(context)
        if record is not None:
            yield f"`{record[0]}`", record[1]


def prose(text: str) -> str:
    """Return a docstring's paragraphs for a page; those that are not to be wrapped are shown as they are."""
    paragraphs = [re.sub(r"^ +", "", part, flags=re.MULTILINE) for part in text.strip().split("\n\n")]
    kept = [f"```\n{one[2:]}\n```" if one.startswith("\b\n") else " ".join(one.split()) for one in paragraphs]
    return "\n\n".join(kept)


def depth(context: click.Context) -> int:
    """Return how many groups a command is in."""
    return 0 if context.parent is None else depth(context.parent) + 1


def table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns."""
    lines = [(head, ""), ("---", "---"), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
