"""The settings of one Gradle script, Groovy or Kotlin, without running it.

A script is read as blocks within blocks. What is set in them becomes one flat list: a path such as
``android.defaultConfig.versionName`` and the words of its value. Variables and functions are kept by name. Conditions
and loops are blocks too, so what is set inside one has their word in its path and is not taken for what always holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.projects.gradle.tokens import Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Script", "Setting", "parse_script"]

_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(_OPENING.values())
_UNFINISHED: Final = frozenset({"+", "=", "?:", "?", ".", "?.", ",", "&&", "||"})
_CONTINUING: Final = frozenset({"+", "?:", ".", "?.", "?", "&&", "||"})
_MODIFIERS: Final = frozenset({"final", "private", "public", "internal", "static", "const", "lateinit", "override"})
_DECLARATIONS: Final = frozenset({"def", "val", "var"})
_MAKERS: Final = frozenset({"create", "register", "getByName", "named", "maybeCreate"})
_EXTRAS: Final = frozenset({"ext", "extra"})
_CONDITIONS: Final = frozenset({"if", "else", "for", "while", "switch", "when", "try", "catch"})
_NEWLINE: Final = Token("line", "\n")


class Setting(Struct, frozen=True):
    """Something that is set: where (``("android", "defaultConfig", "versionName")``), and the words of the value."""

    path: tuple[str, ...]
    value: tuple[Token, ...]


class Script(Struct, frozen=True):
    """What a script says.

    Attributes:
        settings: in the order of the script.
        blocks: the paths of its blocks, in the order of the script.
        variables: every value given to a name, ``ext`` and ``extra`` included.
        functions: every value that a function without parameters returns.
        includes: the scripts that it applies, as written.

    """

    settings: tuple[Setting, ...]
    blocks: tuple[tuple[str, ...], ...]
    variables: Mapping[str, Sequence[tuple[Token, ...]]]
    functions: Mapping[str, Sequence[tuple[Token, ...]]]
    includes: tuple[tuple[Token, ...], ...]

    def values(self, *path: str) -> list[tuple[Token, ...]]:
        """Return every value set at a path."""
        return [setting.value for setting in self.settings if setting.path == path]

    def children(self, *path: str) -> list[str]:
        """Return the names of the blocks directly within a block, each once."""
        depth = len(path)
        names = (block[depth] for block in self.blocks if len(block) > depth and block[:depth] == path)
        return list(dict.fromkeys(names))


def parse_script(text: str) -> Script:
    """Return what a script says; whatever is in it, this ends and raises nothing."""
    reader = _Reader(tokenize(text))
    reader.read(())
    return Script(
        tuple(reader.settings), tuple(reader.blocks), reader.variables, reader.functions, tuple(reader.includes)
    )


class _Reader:
    """Goes through the words once, without recursion, and collects."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self.settings: list[Setting] = []
        self.blocks: list[tuple[str, ...]] = []
        self.variables: dict[str, list[tuple[Token, ...]]] = {}
        self.functions: dict[str, list[tuple[Token, ...]]] = {}
        self.includes: list[tuple[Token, ...]] = []

    def read(self, path: tuple[str, ...]) -> None:
        paths = [path]
        for statement, end in self._statements():
            if end == "{":
                paths.append(paths[-1] + self._header(statement))
                self.blocks.append(paths[-1])
                continue
            self._take(paths[-1], statement)
            if end == "}" and len(paths) > 1:
                paths.pop()

    def _statements(self) -> Iterator[tuple[list[Token], str]]:
        """Yield each statement with what ends it: a line, a semicolon, or a brace of a block."""
        statement: list[Token] = []
        closers: list[str] = []
        for index, token in enumerate(self._tokens):
            word = token.text if token.kind in {"sign", "line"} else ""
            if not closers and self._ends(statement, index, word):
                yield statement, word
                statement = []
                continue
            if word in _OPENING:
                closers.append(_OPENING[word])
            elif word in _CLOSING and closers:
                closers.pop()
            if word != "\n":
                statement.append(token)
        yield statement, "\n"

    def _ends(self, statement: list[Token], index: int, word: str) -> bool:
        if word in {"{", "}", ";"}:
            return True
        if word != "\n":
            return False
        following = next((token for token in self._tokens[index + 1 : index + 20] if token != _NEWLINE), _NEWLINE)
        is_unfinished = bool(statement) and statement[-1].kind == "sign" and statement[-1].text in _UNFINISHED
        return not (is_unfinished or (following.kind == "sign" and following.text in _CONTINUING))

    def _header(self, statement: list[Token]) -> tuple[str, ...]:
        """Return what a block adds to the path."""
        words = [token for token in statement if token.text not in _MODIFIERS]
        if not words:
            return ("",)
        if words[0].text in {"def", "fun"} and len(words) > 1:
            return ("fun", words[1].text)
        names, rest = _dotted(words)
        if names and names[-1] in _MAKERS and (made := _first_text(rest)):
            return (*names[:-1], made)
        return tuple(names) or ("",)

    def _take(self, path: tuple[str, ...], statement: list[Token]) -> None:
        words = [token for token in statement if token.text not in _MODIFIERS or token.kind != "name"]
        if not words:
            return
        if path[-2:-1] == ("fun",) and words[0] == Token("name", "return"):
            self.functions.setdefault(path[-1], []).append(tuple(words[1:]))
            return
        if words[0] == Token("name", "fun") and len(words) > 1:
            self._take_function(words)
            return
        if words[0].text == "apply":
            self.includes.append(tuple(words[1:]))
            return
        self._take_value(path, words)

    def _take_function(self, words: list[Token]) -> None:
        """Take ``fun name(): String = value``."""
        _, value = _halves(words, "=")
        if value:
            self.functions.setdefault(words[1].text, []).append(tuple(value))

    def _take_value(self, path: tuple[str, ...], words: list[Token]) -> None:
        left, value = _halves(words, "=")
        if value and (name := _declared(left)):
            self._set_variable(name, value)
            return
        if words[0].text in _DECLARATIONS:
            self._take_delegate(words)
            return
        names, rest = _dotted(left if value else words)
        if value:
            names += [token.text for token in rest if token.kind in {"text", "literal"}]
        elif names and names[-1] == "set":
            names, value = _set_call(names[:-1], rest)
        else:
            value = _without_parentheses(rest)
        if names:
            self._set((*path, *names), value)

    def _take_delegate(self, words: list[Token]) -> None:
        """Take ``val name by extra("value")``; ``by project`` is found by its name when it is asked for."""
        left, delegate = _halves(words, "by")
        if delegate and delegate[0].text in _EXTRAS and (name := _declared(left)):
            self._set_variable(name, _without_parentheses(delegate[1:]))

    def _set(self, path: tuple[str, ...], value: list[Token]) -> None:
        self.settings.append(Setting(path, tuple(value)))
        is_given_again = path[-1] in self.variables and bool(_CONDITIONS.intersection(path[-2:-1]))
        if len(path) == 1 or _EXTRAS.intersection(path[:-1]) or is_given_again:
            self._set_variable(path[-1], value)

    def _set_variable(self, name: str, value: list[Token]) -> None:
        self.variables.setdefault(name, []).append(tuple(value))


