"""Output of a command: results on stdout, as a table or JSON; messages, prompts and progress on stderr."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Column", "Output", "Row", "Table"]

_GAP: Final = "  "
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Column:
    """A column of a table; text longer than ``width`` is wrapped.

    ``is_whole``: never wrap, so that users can copy the text.
    """

    title: str
    width: int | None = None
    is_whole: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table: a string for each column, with line breaks if needed. ``is_dim``: no longer valid."""

    cells: Sequence[str]
    is_dim: bool = False


@dataclass(frozen=True)
class Table:
    """A table; ``when_empty`` is printed instead of a table without rows."""

    columns: Sequence[Column | str]
    rows: Sequence[Row | Sequence[str]] = field(default_factory=list)
    when_empty: str = ""

    def heads(self) -> list[Column]:
        """Return the columns."""
        return [one if isinstance(one, Column) else Column(one) for one in self.columns]

    def lines(self) -> list[Row]:
        """Return the rows."""
        return [one if isinstance(one, Row) else Row(one) for one in self.rows]


class Output:
    """Writes a command's results and messages.

    Args:
        format: ``table`` or ``json``.

    """

    def __init__(self, format: str = "table") -> None:  # noqa: A002 - name of the option
        self.is_json = format == "json"

    def result(self, value: object, shown: Table | str) -> None:
        """Write a result to stdout.

        Args:
            value: The result as JSON.
            shown: The result as text or table.

        """
        if self.is_json:
            import json

            click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        elif isinstance(shown, str):
            click.echo(shown)
        elif not shown.rows and shown.when_empty:
            self.say(shown.when_empty)
        elif _is_rich(sys.stdout.isatty()):
            _print_rich(shown)
        else:
            click.echo("\n".join(plain_lines(shown)))

    def say(self, text: str) -> None:
        """Write a message to stderr."""
        click.echo(text, err=True)

    def warn(self, text: str) -> None:
        """Write a warning to stderr, in yellow if colours are on."""
        click.secho(f"[Warning] {text}", err=True, fg="yellow")

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """Show progress on stderr, if that is a terminal.

        Yields:
            A function that takes the bytes done so far and the total.

        """
        if not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        with click.progressbar(length=1, label=label, file=sys.stderr, item_show_func=lambda item: item) as bar:

            def report(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos, f"{done / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB")

            yield report


def plain_lines(table: Table) -> list[str]:
    """Return a table as aligned, undecorated lines of text."""
    heads = table.heads()
    titles = [[head.title] for head in heads]
    grid = [titles] + [
        [_wrapped(cell, head.width) for cell, head in zip(row.cells, heads, strict=True)] for row in table.lines()
    ]
    widths = [max(len(line) for row in grid for line in row[place]) for place in range(len(heads))]
    return [
        _GAP.join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip()
        for row in grid
        for texts in zip_longest(*row, fillvalue="")
    ]


def _wrapped(cell: str, width: int | None) -> list[str]:
    if width is None:
        return cell.split("\n")
    import textwrap

    return [line for part in cell.split("\n") for line in textwrap.wrap(part, width) or [""]]


def _is_rich(is_terminal: bool) -> bool:
    return is_terminal and os.environ.get("TERM") != "dumb" and find_spec("rich") is not None


def _print_rich(table: Table) -> None:
    import shutil

    from rich.box import ROUNDED
    from rich.console import Console
    from rich.table import Table as Rich
    from rich.text import Text

    shown = Rich(
        box=ROUNDED, header_style="bold cyan", show_lines=any("\n" in c for r in table.lines() for c in r.cells)
    )
    for head in table.heads():
        shown.add_column(head.title, max_width=head.width, no_wrap=head.is_whole, overflow="fold")
    for row in table.lines():
        shown.add_row(*map(Text, row.cells), style="dim" if row.is_dim else None)
    Console(width=max(shutil.get_terminal_size().columns, 60), highlight=False).print(shown)
