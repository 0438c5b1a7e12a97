"""Evaluation of simple expressions in Gradle scripts: strings, numbers, maps, lists, files, names and operators.

Anything that needs Gradle, such as a call of unknown code or a condition, is unknown; nothing is guessed. ``None`` is a
known value: null, such as that of a property that is not set. Only null selects the second operand of ``?:``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from codepush.errors import ProjectError
from codepush.projects.files import read_json, shown
from codepush.projects.gradle.tokens import Token, text_of, tokenize, unescaped
from codepush.projects.unknown import Unknown

__all__ = ["Number", "Scope", "Value", "evaluate", "member"]

Value: TypeAlias = "str | Path | Mapping[str, Value | Unknown] | Sequence[Value] | None"
"""A string (also for booleans, as written), a file, a map, a list, or null."""

_ROOTS: Final = frozenset({"rootProject", "parent"})
_OWNERS: Final = _ROOTS | {"project", "ext", "extra", "extensions", "extraProperties", "this", "providers"}
"""Names before the dot that only locate a property."""

_NEEDED: Final = frozenset({"property", "getProperty"})
_PROPERTIES: Final = frozenset({"findProperty", "gradleProperty"})
_ENVIRONMENT: Final = frozenset({"getenv", "environmentVariable"})
_GETTERS: Final = frozenset({"get", "getAt"})
_UNCHANGING: Final = frozenset({"get", "toString", "getOrNull", "orNull", "asText", "toBoolean", "asProvider"})
_READERS: Final = frozenset({"get", "getOrNull", "orNull"})
_TRIMMING: Final = frozenset({"trim", "strip"})
_NUMERIC: Final = frozenset({"toInteger", "toInt", "toLong"})
_FALLBACKS: Final = frozenset({"orElse", "getOrElse"})
_JOINERS: Final = frozenset({"join", "joinToString"})
_LISTS: Final = frozenset({"listOf", "arrayOf"})
_CONTENTS: Final = frozenset({"text", "getText", "readText"})
_PARENTS: Final = frozenset({"parentFile", "getParentFile", "parent", "getParent"})
_SAME_FILE: Final = frozenset(
    {"absoluteFile", "getAbsoluteFile", "canonicalFile", "getCanonicalFile", "toFile", "asFile", "getAsFile"}
    | {"absolutePath", "getAbsolutePath", "canonicalPath", "getCanonicalPath", "path", "getPath"}
)
_REFERENCE: Final = re.compile(r"\\(.)|\$\{((?:[^{}]|\{[^{}]*\})*)\}|\$([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.DOTALL)
_DEEPEST: Final = 40


class Number(str):
    """A number, as it is written."""

    __slots__ = ()


class Scope(Protocol):
    """The names that expressions of one script can use. Each method raises ``Unknown`` if the value needs Gradle."""

    def name(self, name: str) -> Value:
        """Return the value of a name: a variable, a property, or a folder such as ``rootDir``."""

    def catalogued(self, dotted: str) -> Value:
        """Return a version of the version catalog; nothing if it has no such name."""

    def function(self, name: str) -> Value:
        """Return the result of a function without parameters."""

    def find(self, name: str, *, of_root: bool) -> Value:
        """Return a property; nothing if no place sets it."""

    def environment(self) -> Mapping[str, str]:
        """Return the environment's variables."""

    def file(self, written: str, *, of_root: bool) -> Path:
        """Return the file that a path means."""

    def resolved(self, request: str) -> Path:
        """Return the file that Node's ``require.resolve`` finds."""


def evaluate(tokens: Sequence[Token], scope: Scope, *, depth: int = 0) -> Value:
    """Return the value of an expression.

    Args:
        tokens: Tokens of the expression.
        scope: Source of the values of names; it may evaluate expressions one level deeper.
        depth: Nesting level of this evaluation.

    Raises:
        Unknown: The value needs Gradle.

    """
    line = tokens[0].line if tokens else 0
    try:
        return _Parser(list(tokens), scope, depth).whole()
    except Unknown as unknown:
        if unknown.file is None and unknown.line == 0:
            raise Unknown(unknown.reason, line=line) from unknown
        raise