def _dotted(words: list[Token]) -> tuple[list[str], list[Token]]:
    """Return the dotted name that a statement begins with, and the rest."""
    names: list[str] = []
    index = 0
    while index < len(words) and words[index].kind == "name":
        names.append(words[index].text)
        index += 1
        if index + 1 >= len(words) or words[index].text not in {".", "?."}:
            break
        index += 1
    return names, words[index:]


def _halves(words: list[Token], sign: str) -> tuple[list[Token], list[Token]]:
    """Return what is before and after the first sign outside brackets; everything is before when there is none."""
    depth = 0
    for index, token in enumerate(words):
        if token.kind == "sign" and token.text in _OPENING:
            depth += 1
        elif token.kind == "sign" and token.text in _CLOSING:
            depth -= 1
        elif depth == 0 and token.text == sign and token.kind in {"sign", "name"}:
            return words[:index], words[index + 1 :]
    return words, []


def _declared(left: list[Token]) -> str | None:
    """Return the name that is declared: ``def x``, ``val x: Type``, ``String x``."""
    before_type, _ = _halves(left, ":")
    names = [token.text for token in before_type if token.kind == "name"]
    if len(names) != len(before_type) or len(names) < 2:  # noqa: PLR2004 - a word and a name
        return None
    return names[-1]


def _set_call(names: list[str], rest: list[Token]) -> tuple[list[str], list[Token]]:
    """Return name and value of ``ext.set("name", value)`` or ``name.set(value)``."""
    first, second = _halves(_without_parentheses(rest), ",")
    if second and first[0].kind in {"text", "literal"}:
        return [*names, first[0].text], second
    return names, first


def _without_parentheses(words: list[Token]) -> list[Token]:
    if len(words) > 1 and words[0].text == "(" and words[-1].text == ")" and words[0].kind == "sign":
        return words[1:-1]
    return words


def _first_text(words: list[Token]) -> str | None:
    return next((token.text for token in words if token.kind in {"text", "literal"}), None)
