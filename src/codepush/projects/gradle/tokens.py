"""Words of Gradle scripts, Groovy and Kotlin alike; comments are left out."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias

__all__ = ["Kind", "Token", "text_of", "tokenize", "unescaped"]

Kind: TypeAlias = Literal["name", "number", "text", "literal", "line", "sign"]
"""What a word is: ``text`` may hold ``$`` references, ``literal`` (Groovy's single quotes) is taken as it is."""

_WORD: Final = re.compile(
    r"""
      (?P<blank>[ \t\r\f\ufeff]+|\\\n|//[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<line>\n)
    | (?P<text>\"\"\"(?:\\.|.)*?\"\"\"|"(?:\\.|\$\{[^}\n]*\}|[^"\\\n])*")
    | (?P<literal>'''(?:\\.|.)*?'''|'(?:\\.|[^'\\\n])*')
    | (?P<number>\d[\w]*(?:\.\d\w*)?)
    | (?P<name>(?:[^\W\d]|\$)[\w$]*|`[^`\n]+`)
    | (?P<sign>\?:|\?\.|!!|->|==|!=|<=|>=|&&|\|\||\+=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class Token(NamedTuple):
    """A word: what it is, and its text; that of a string is without its quotes."""

    kind: Kind
    text: str


def tokenize(script: str) -> list[Token]:
    """Return the words of a script; whatever is in it, this ends and raises nothing."""
    return [_token(match) for match in _WORD.finditer(script) if match.lastgroup != "blank"]


def _token(match: re.Match[str]) -> Token:
    kind, text = match.lastgroup, match.group()
    if kind in {"text", "literal"}:
        width = 3 if text[:3] in {'"""', "'''"} else 1
        return Token("text" if kind == "text" else "literal", text[width:-width])
    if kind == "name":
        return Token("name", text.strip("`"))
    return Token("number" if kind == "number" else "line" if kind == "line" else "sign", text)


def unescaped(text: str) -> str:
    """Return what the inside of a string stands for."""
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def text_of(tokens: list[Token]) -> str:
    """Return words as a person would write them on one line."""
    shown = [f'"{token.text}"' if token.kind in {"text", "literal"} else token.text for token in tokens]
    spaced = " ".join(word for word in shown if word != "\n")
    return re.sub(r" ?([.(\[]|\?\.) ?| ([)\],])", lambda match: match[1] or match[2], spaced)
