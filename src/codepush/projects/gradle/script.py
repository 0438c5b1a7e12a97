"""The settings of one Gradle script, Groovy or Kotlin, without running it.

A script is read as blocks within blocks. What is set in them becomes one flat list: a path such as
``android.defaultConfig.versionName`` and the words of its value. Variables and functions are kept by name. What is set
under a condition or in a loop is marked, and is not taken for what always holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.projects.gradle.tokens import Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Script", "Setting", "Variable", "parse_script"]

_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(_OPENING.values())
_UNFINISHED: Final = frozenset({"+", "=", "?:", "?", ".", "?.", ",", "&&", "||"})
_CONTINUING: Final = frozenset({"+", "?:", ".", "?.", "?", "&&", "||"})
_MODIFIERS: Final = frozenset({"final", "private", "public", "internal", "static", "const", "lateinit", "override"})
_DECLARATIONS: Final = frozenset({"def", "val", "var"})
_MAKERS: Final = frozenset({"create", "register", "getByName", "named", "maybeCreate"})
_DELEGATES: Final = frozenset({"creating", "registering", "getting", "existing"})
_OWNERS: Final = frozenset({"project", "rootProject", "settings"})
_EXTRAS: Final = frozenset({"ext", "extra"})
_CONDITIONS: Final = frozenset({"if", "else", "for", "while", "switch", "when", "try", "catch", "finally", "case"})
_BRANCHES: Final = frozenset({"if", "for", "while", "catch"})
_WRAPPERS: Final = frozenset({"project", "this"})
_FUNCTION: Final = "fun"
_NEWLINE: Final = Token("line", "\n")


class Setting(Struct, frozen=True):
    """A setting: its path (``("android", "defaultConfig", "versionName")``) and the tokens of its value.

    Attributes:
        path: The enclosing blocks and its name, without conditions.
        value: Tokens of the value.
        line: Its line, from 1.
        is_conditional: Whether it is set under a condition or in a loop.

    """

    path: tuple[str, ...]
    value: tuple[Token, ...]
    line: int = 0
    is_conditional: bool = False


class Variable(Struct, frozen=True):
    """A value assigned to a name.

    Attributes:
        value: The words of the value.
        line: Its line, from 1.
        is_extra: Whether other scripts of the project see it, as they do what is in ``ext`` or ``extra``.
        is_conditional: Whether it is given under a condition or in a loop.

    """

    value: tuple[Token, ...]
    line: int
    is_extra: bool = False
    is_conditional: bool = False


class Script(Struct, frozen=True):
    """A parsed script.

    Attributes:
        settings: Settings in the order of the script.
        blocks: Paths of its blocks, in the order of the script, without conditions.
        variables: Every value assigned to a name, including ``ext`` and ``extra``.
        functions: Every value that a function without parameters returns.
        includes: Scripts that it applies, as written.
        broken_at: Line from which on its brackets do not match, so that settings there are unknown.

    """

    settings: tuple[Setting, ...]
    blocks: tuple[tuple[str, ...], ...]
    variables: Mapping[str, Sequence[Variable]]
    functions: Mapping[str, Sequence[Variable]]
    includes: tuple[Setting, ...]
    broken_at: int | None = None

    def values(self, *path: str) -> list[Setting]:
        """Return all settings at a path."""
        return [setting for setting in self.settings if setting.path == path]

    def children(self, *path: str) -> list[str]:
        """Return the names that are declared directly within a block, each once, with a block of their own or not."""
        depth = len(path)
        alone = (setting.path for setting in self.settings if len(setting.path) == depth + 1)
        names = (block[depth] for block in (*self.blocks, *alone) if len(block) > depth and block[:depth] == path)
        return list(dict.fromkeys(name for name in names if name))


def parse_script(text: str) -> Script:
    """Parse a script. It terminates and raises nothing for any input."""
    reader = _Reader(tokenize(text))
    reader.read()
    return Script(
        tuple(reader.settings),
        tuple(reader.blocks),
        reader.variables,
        reader.functions,
        tuple(reader.includes),
        reader.broken_at,
    )


class _Reader:
    """Collects settings in one pass over the tokens, without recursion."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self.settings: list[Setting] = []
        self.blocks: list[tuple[str, ...]] = []
        self.variables: dict[str, list[Variable]] = {}
        self.functions: dict[str, list[Variable]] = {}
        self.includes: list[Setting] = []
        self.broken_at: int | None = None
        self._locals: set[str] = set()

    def read(self) -> None:
        paths: list[tuple[str, ...]] = [()]
        lines = [0]
        for statement, end in self._statements():
            if end.text == "{":
                self._take_opened(paths[-1], statement, end)
                paths.append(paths[-1] + self._header(statement))
                lines.append(end.line)
                self.blocks.append(_unconditional(paths[-1]))
                continue
            self._take(paths[-1], statement)
            if end.text == "}" and len(paths) > 1:
                paths.pop()
                lines.pop()
            elif end.text == "}":
                self._break(end.line)
        if len(lines) > 1:
            self._break(lines[-1])

    def _take_opened(self, path: tuple[str, ...], statement: list[Token], brace: Token) -> None:
        """Parse ``def x = compute {``: the value of the name needs Gradle."""
        if len(_halves(statement, "=")[0]) < len(statement) or any(token.name == "lazy" for token in statement):
            self._take(path, [*statement, brace])

    def _break(self, line: int) -> None:
        self.broken_at = min(line, self.broken_at or line)

    def _statements(self) -> Iterator[tuple[list[Token], Token]]:
        """Yield each statement with its end: a line end, a semicolon, or a brace of a block."""
        statement: list[Token] = []
        closers: list[tuple[str, int]] = []
        for index, token in enumerate(self._tokens):
            word = token.sign
            if not closers and self._ends(statement, index, word):
                yield statement, token
                statement = []
                continue
            if word in _OPENING:
                closers.append((_OPENING[word], token.line))
            elif word in _CLOSING and not (closers and closers.pop()[0] == word):
                self._break(token.line)
            if word != "\n":
                statement.append(token)
        if closers:
            self._break(closers[0][1])
        yield statement, _NEWLINE

    def _ends(self, statement: list[Token], index: int, word: str) -> bool:
        if word in {"{", "}", ";"}:
            return True
        if word != "\n":
            return False
        following = next((token for token in self._tokens[index + 1 : index + 20] if token.sign != "\n"), _NEWLINE)
        is_unfinished = bool(statement) and statement[-1].sign in _UNFINISHED
        return not (is_unfinished or following.sign in _CONTINUING or _is_condition_only(statement))

    def _header(self, statement: list[Token]) -> tuple[str, ...]:
        """Return the names that a block adds to the path."""
        words = [token for token in statement if token.text not in _MODIFIERS]
        if not words:
            return ("",)
        if words[0].text in {"def", _FUNCTION} and len(words) > 1:
            return (_FUNCTION, words[1].text)
        if words[0].name in _DECLARATIONS and (made := _delegated(words)):
            return (made,)
        names, rest = _dotted(_without_parameters(words))
        while len(names) > 1 and names[0] in _WRAPPERS:
            names.pop(0)
        if names and names[-1] in _MAKERS:
            return (*names[:-1], _first_text(rest) or "")
        return tuple(names) or (words[0].quoted or "",)

    def _take(self, path: tuple[str, ...], statement: list[Token]) -> None:
        words = [token for token in statement if token.text not in _MODIFIERS or token.kind != "name"]
        words = _without_parameters(words) if path else words
        while words and words[0].name in _CONDITIONS:
            path = (*path, words[0].text)
            words = _after_condition(words)
        if not words:
            return
        function = _function_of(path)
        if function and words[0].name == "return":
            self._add(self.functions, function, path[path.index(_FUNCTION) + 2 :], words[1:], words[0].line)
            return
        if words[0].name == _FUNCTION and len(words) > 1:
            self._take_function(words)
            return
        if words[0].name == "apply":
            self.includes.append(Setting(path, tuple(words[1:]), words[0].line, _is_conditional(path)))
            return
        self._take_value(path, words)

    def _take_function(self, words: list[Token]) -> None:
        """Parse ``fun name(): String = value``."""
        _, value = _halves(words, "=")
        if value:
            self._add(self.functions, words[1].text, (), value, words[0].line)

    def _take_value(self, path: tuple[str, ...], words: list[Token]) -> None:
        line = words[0].line
        left, value = _halves(words, "=")
        if value and (name := _declared(left)):
            self._locals.add(name)
            self._add(self.variables, name, path, value, line)
            return
        if words[0].name in _DECLARATIONS:
            self._take_delegate(path, words)
            return
        names, rest = _dotted(left if value else words)
        while len(names) > 1 and names[0] in _WRAPPERS:
            names.pop(0)
        if value:
            names += [token.text for token in rest if token.quoted is not None]
        elif names and names[-1] == "set":
            names, value = _set_call(names[:-1], rest)
        elif names and names[-1] in _MAKERS:
            names, value = [*names[:-1], _first_text(rest) or ""], _after_name(rest)
        elif not names and words[0].quoted is not None:
            names, value = [words[0].text], words[1:]
        else:
            value = _without_parentheses(rest)
            if names and (setter := _property_of(names[-1])):
                names[-1] = setter
        if names:
            self._set((*path, *names), value, line, is_assigned=len(left) < len(words))

    def _take_delegate(self, path: tuple[str, ...], words: list[Token]) -> None:
        """Parse ``val name by extra("value")`` and ``val name by creating``.

        ``by project`` is resolved by name when it is used.
        """
        left, delegate = _halves(words, "by")
        name = _declared(left)
        if not delegate or name is None:
            return
        line = words[0].line
        if delegate[0].text in _EXTRAS:
            self._add(self.variables, name, (*path, "extra"), _without_parentheses(delegate[1:]), line)
        elif delegate[0].text in _DELEGATES:
            self._set((*path, name), delegate[1:], line)
        elif delegate[0].text not in _OWNERS:
            self._add(self.variables, name, path, delegate, line)

    def _set(self, path: tuple[str, ...], value: list[Token], line: int, *, is_assigned: bool = False) -> None:
        plain = _unconditional(path)
        if _FUNCTION not in path:
            self.settings.append(Setting(plain, tuple(value), line, _is_conditional(path)))
        if path[-1] in self._locals:
            if is_assigned:
                self._add(self.variables, path[-1], path[:-1] if len(plain) == 1 else ("for",), value, line)
        elif len(plain) == 1 or _EXTRAS.intersection(plain[:-1]):
            self._add(self.variables, path[-1], ("ext", *path[:-1]), value, line)

    @staticmethod
    def _add(found: dict[str, list[Variable]], name: str, path: tuple[str, ...], value: list[Token], line: int) -> None:
        is_extra = bool(_EXTRAS.intersection(path))
        found.setdefault(name, []).append(Variable(tuple(value), line, is_extra, _is_conditional(path)))


