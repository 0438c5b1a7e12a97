"""Types of the values on the command line."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

__all__ = ["DESCRIPTION", "DURATION", "EMAIL", "ROLLOUT", "TARGET", "Choice", "check_contents"]

_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%?")
_ROLLOUT: Final = re.compile(r"(100|[1-9][0-9]|[1-9])%?")
_PART: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*,?", re.IGNORECASE)
_SECONDS: Final[Mapping[str, float]] = {
    unit: seconds
    for units, seconds in (
        ("ms millisecond milliseconds", 0.001),
        ("s sec secs second seconds", 1),
        ("m min mins minute minutes", 60),
        ("h hr hrs hour hours", 3600),
        ("d day days", 86400),
        ("w wk week weeks", 7 * 86400),
        ("month months", 30.4375 * 86400),
        ("y yr year years", 365.25 * 86400),
    )
    for unit in units.split()
}
_MAILBOX: Final = re.compile(r"[^@\s]+@[^@\s]+")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_BINARY: Final = frozenset({".zip", ".apk", ".ipa"})


class _Rollout(click.ParamType["int"]):
    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _ROLLOUT.fullmatch(str(value))
        if match is None:
            self.fail(f"'{value}' is not a whole percentage from 1 to 100.", param, ctx)
        return int(match[1])


class _Share(click.ParamType["float"]):
    """A percentage that need not be whole, as a share."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _PERCENT.fullmatch(str(value))
        if match is None or not 0 < float(match[1]) < 100:  # noqa: PLR2004 - percent
            self.fail(f"'{value}' is not a percentage between 0 and 100, such as 1.5%.", param, ctx)
        return float(match[1]) / 100


class _Duration(click.ParamType["timedelta"]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        text = str(value)
        parts = list(_PART.finditer(text))
        units = [match[2].lower() or "ms" for match in parts]
        if not parts or "".join(match[0] for match in parts) != text or not _SECONDS.keys() >= set(units):
            self.fail(f"'{value}' is not a duration such as 90m, 60d or 1y.", param, ctx)
        seconds = sum(float(match[1]) * _SECONDS[unit] for match, unit in zip(parts, units, strict=True))
        try:
            return timedelta(milliseconds=int(seconds * 1000))
        except OverflowError:
            self.fail(f"'{value}' is too long.", param, ctx)


class _Target(click.ParamType["str"]):
    name = "range"
    instead_of_empty: ClassVar = "Write '*' for all versions"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from codepush.rules import semver

        if semver.valid_range(str(value)) is None:
            sentence = 'Please use a semver-compliant target binary version range, for example "1.0.0", "*" or "^1.2.3"'
            self.fail(f"{sentence}; '{value}' is not a version range.", param, ctx)
        return str(value)


class _Description(click.ParamType["str"]):
    """A string with JavaScript's backslash escapes, so that a shell can pass line breaks."""

    name = "text"
    may_be_empty: ClassVar = True

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's
        return _ESCAPE.sub(_meant, str(value))


class _Email(click.ParamType["str"]):
    name = "email"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _MAILBOX.fullmatch(str(value)):
            self.fail(f'"{value}" is an invalid e-mail address.', param, ctx)
        return str(value)


class Choice(click.ParamType["str"]):
    """One of several words, in any letter case.

    Args:
        what: Their name in messages.
        words: The words, and the value of each.

    """

    name = "choice"

    def __init__(self, what: str, words: Mapping[str, str]) -> None:
        self._what = what
        self._words = words

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value of a word."""
        if str(value) in self._words.values():
            return str(value)
        meant = self._words.get(str(value).lower())
        if meant is None:
            options = ", ".join(f'"{word}"' for word in self._words)
            self.fail(f'"{value}" is an unsupported {self._what}. Available options are {options}.', param, ctx)
        return meant

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:  # noqa: ARG002 - click's
        """Return no metavar, so that click shows the name of the parameter."""
        return None

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - the same
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the words with this beginning."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self._words if word.startswith(incomplete.lower())]


ROLLOUT: Final = _Rollout()
SHARE: Final = _Share()
DURATION: Final = _Duration()
TARGET: Final = _Target()
DESCRIPTION: Final = _Description()
EMAIL: Final = _Email()


def check_contents(path: str) -> None:
    """Reject a release of the app itself or of an archive of the update.

    Raises:
        BadParameter: The path is an archive or a binary.

    """
    if Path(path).suffix.lower() in _BINARY:
        raise click.BadParameter(
            "It is unnecessary to package releases in a .zip or binary file. Please specify the direct path to the"
            " update content's directory (e.g. /platforms/ios/www) or file (e.g. main.jsbundle)."
        )


def _meant(escape: re.Match[str]) -> str:
    letter = escape[1]
    return chr(int(letter[1:], 16)) if len(letter) > 1 else _ESCAPED.get(letter, letter)
