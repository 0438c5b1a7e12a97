"""Names inside archives: decoding, and rejection of unsafe ones.

A name is rejected if a device or tool might read it as a path outside the package's folder, if the file system of a
device cannot store it, or if two names would become the same path. Names are decoded as by ``yauzl``, with which the
original server reads archives, because package hashes depend on it.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
import zlib
from typing import TYPE_CHECKING, Final

from codepush.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check_name", "check_together", "decode_name", "extra_field", "quote"]

_CP437_CONTROLS: Final = dict(enumerate("☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼", start=1)) | {0x7F: "⌂"}
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_UNICODE_PATH: Final = 0x7075
_LONGEST_COMPONENT: Final = 255
_LONGEST_QUOTE: Final = 120


def decode_name(raw: bytes, extra: bytes, *, is_utf8: bool) -> str:
    """Return an entry's name.

    The Info-ZIP Unicode Path extra field has precedence if its checksum is that of the name; then the UTF-8 flag
    applies; other names are in code page 437, in which control characters are symbols (U+0001 is a smiley).

    Args:
        raw: The name in the central directory.
        extra: The extra fields of the entry there.
        is_utf8: Whether the entry's UTF-8 flag is set.

    Raises:
        PackageError: The bytes are declared as UTF-8, but are not valid UTF-8.

    """
    unicode_path = _unicode_path(raw, extra)
    if unicode_path is None and not is_utf8:
        return raw.decode("cp437").translate(_CP437_CONTROLS)
    try:
        return (raw if unicode_path is None else unicode_path).decode()
    except UnicodeDecodeError as error:
        shown = quote(raw.decode("utf-8", "replace"))
        raise PackageError(f"The archive entry {shown} has a name that is not valid UTF-8.") from error


def check_name(name: str, *, longest: int) -> None:
    """Reject a name that could lead out of the package's folder or that a device cannot store.

    Args:
        name: The name; a trailing slash marks a folder.
        longest: Maximum length of the whole name in bytes of UTF-8.

    Raises:
        PackageError: The name is rejected; the message names the entry and the reason.

    """
    fault = _fault(name, longest)
    if fault is not None:
        raise PackageError(f"The name {quote(name)} cannot be part of a package: {fault}.")


def check_together(names: Iterable[str]) -> None:
    """Reject names that cannot exist side by side on a device.

    The ways to compose accents are ignored, because iOS ignores them. Letter case counts: iOS and Android keep such
    names apart. Equal names are not checked here (they may have the same content).

    Args:
        names: All names of the package; a trailing slash marks a folder.

    Raises:
        PackageError: Two files have the same path, or one name is both a file and a folder.

    """
    distinct = dict.fromkeys(names)
    files: dict[str, str] = {}
    for name in distinct:
        if not name.endswith("/") and files.setdefault(_place(name), name) != name:
            first = quote(files[_place(name)])
            raise PackageError(f"The names {first} and {quote(name)} are the same file on iOS. Rename one of them.")
    for name in distinct:
        for folder in _folders(_place(name)):
            if folder in files:
                shown = quote(files[folder])
                raise PackageError(f"The name {shown} is both a file and the folder of {quote(name)}. Rename one.")


def extra_field(extra: bytes, identifier: int) -> bytes | None:
    """Return the first extra field of that kind, or None. Padding, which is not a valid field, is skipped."""
    position = 0
    while position + 4 <= len(extra):
        found, size = struct.unpack_from("<HH", extra, position)
        if found == identifier:
            return extra[position + 4 : position + 4 + size]
        position += 4 + size
    return None


def quote(name: str) -> str:
    """Return a name in quotes for an error message: short, on one line, and printable."""
    shown = name if len(name) <= _LONGEST_QUOTE else name[:_LONGEST_QUOTE] + "..."
    return json.dumps(shown, ensure_ascii=not shown.isprintable())


def _fault(name: str, longest: int) -> str | None:
    components = name.removesuffix("/").split("/")
    if not name:
        return "it is empty"
    if "\0" in name or "\\" in name:
        return "it contains a NUL character" if "\0" in name else "it contains a backslash"
    if name.startswith("/"):
        return "it is an absolute path"
    if _DRIVE.match(name):
        return "one letter and a colon are a drive on Windows"
    if not {"", ".", ".."}.isdisjoint(components):
        return 'it has an empty, "." or ".." component'
    return _too_long(name, components, longest)


def _too_long(name: str, components: list[str], longest: int) -> str | None:
    try:
        if len(name.encode()) > longest:
            return f"it is longer than {longest} bytes"
        if any(len(component.encode()) > _LONGEST_COMPONENT for component in components):
            return f"a component of it is longer than {_LONGEST_COMPONENT} bytes"
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    return None


def _place(name: str) -> str:
    """Return the path of a name on a file system that ignores Unicode composition."""
    return unicodedata.normalize("NFD", name)


def _folders(name: str) -> Iterator[str]:
    end = name.find("/")
    while end >= 0:
        yield name[:end]
        end = name.find("/", end + 1)


def _unicode_path(raw: bytes, extra: bytes) -> bytes | None:
    value = extra_field(extra, _UNICODE_PATH)
    belongs = value is not None and value.startswith(struct.pack("<BI", 1, zlib.crc32(raw)))
    return value[5:] if value is not None and belongs else None
