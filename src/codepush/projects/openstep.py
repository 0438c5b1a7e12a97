"""Property lists in the old text format of Xcode projects."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from codepush.errors import ProjectError

__all__ = ["Item", "parse_openstep"]

Item: TypeAlias = "str | list[Item] | dict[str, Item]"

_WORD: Final = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)|(?P<sign>[{}()=;,])|"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<data><[^>]*>)|(?P<plain>[^\s{}()=;,"<]+)""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(U[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_DEEPEST: Final = 100


def parse_openstep(text: str, name: str) -> Item:
    """Return the content of an old-style property list.

    Args:
        text: The list.
        name: Name in error messages.

    Raises:
        ProjectError: It is invalid.

    """
    try:
        return _Reader(text).item(0)
    except (ValueError, IndexError) as error:
        raise ProjectError(f'"{name}" is not a property list that can be read.') from error


class _Reader:
    def __init__(self, text: str) -> None:
        self._words = [match for match in _WORD.finditer(text) if match.lastgroup != "blank"]
        self._at = 0

    def item(self, depth: int) -> Item:
        if depth > _DEEPEST:
            raise ValueError(depth)
        word = self._next()
        if word.group() == "{" and word.lastgroup == "sign":
            return self._dictionary(depth)
        if word.group() == "(" and word.lastgroup == "sign":
            return self._list(depth)
        return self._text(word)

    def _dictionary(self, depth: int) -> dict[str, Item]:
        found: dict[str, Item] = {}
        while not self._take("}"):
            key = self._text(self._next())
            self._expect("=")
            found[key] = self.item(depth + 1)
            self._expect(";")
        return found

    def _list(self, depth: int) -> list[Item]:
        found: list[Item] = []
        while not self._take(")"):
            found.append(self.item(depth + 1))
            if not self._take(","):
                self._expect(")")
                break
        return found

    @staticmethod
    def _text(word: re.Match[str]) -> str:
        if word.lastgroup == "sign":
            raise ValueError(word.group())
        if word["quoted"] is None:
            return word.group()
        return _ESCAPE.sub(lambda match: _escaped(match[1]), word["quoted"])

    def _next(self) -> re.Match[str]:
        self._at += 1
        return self._words[self._at - 1]

    def _take(self, sign: str) -> bool:
        word = self._words[self._at]
        if word.lastgroup != "sign" or word.group() != sign:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(sign)


def _escaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)
