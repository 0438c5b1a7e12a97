"""What simple expressions of Gradle scripts come to: texts, numbers, maps, lists, names, and what joins them.

Whatever would need Gradle, such as a call of unknown code or a condition, is said to be unknown; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from codepush.projects.gradle.tokens import Token, tokenize, unescaped

__all__ = ["Lookup", "UnknownValue", "Value", "evaluate"]

Value: TypeAlias = "str | Mapping[str, Value] | Sequence[Value]"
"""A text (numbers and booleans too, as they are written), a map or a list."""

Lookup: TypeAlias = Callable[[tuple[str, ...]], "Value | None"]
"""Tells what a dotted name stands for; ``None`` when it is not known."""

_OWNERS: Final = frozenset(
    {"project", "rootProject", "ext", "extra", "extensions", "extraProperties", "this", "parent"}
)
"""Names before the dot that only say where a variable lives."""

_READERS: Final = frozenset({"property", "findProperty", "get", "getProperty", "gradleProperty", "getAt"})
_UNCHANGING: Final = frozenset(
    {"get", "toString", "trim", "toInteger", "toInt", "getOrNull", "orNull", "asText", "toBoolean", "strip"}
)
_FALLBACKS: Final = frozenset({"orElse", "getOrElse"})
_JOINERS: Final = frozenset({"join", "joinToString"})
_LISTS: Final = frozenset({"listOf", "arrayOf"})
_REFERENCE: Final = re.compile(r"\\(.)|\$\{((?:[^{}]|\{[^{}]*\})*)\}|\$([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.DOTALL)
_DEEPEST: Final = 40


class UnknownValue(Exception):
    """An expression that only Gradle can work out."""


def evaluate(tokens: Sequence[Token], lookup: Lookup, *, depth: int = 0) -> Value:
    """Return what an expression comes to.

    Args:
        tokens: its words.
        lookup: tells what names stand for; it may evaluate in turn, one level deeper.
        depth: how many evaluations this one is within.

    Raises:
        UnknownValue: it cannot be told without Gradle.

    """
    if depth > _DEEPEST:
        raise UnknownValue
    parser = _Parser(list(tokens), lookup, depth)
    value = parser.choice()
    if not parser.is_done:
        raise UnknownValue
    return value


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, tokens: list[Token], lookup: Lookup, depth: int) -> None:
        self._tokens = [token for token in tokens if token.kind != "line"]
        self._lookup = lookup
        self._depth = depth
        self._at = 0

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._tokens)

    def choice(self) -> Value:
        """``a ?: b``: the first that is known to be something."""
        start = self._at
        try:
            value: Value | None = self._sum()
        except UnknownValue:
            self._at = start
            self._skip_to("?:")
            value = None
        if not self._take("?:"):
            if value is None:
                raise UnknownValue
            return value
        other = self.choice()
        return other if value is None else value

    def _sum(self) -> Value:
        value = self._item()
        while self._take("+"):
            value = _text(value) + _text(self._item())
        return value

    def _item(self) -> Value:
        token = self._next()
        if token.kind == "text":
            return self._members(self._interpolated(token.text))
        if token.kind == "literal":
            return self._members(unescaped(token.text))
        if token.kind == "number":
            return token.text
        if token.kind == "name":
            return self._named(token.text)
        if token.text == "(":
            value = self.choice()
            self._expect(")")
            return self._members(value)
        if token.text == "[":
            return self._members(self._collection())
        raise UnknownValue

    def _collection(self) -> Value:
        """``[a, b]`` or ``[name: a, other: b]``; values that are not known are left out of a map."""
        items: list[Value] = []
        entries: dict[str, Value] = {}
        while not self._take("]"):
            if self._is_key():
                key = self._next().text
                self._expect(":")
                self._entry(entries, key)
            elif not self._take(":"):
                items.append(self.choice())
            if not self._take(",") and self._peek() != "]":
                raise UnknownValue
        return entries or items

    def _is_key(self) -> bool:
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].text == ":"

    def _entry(self, entries: dict[str, Value], key: str) -> None:
        try:
            entries[key] = self.choice()
        except UnknownValue:
            self._skip_to(",", "]")

    def _named(self, name: str) -> Value:
        """A name with all that hangs on it: ``rootProject.ext.versions.major``, ``findProperty("x")``."""
        if name in {"true", "false"}:
            return name
        if name in _LISTS and self._take("("):
            return self._members(self._arguments())
        path = [name]
        while (member := self._member()) is not None:
            path.append(member)
        while self._peek() in {"[", "("} and (path[-1] in _READERS | _OWNERS):
            self._read_by_name(path)
            while (member := self._member()) is not None:
                path.append(member)
        return self._members(self._resolved(path))

    def _read_by_name(self, path: list[str]) -> None:
        """``property("x")``, ``extra["x"]``: the text takes the place of the call."""
        closing = ")" if self._next().text == "(" else "]"
        if path[-1] in _READERS:
            path.pop()
        path.append(_text(self.choice()))
        self._expect(closing)

    def _member(self) -> str | None:
        """Return the next ``.name`` that is no call of a known method."""
        if self._peek() not in {".", "?."} or self._at + 1 >= len(self._tokens):
            return None
        name, after = self._tokens[self._at + 1], self._tokens[self._at + 2 : self._at + 3]
        is_call = bool(after) and after[0].text == "("
        if name.kind != "name" or (is_call and name.text not in _READERS) or (is_call and self._is_bare_call()):
            return None
        self._at += 2
        return name.text

    def _is_bare_call(self) -> bool:
        """Whether ``.get()`` comes next: it changes nothing, whereas ``.get("x")`` reads."""
        return [token.text for token in self._tokens[self._at + 2 : self._at + 4]] == ["(", ")"]

    def _resolved(self, path: list[str]) -> Value:
        names = list(path)
        while len(names) > 1 and names[0] in _OWNERS | {"providers"}:
            names.pop(0)
        if self._peek() == "(" and len(names) == 1:
            self._next()
            self._expect(")")
            names[0] += "()"
        value = self._lookup(tuple(names))
        if value is None:
            raise UnknownValue
        return value

    def _members(self, value: Value) -> Value:
        """Take what hangs on a value: ``.major``, ``["major"]``, ``.toString()``, ``as String``, ``!!``."""
        while True:
            if self._take("!!"):
                continue
            if self._peek() == "as" and self._at + 1 < len(self._tokens):
                self._at += 2
                self._take("?")
            elif self._peek() in {".", "?."}:
                self._next()
                value = self._after_dot(value, self._next().text)
            elif self._peek() == "[" and isinstance(value, Mapping):
                self._next()
                value = _entry_of(value, _text(self.choice()))
                self._expect("]")
            else:
                return value

    def _after_dot(self, value: Value, name: str) -> Value:
        if not self._take("("):
            return value if name in _UNCHANGING else _entry_of(value, name)
        arguments = self._arguments()
        if name in _UNCHANGING and not arguments:
            return value.strip() if isinstance(value, str) else value
        if name in _FALLBACKS:
            return value
        if name in _JOINERS and not isinstance(value, (str, Mapping)):
            default = ", " if name == "joinToString" else ""
            return _text(arguments[0] if arguments else default).join(map(_text, value))
        raise UnknownValue

    def _arguments(self) -> list[Value]:
        items: list[Value] = []
        while not self._take(")"):
            items.append(self.choice())
            if not self._take(",") and self._peek() != ")":
                raise UnknownValue
        return items

    def _interpolated(self, text: str) -> str:
        return _REFERENCE.sub(self._referenced, text)

    def _referenced(self, match: re.Match[str]) -> str:
        if match[1] is not None:
            return unescaped(match[0])
        return _text(evaluate(tokenize(match[2] or match[3]), self._lookup, depth=self._depth + 1))

    def _peek(self) -> str | None:
        if self.is_done:
            return None
        token = self._tokens[self._at]
        return token.text if token.kind in {"sign", "name"} else None

    def _next(self) -> Token:
        if self.is_done:
            raise UnknownValue
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise UnknownValue

    def _skip_to(self, *signs: str) -> None:
        """Pass over words, whole brackets at a time, up to one of the signs."""
        depth = 0
        while not self.is_done and not (depth == 0 and self._peek() in signs):
            sign = self._peek()
            if sign in {"]", ")", "}"} and depth == 0:
                return
            depth += (sign in {"[", "(", "{"}) - (sign in {"]", ")", "}"})
            self._at += 1


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise UnknownValue
    return value


def _entry_of(value: Value, name: str) -> Value:
    if not isinstance(value, Mapping) or name not in value:
        raise UnknownValue
    return value[name]
