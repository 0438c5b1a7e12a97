"""Names inside archives: how they are decoded, and which are refused.

A name is refused when any phone or tool might read it as a place outside the package's folder, when a phone's file
system cannot hold it, or when two names would meet in one place. ``yauzl``, which the original server reads archives
with, decides how names are decoded, because package hashes depend on it.
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

    The Info-ZIP Unicode Path extra field wins if its checksum shows that it belongs to this name; then comes the
    UTF-8 flag; names without either are code page 437, in which control characters are pictures (U+0001 is a smiley).

    Args:
        raw: the name as it stands in the central directory.
        extra: the extra fields of the entry there.
        is_utf8: whether the entry's UTF-8 flag is set.

    Raises:
        PackageError: the bytes are declared to be UTF-8 and are not.

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
    """Refuse a name that could lead out of the package's folder or that a phone cannot store.

    Args:
        name: the name, where a trailing slash marks a folder.
        longest: how many bytes of UTF-8 the whole name may take.

    Raises:
        PackageError: with a sentence that names the entry and what is wrong with it.

    """
    fault = _fault(name, longest)
    if fault is not None:
        raise PackageError(f"The name {quote(name)} cannot be part of a package: {fault}.")


def check_together(names: Iterable[str]) -> None:
    """Reject names that cannot exist side by side on a device.

    The ways to compose accents are ignored, because iOS ignores them. Letter case counts: iOS and Android keep such
    names apart. The same name twice is not looked at here (it may be the same content twice).

    Args:
        names: every name of the package, where a trailing slash marks a folder.

    Raises:
        PackageError: two files would meet in one place, or one name is both a file and a folder.

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
    """Return the first extra field of that kind, or None. What does not divide into fields (padding) is passed over."""
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
    """Return where a file system that ignores composition would put the name."""
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
