"""Tokens of Gradle scripts in Groovy and Kotlin, without comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Kind", "Token", "text_of", "tokenize", "unescaped"]

Kind: TypeAlias = Literal["name", "number", "text", "literal", "line", "sign"]
"""Kind of a token: ``text`` may have ``$`` references, ``literal`` (Groovy's single quotes) has none."""

_WORD: Final = re.compile(
    r"""
      (?P<blank>[ \t\r\f\ufeff]+|\\\n|//[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<line>\n)
    | (?P<text>\"\"\"(?:\\.|.)*?\"\"\"|"(?:\\.|\$\{(?:[^{}\n]|\{[^{}\n]*\})*+\}|[^"\\\n])*+")
    | (?P<literal>'''(?:\\.|.)*?'''|'(?:\\.|[^'\\\n])*')
    | (?P<pattern>(?:(?<=[~=(,])|(?<=[~=(,]\ ))/(?![/*])(?:\\.|[^/\\\n])+/)
    | (?P<number>\d[\w]*(?:\.\d\w*)?)
    | (?P<name>(?:[^\W\d]|\$)[\w$]*|`[^`\n]+`)
    | (?P<sign>\?:|\?\.|!!|->|==|!=|<=|>=|&&|\|\||\+=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class Token(NamedTuple):
    """A token: its kind, its text (that of a string without quotes), and its line, from 1."""

    kind: Kind
    text: str
    line: int = 0

    @property
    def sign(self) -> str:
        """The text of a sign or a line end; empty for other tokens, so that no string counts as a sign."""
        return self.text if self.kind in {"sign", "line"} else ""

    @property
    def name(self) -> str:
        """The text of a name; empty for other tokens."""
        return self.text if self.kind == "name" else ""

    @property
    def quoted(self) -> str | None:
        """The text between quotes; ``None`` for other tokens."""
        return self.text if self.kind in {"text", "literal"} else None


def tokenize(script: str, line: int = 1) -> list[Token]:
    """Return the tokens of a script. It terminates and raises nothing for any input.

    Args:
        script: The script.
        line: The number of its first line.

    """
    tokens: list[Token] = []
    for match in _WORD.finditer(script):
        kind, text = match.lastgroup, match.group()
        if kind != "blank":
            tokens.append(_token(kind, text, line))
        line += text.count("\n")
    return tokens


def _token(kind: str | None, text: str, line: int) -> Token:
    if kind == "pattern":
        return Token("literal", text[1:-1], line)
    if kind in {"text", "literal"}:
        width = 3 if text[:3] in {'"""', "'''"} else 1
        return Token("text" if kind == "text" else "literal", text[width:-width], line)
    if kind == "name":
        return Token("name", text.strip("`"), line)
    return Token("number" if kind == "number" else "line" if kind == "line" else "sign", text, line)


def unescaped(text: str) -> str:
    """Return the content of a string without escapes."""
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def text_of(tokens: Sequence[Token]) -> str:
    """Return tokens as one readable line."""
    shown = [f'"{token.text}"' if token.kind in {"text", "literal"} else token.text for token in tokens]
    spaced = " ".join(word for word in shown if word != "\n")
    return re.sub(r" ?([.(\[]|\?\.) ?| ([)\],])", lambda match: match[1] or match[2], spaced)