def _is_conditional(path: tuple[str, ...]) -> bool:
    return bool(_CONDITIONS.intersection(path))


def _unconditional(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in path if name not in _CONDITIONS)


def _is_condition_only(statement: list[Token]) -> bool:
    """Whether a statement is ``if (x)`` or ``else`` so far, and its body is on the next line."""
    return bool(statement) and statement[0].name in _BRANCHES | {"else"} and not _after_condition(statement)


def _after_condition(words: list[Token]) -> list[Token]:
    """Return the statement after ``if (x)``, ``else``, ``case x:``."""
    if words[0].name in {"case", "when", "switch"}:
        return _halves(words, ":")[1]
    if words[0].name not in _BRANCHES:
        return words[1:]
    depth = 0
    for index, token in enumerate(words[1:], 1):
        depth += (token.sign == "(") - (token.sign == ")")
        if depth == 0:
            return words[index + 1 :]
    return []


def _without_parameters(words: list[Token]) -> list[Token]:
    """Return a statement without the ``flavor ->`` of the closure it is the first of."""
    return _halves(words, "->")[1] or words


def _function_of(path: tuple[str, ...]) -> str | None:
    """Return the function that a path is in; its own blocks may follow."""
    return path[path.index(_FUNCTION) + 1] if _FUNCTION in path[:-1] else None