def member(value: Value, name: str) -> Value:
    """Return an entry of a map; nothing if it has none of this name.

    Raises:
        Unknown: The value is not a map, or the entry is unknown.

    """
    if not isinstance(value, Mapping):
        raise Unknown(f'"{name}" is asked of what is no map')
    found = value.get(name)
    if isinstance(found, Unknown):
        raise found
    return found


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, tokens: list[Token], scope: Scope, depth: int) -> None:
        self._tokens = [token for token in tokens if token.kind != "line"]
        self._scope = scope
        self._depth = depth
        self._at = 0

    def whole(self) -> Value:
        if self._depth > _DEEPEST:
            raise self._unknown("refers to itself")
        value = self._choice()
        if self._at < len(self._tokens):
            raise self._unknown("only Gradle can work it out")
        return value

    def _unknown(self, why: str) -> Unknown:
        return Unknown(f"{text_of(self._tokens) or 'an empty value'}: {why}", line=self._line)

    @property
    def _line(self) -> int:
        return self._tokens[0].line if self._tokens else 0

    def _choice(self) -> Value:
        """Parse ``a ?: b``: the second only if the first is known to be null."""
        value = self._comparison()
        if not self._take("?:"):
            return value
        if value is None:
            return self._choice()
        self._skip_to(",", "?", ":")  # the rest is not used
        return value

    def _comparison(self) -> Value:
        value = self._sum()
        for sign in ("==", "!="):
            if self._take(sign):
                is_same = _text(value) == _text(self._sum())
                return str(is_same == (sign == "==")).lower()
        return value

    def _sum(self) -> Value:
        value = self._item()
        while self._take("+"):
            value = _added(value, self._item())
        return value

    def _item(self) -> Value:
        token = self._next()
        if token.kind == "text":
            return self._members(self._interpolated(token))
        if token.kind == "literal":
            return self._members(unescaped(token.text))
        if token.kind == "number":
            return self._members(Number(token.text))
        if token.kind == "name":
            return self._members(self._named(token.text))
        if token.text == "(":
            value = self._choice()
            self._expect(")")
            return self._members(value)
        if token.text == "[":
            return self._members(self._collection())
        raise self._unknown("only Gradle can work it out")

    def _collection(self) -> Value:
        """Parse ``[a, b]`` or ``[name: a, other: b]``; a value of a map may stay unknown until it is read."""
        items: list[Value] = []
        entries: dict[str, Value | Unknown] = {}
        is_map = False
        while not self._take("]"):
            if self._is_key():
                is_map = True
                key = self._next().text
                self._expect(":")
                entries[key] = self._entry()
            elif self._take(":"):
                is_map = True
            else:
                items.append(self._choice())
            if not self._take(",") and self._peek() != "]":
                raise self._unknown("only Gradle can work it out")
        return entries if is_map else items

    def _is_key(self) -> bool:
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].sign == ":"

    def _entry(self) -> Value | Unknown:
        start = self._at
        try:
            value = self._choice()
            if self._peek() in {",", "]"}:
                return value
        except Unknown:
            pass
        self._at = start
        self._skip_to(",", "]")
        words = self._tokens[start : self._at]
        return Unknown(f"{text_of(words)}: only Gradle can work it out", line=words[0].line if words else self._line)

    def _named(self, name: str) -> Value:
        """Parse a name and its accesses: ``rootProject.ext.versions.major``, ``findProperty("x")``."""
        if name in {"true", "false"}:
            return name
        if name == "null":
            return None
        path = [self._next().name if name == "new" else name]
        while (part := self._part()) is not None:
            path.append(part)
        owners = list(takewhile(_OWNERS.__contains__, path))
        names = path[len(owners) :]
        of_root = bool(_ROOTS.intersection(owners))
        if self._peek() == "(":
            return self._called(names or owners[-1:], is_owned=bool(owners), of_root=of_root)
        if not names:
            return self._indexed_owner(of_root=of_root)
        if names[:2] == ["System", "env"]:
            return self._plain(dict(self._scope.environment()), names[2:])
        return self._valued(names, is_owned=bool(owners), of_root=of_root)

    def _indexed_owner(self, *, of_root: bool) -> Value:
        """``extra["x"]``."""
        self._expect("[")
        value = self._needed(_text(self._choice()), of_root=of_root)
        self._expect("]")
        return value

    def _valued(self, names: list[str], *, is_owned: bool, of_root: bool) -> Value:
        """Return the value of a dotted name."""
        catalogued = self._scope.catalogued(".".join(names))
        if catalogued is not None:
            return catalogued
        first = self._needed(names[0], of_root=of_root) if is_owned else self._scope.name(names[0])
        return self._plain(first, names[1:])

    def _plain(self, value: Value, names: Sequence[str]) -> Value:
        for name in names:
            value = self._plain_member(value, name)
        return value

    def _needed(self, name: str, *, of_root: bool) -> Value:
        value = self._scope.find(name, of_root=of_root)
        if value is None:
            raise self._unknown(f'"{name}" is set nowhere')
        return value

    def _part(self) -> str | None:
        """Return the next ``.name``."""
        following = self._tokens[self._at : self._at + 2]
        if len(following) < 2 or following[0].sign != "." or not following[1].name:  # noqa: PLR2004 - dot and name
            return None
        self._at += 2
        return following[1].name

    def _called(self, names: list[str], *, is_owned: bool, of_root: bool) -> Value:
        """Return the result of a call, from its opening bracket on."""
        self._next()
        name, owner = names[-1], names[:-1]
        if name in _LISTS:
            return self._arguments()
        if name in _ENVIRONMENT:
            environment: Value = dict(self._scope.environment())
            arguments = self._arguments()
            return member(environment, _text(arguments[0])) if arguments else environment
        if name == "file" or (name == "File" and not owner):
            return self._file(name, of_root=of_root)
        if name == "JsonSlurper":
            self._expect(")")
            return self._parsed()
        if not owner:
            return self._called_alone(name, is_owned=is_owned, of_root=of_root)
        return self._method(self._valued(owner, is_owned=is_owned, of_root=of_root), name)

    def _called_alone(self, name: str, *, is_owned: bool, of_root: bool) -> Value:
        """``findProperty("x")``, ``ext.get("x")``, or a function without parameters."""
        if name == "hasProperty":
            raise self._unknown("the properties that a build is started with decide")
        if name in _PROPERTIES:
            return self._scope.find(_text(self._argument()), of_root=of_root)
        if name in _NEEDED or (is_owned and name in _GETTERS):
            return self._needed(_text(self._argument()), of_root=of_root)
        self._expect(")")
        return self._scope.function(name)

    def _file(self, name: str, *, of_root: bool) -> Path:
        """``file("a")``, ``new File(rootDir, "a")``; one relative to Gradle's working directory is unknown."""
        written = "/".join(_text(part) for part in self._arguments())
        if name == "File" and not Path(written).is_absolute():
            raise self._unknown("only Gradle can work it out")
        return self._scope.file(written, of_root=of_root)

    def _parsed(self) -> Value:
        """Return the result of ``new JsonSlurper()`` with ``.parse(file)`` or ``.parseText(text)``."""
        name = self._part()
        if name not in {"parse", "parseText", "parseFile"} or not self._take("("):
            raise self._unknown("only Gradle can work it out")
        source = self._argument()
        if isinstance(source, Path):
            return _of_json(_read(source, read_json))
        try:
            return _of_json(json.loads(_text(source)))
        except ValueError as error:
            raise self._unknown("it is not valid JSON") from error

    def _members(self, value: Value) -> Value:
        """Parse the accesses after a value: ``.major``, ``["major"]``, ``.toString()``, ``as String``, ``!!``."""
        while True:
            if self._take("!!"):
                continue
            if self._peek() == "as" and self._at + 1 < len(self._tokens):
                self._skip_type()
            elif (sign := self._peek()) in {".", "?."}:
                self._next()
                name = self._next().text
                value = self._after_dot(value, name, is_safe=sign == "?.")
            elif self._peek() == "[" and isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
                self._next()
                value = _indexed(value, _text(self._choice()))
                self._expect("]")
            else:
                return value

    def _skip_type(self) -> None:
        """Skip ``as Map<String, Any?>``."""
        self._at += 2
        self._take("?")
        if self._take("<"):
            self._skip_to(">")
            self._expect(">")
        self._take("?")

    def _after_dot(self, value: Value, name: str, *, is_safe: bool) -> Value:
        if value is None and is_safe:
            return self._after_arguments(value) if self._take("(") else None
        if self._take("("):
            return self._method(value, name)
        return self._plain_member(value, name)

    def _plain_member(self, value: Value, name: str) -> Value:
        if isinstance(value, Path):
            return self._of_file(value, name)
        return value if name in _UNCHANGING and not isinstance(value, Mapping) else member(value, name)

    def _method(self, value: Value, name: str) -> Value:
        """Return the result of a method of a value, after its opening bracket."""
        if name in _FALLBACKS:
            return self._argument() if value is None else self._after_arguments(value)
        if name == "execute":
            return self._after_arguments(self._executed(value))
        arguments = self._arguments()
        if name in _GETTERS | _NEEDED and arguments and isinstance(value, Mapping):
            found = member(value, _text(arguments[0]))
            return arguments[1] if found is None and len(arguments) > 1 else found
        if name in _JOINERS and isinstance(value, Sequence) and not isinstance(value, str):
            default = ", " if name == "joinToString" else ""
            return _text(arguments[0] if arguments else default).join(map(_text, value))
        if arguments:
            raise self._unknown("only Gradle can work it out")
        return self._converted(value, name)

    def _converted(self, value: Value, name: str) -> Value:
        """Return the result of a method without arguments."""
        if isinstance(value, Path):
            return self._of_file(value, name)
        if name in _UNCHANGING and (value is not None or name in _READERS):
            return value
        if name in _TRIMMING:
            return _text(value).strip()
        if name in _NUMERIC and _text(value).strip().isdecimal():
            return Number(int(_text(value)))
        raise self._unknown("only Gradle can work it out")

    def _of_file(self, file: Path, name: str) -> Value:
        if name in _CONTENTS:
            return _read(file, lambda path: path.read_text(encoding="utf-8-sig"))
        if name in _PARENTS:
            return file.parent
        if name in _SAME_FILE | _UNCHANGING | _TRIMMING:
            return file
        raise self._unknown("only Gradle can work it out")

    def _executed(self, command: Value) -> Value:
        """Return the output of ``["node", "--print", "require.resolve('x/package.json')"]``, the only known command."""
        words = command if isinstance(command, Sequence) and not isinstance(command, str) else []
        if len(words) == 3 and words[0] == "node" and words[1] in {"--print", "-p"}:  # noqa: PLR2004 - node, --print, code
            return {"text": self._scope.resolved(_text(words[2]))}
        raise self._unknown("the output of a command is not known")

    def _after_arguments(self, value: Value) -> Value:
        """Skip arguments without an effect."""
        self._skip_to(")")
        self._expect(")")
        return value

    def _argument(self) -> Value:
        arguments = self._arguments()
        if len(arguments) != 1:
            raise self._unknown("only Gradle can work it out")
        return arguments[0]

    def _arguments(self) -> list[Value]:
        items: list[Value] = []
        while not self._take(")"):
            items.append(self._choice())
            if not self._take(",") and self._peek() != ")":
                raise self._unknown("only Gradle can work it out")
        return items

    def _interpolated(self, token: Token) -> str:
        def referenced(match: re.Match[str]) -> str:
            if match[1] is not None:
                return unescaped(match[0])
            words = tokenize(match[2] or match[3], token.line)
            return _text(evaluate(words, self._scope, depth=self._depth + 1))

        return _REFERENCE.sub(referenced, token.text)

    def _peek(self) -> str | None:
        if self._at >= len(self._tokens):
            return None
        token = self._tokens[self._at]
        return token.text if token.kind in {"sign", "name"} else None

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise self._unknown("only Gradle can work it out")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unknown("only Gradle can work it out")

    def _skip_to(self, *signs: str) -> None:
        """Skip tokens, whole brackets at a time, up to one of the signs."""
        depth = 0
        while self._at < len(self._tokens) and not (depth == 0 and self._peek() in signs):
            sign = self._tokens[self._at].sign
            if sign in {"]", ")", "}"} and depth == 0:
                return
            depth += (sign in {"[", "(", "{"}) - (sign in {"]", ")", "}"})
            self._at += 1


