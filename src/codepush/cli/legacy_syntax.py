"""The syntax of options and arguments in older tools, translated before click reads them.

- an option may be written in camelCase (``--deploymentName``) or with hyphens (``--deployment-name``);
- an alias of any length may have one hyphen or two (``-des``, ``--des``, ``-d``, ``--d``), and its value behind ``=``;
- a flag may be followed by ``true`` or ``false`` (``-m false``);
- some arguments may be given as an option instead (``--app``), and some are optional from the left, because the
  project file provides them.

An empty option or argument is wrong usage: in ``-t "$VERSION"`` an unset variable must not widen the meaning. Types of
values that may be empty have ``may_be_empty``.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["LEFT_OUT", "AliasOption", "Argument", "put_right", "refuse_empty"]

LEFT_OUT: Final = "\0"
"""Placeholder of an omitted argument; no operating system can pass it."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")
_TRUTHS: Final = {"true": True, "false": False}


class Argument(click.Argument):
    """An argument that may be optional although others follow.

    Args:
        declarations: Declarations of click.
        may_be_left_out: Whether the argument is optional.
        settings: Settings of click.

    """

    def __init__(self, declarations: Sequence[str], *, may_be_left_out: bool = False, **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(declarations, **({"required": not may_be_left_out} | settings))
        self.may_be_left_out = may_be_left_out

    def process_value(self, ctx: click.Context, value: object) -> object:
        """Return the value, or None for an omitted one.

        Raises:
            MissingParameter: The argument is required.

        """
        if value != LEFT_OUT:
            return super().process_value(ctx, value)
        if self.required:
            raise click.MissingParameter(ctx=ctx, param=self)
        return self.get_default(ctx)


class AliasOption(click.Option):
    """An option that is an alias of an argument.

    Args:
        declarations: Spellings of the option.
        argument: Name of the argument.
        settings: Settings of click.

    """

    def __init__(self, declarations: Sequence[str], *, argument: str, **settings: Any) -> None:  # noqa: ANN401 - click's
        super().__init__([f"__{argument}", *declarations], expose_value=False, **settings)
        self.argument = argument


@dataclass
class _Read:
    """The words of a command, sorted into options and arguments."""

    options: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    twins: dict[str, str] = field(default_factory=dict)


def put_right(params: Iterable[click.Parameter], words: Sequence[str]) -> list[str]:
    """Return the words after a command in click's syntax: options first, then every argument.

    Raises:
        BadOptionUsage: An option lacks its value.
        BadParameter: An option or argument is empty.

    """
    known = list(params)
    read = _Reader(known).read(words)
    placed = _placed([param for param in known if isinstance(param, click.Argument)], read)
    return [*read.options, "--", *placed] if placed else read.options


def refuse_empty(param: click.Parameter, value: object, meant: click.Parameter | None = None) -> None:
    """Check that a value is not blank, unless the parameter's type allows that.

    Args:
        param: The option or argument.
        value: Its value.
        meant: The argument, if the option is an alias of one.

    Raises:
        BadParameter: The value is blank.

    """
    kind = (meant or param).type
    if not isinstance(value, str) or value.strip() or getattr(kind, "may_be_empty", False):
        return
    advice = getattr(kind, "instead_of_empty", "Add a value" + ", or omit it" * (not (meant or param).required))
    raise click.BadParameter(f"The value is empty. Is a variable not set? {advice}.", param=param)


def _placed(declared: Sequence[click.Argument], read: _Read) -> list[str]:
    """Return a word for each declared argument, in order, followed by any excess words."""
    words = deque(read.arguments)
    expected = [one for one in declared if one.name not in read.twins and (one.required or _may_be_left_out(one))]
    missing = len(expected) - len(words)
    placed: list[str] = []
    for argument in declared:
        if argument.name in read.twins:
            placed.append(read.twins[argument.name])
        elif (missing > 0 and _may_be_left_out(argument)) or not words:
            placed.append(LEFT_OUT)
            missing -= 1
        elif argument.nargs < 0:
            for word in words:
                refuse_empty(argument, word)
            placed.extend(words)
            words.clear()
        else:
            placed.append(words.popleft())
            refuse_empty(argument, placed[-1])
    while placed and placed[-1] == LEFT_OUT and not _may_be_left_out(declared[len(placed) - 1]):
        placed.pop()
    return [*placed, *words]


def _may_be_left_out(argument: click.Argument) -> bool:
    return isinstance(argument, Argument) and argument.may_be_left_out


class _Reader:
    """Reads words one by one, given which options take a value."""

    def __init__(self, params: Sequence[click.Parameter]) -> None:
        self._options: Mapping[str, click.Option] = {
            name: param
            for param in params
            if isinstance(param, click.Option)
            for name in (*param.opts, *param.secondary_opts)
        }
        self._arguments = {param.name: param for param in params if isinstance(param, click.Argument)}

    def read(self, words: Sequence[str]) -> _Read:
        read, rest = _Read(), deque(words)
        while rest:
            word = rest.popleft()
            if word == "--":
                read.arguments.extend(rest)
                break
            if word == "-" or not word.startswith("-"):
                read.arguments.append(word)
            else:
                self._take(word, rest, read)
        return read

    def _take(self, word: str, rest: deque[str], read: _Read) -> None:
        name, is_given, text = word.partition("=")
        value = text if is_given else None
        spelled = self._known(name)
        if spelled is None:
            spelled, value = self._bundled(word, rest)
        if spelled is None:
            read.options.append(word)  # click reports it as unknown, with similar options
            return
        option = self._options[spelled]
        if option.is_flag:
            read.options.extend(_flag(option, spelled, value, rest))
            return
        if value is None:
            if not rest:
                raise click.BadOptionUsage(spelled, f"Option '{name}' requires an argument.")
            value = rest.popleft()
        refuse_empty(option, value, self._arguments.get(option.argument) if isinstance(option, AliasOption) else None)
        if isinstance(option, AliasOption):
            read.twins[option.argument] = value
        else:
            read.options.extend([spelled, value])

    def _known(self, name: str) -> str | None:
        """Return the spelling of an option in this command."""
        hyphened = _HUMP.sub(lambda hump: f"-{hump[1].lower()}", name)
        one_hyphen = re.sub("^--", "-", hyphened)
        return next((spelled for spelled in (name, hyphened, one_hyphen) if spelled in self._options), None)

    def _bundled(self, word: str, rest: deque[str]) -> tuple[str | None, str | None]:
        """Read ``-xm`` as ``-x -m``, and ``-dStaging`` as ``-d Staging``."""
        spelled, more = word[:2], word[2:]
        if word.startswith("--") or spelled not in self._options:
            return None, None
        if not self._options[spelled].is_flag:
            return spelled, more
        rest.appendleft(f"-{more}")
        return spelled, None


def _flag(option: click.Option, spelled: str, value: str | None, rest: deque[str]) -> list[str]:
    """Return the words for a flag that ``true`` or ``false`` may follow."""
    if value is None and rest and rest[0] in _TRUTHS:
        value = rest.popleft()
    if value not in _TRUTHS:
        return [spelled if value is None else f"{spelled}={value}"]
    if _TRUTHS[value]:
        return [spelled]
    opposite = option.secondary_opts if spelled in option.opts else option.opts
    return list(opposite[-1:])