def _delegated(words: list[Token]) -> str | None:
    """Return the name in ``val name by creating``."""
    left, delegate = _halves(words, "by")
    return _declared(left) if delegate and delegate[0].text in _DELEGATES else None


def _property_of(method: str) -> str | None:
    """Return the property that ``setVersionName`` sets."""
    if method.startswith("set") and method[3:4].isupper():
        return method[3].lower() + method[4:]
    return None


def _after_name(rest: list[Token]) -> list[Token]:
    """Return the tokens after the name in ``create("name", { ... })``."""
    return _halves(_without_parentheses(rest), ",")[1]


def _dotted(words: list[Token]) -> tuple[list[str], list[Token]]:
    """Return the dotted name that a statement begins with, and the rest."""
    names: list[str] = []
    index = 0
    while index < len(words) and words[index].kind == "name":
        names.append(words[index].text)
        index += 1
        if index + 1 >= len(words) or words[index].sign not in {".", "?."}:
            break
        index += 1
    return names, words[index:]


def _halves(words: list[Token], sign: str) -> tuple[list[Token], list[Token]]:
    """Split at the first sign outside brackets; without one, the second part is empty."""
    depth = 0
    for index, token in enumerate(words):
        if token.sign in _OPENING:
            depth += 1
        elif token.sign in _CLOSING:
            depth -= 1
        elif depth == 0 and sign in {token.sign, token.name}:
            return words[:index], words[index + 1 :]
    return words, []


def _declared(left: list[Token]) -> str | None:
    """Return the name that is declared: ``def x``, ``val x: Type``, ``String x``, ``List<String> x``."""
    before_type, _ = _halves(left, ":")
    if len(before_type) < 2 or not before_type[0].name:  # noqa: PLR2004 - a word and a name
        return None
    before = before_type[-2]
    return (before_type[-1].name or None) if before.name or before.sign in {">", "]"} else None


def _set_call(names: list[str], rest: list[Token]) -> tuple[list[str], list[Token]]:
    """Return name and value of ``ext.set("name", value)`` or ``name.set(value)``."""
    first, second = _halves(_without_parentheses(rest), ",")
    if second and first and first[0].quoted is not None:
        return [*names, first[0].text], second
    return names, first


def _without_parentheses(words: list[Token]) -> list[Token]:
    if len(words) > 1 and words[0].sign == "(" and words[-1].sign == ")":
        return words[1:-1]
    return words


def _first_text(words: list[Token]) -> str | None:
    return next((token.text for token in words if token.quoted is not None), None)