def _text(value: Value) -> str:
    if isinstance(value, Path):
        return str(value)
    if value is None:
        raise Unknown("it is null")
    if not isinstance(value, str):
        raise Unknown("it is no text")
    return value


def _added(first: Value, second: Value) -> Value:
    if isinstance(first, Number) and isinstance(second, Number):
        if not (first.isdecimal() and second.isdecimal()):
            raise Unknown("only Gradle can work it out")
        return Number(int(first) + int(second))
    return _text(first) + _text(second)


def _indexed(value: Mapping[str, Value | Unknown] | Sequence[Value], key: str) -> Value:
    if isinstance(value, Mapping):
        return member(value, key)
    if key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    raise Unknown("only Gradle can work it out")


def _read(file: Path, reader: Callable[[Path], Value]) -> Value:
    try:
        return reader(file)
    except OSError as error:
        raise Unknown(f'"{shown(file)}" cannot be read: {error.strerror}') from error
    except UnicodeError as error:
        raise Unknown(f'"{shown(file)}" is not UTF-8') from error
    except ProjectError as error:
        raise Unknown(error.message.rstrip(".")) from error


def _of_json(value: object) -> Value:
    """Return JSON as values of scripts, in which numbers are strings."""
    if isinstance(value, dict):
        return {str(name): _of_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_of_json(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else Number(value)
