"""The content of a package, and the hash that identifies it.

A package consists of the names and contents of its files, not of the bytes of the archive around them. Servers, tools
and devices must compute the same package hash, so every step is exactly that of the protocol pages and the recorded
responses: a list of ``name:sha256`` strings, sorted as JavaScript sorts (by UTF-16 code unit), written as JavaScript
writes JSON, and hashed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from codepush.errors import PackageError

__all__ = [
    "SIGNATURE_NAME",
    "FileOnDisk",
    "Manifest",
    "hash_directory",
    "hash_file",
    "hash_tree",
    "is_empty",
    "is_ignored",
    "is_signature",
    "list_files",
    "unreadable",
    "utf16_key",
]

SIGNATURE_NAME: Final = ".codepushrelease"
"""The file that carries a release's signature. It travels with the package but is not part of the hash it signs."""

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Manifest(Struct, frozen=True):
    """The files of a package.

    Attributes:
        files: From name (forward slashes, no leading slash) to the sha256 of the content as lower-case hex, in
            canonical order, which is that of the names' UTF-16 code units. Signature files are among them.

    """

    files: Mapping[str, str]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Manifest:
        """Return the manifest of (name, sha256) pairs in any order; the last one of a name wins."""
        files = dict(pairs)
        return cls({name: files[name] for name in sorted(files, key=utf16_key)})

    @property
    def package_hash(self) -> str:
        """The package hash as lower-case hex, which devices send and signatures sign."""
        lines = (f"{name}:{sha256}" for name, sha256 in self.files.items() if not is_signature(name))
        return hashlib.sha256(_javascript_json(sorted(lines, key=utf16_key)).encode()).hexdigest()

    def to_json(self) -> str:
        """Return a JSON object of names and hashes in canonical order, to be stored."""
        return json.dumps(self.files, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Manifest:
        """Return the manifest that :meth:`to_json` wrote."""
        return cls.of(json.loads(text).items())


class FileOnDisk(Struct, frozen=True):
    """A file below a directory: its name there (forward slashes), where it is, and its size in bytes."""

    name: str
    path: Path
    size: int


def is_ignored(name: str) -> bool:
    """Return whether a file is in no package: the files that macOS adds to folders and archives."""
    return name.startswith("__MACOSX/") or name == ".DS_Store" or name.endswith("/.DS_Store")


def is_signature(name: str) -> bool:
    """Return whether a file is a signature, at any depth, which is not part of the hash."""
    return name == SIGNATURE_NAME or name.endswith("/" + SIGNATURE_NAME)


def is_empty(names: Iterable[str]) -> bool:
    """Return whether all of the files are ignored or signatures, so that a device would have nothing to run."""
    return all(is_ignored(name) or is_signature(name) for name in names)


def utf16_key(text: str) -> bytes:
    """Return the key that sorts text as JavaScript does. Python's own order differs above U+FFFF."""
    return text.encode("utf-16-be", "surrogatepass")


def hash_directory(path: str | os.PathLike[str]) -> Manifest:
    """Return the manifest of a release of this directory: names start with the directory's own.

    Signatures sign its hash. Signing tools reject a directory without files.

    Raises:
        PackageError: It is not a directory, has no files, or something in it cannot be read.

    """
    root = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would take the name of a link's target
    files = list(list_files(root))
    if not files:
        raise PackageError(f'"{path}" holds no files. Pass the directory that your build wrote its files to.')
    return _manifest(files, f"{root.name}/")


def hash_tree(root: Path) -> Manifest:
    """Return the manifest of the folder of an installed package: names are relative to the folder.

    Raises:
        PackageError: The folder, or something in it, cannot be read.

    """
    return _manifest(list_files(root), "")


def hash_file(path: Path) -> str:
    """Return the sha256 of a file's content as lower-case hex, or raise ``PackageError`` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def list_files(root: Path) -> Iterator[FileOnDisk]:
    """Yield every file below a folder, hidden ones and links to files too; names are relative to the folder.

    Raises:
        PackageError: A folder cannot be listed, or holds a link to a folder (its content may be anywhere, even around
            in a circle), a link to nothing, or something that is neither file nor folder.

    """
    pending = [(root, "")]
    while pending:
        folder, prefix = pending.pop()
        for entry in _scan(folder):
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append((Path(entry.path), f"{name}/"))
            else:
                yield _file(name, Path(entry.path))


def _manifest(files: Iterable[FileOnDisk], prefix: str) -> Manifest:
    """Hash the files of a package. As in the original, a backslash in a name (POSIX allows it) stands for a slash."""
    named = ((prefix + file.name.replace("\\", "/"), file.path) for file in files)
    return Manifest.of((name, hash_file(path)) for name, path in named if not is_ignored(name))


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise unreadable(folder, error) from error


def _file(name: str, path: Path) -> FileOnDisk:
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise PackageError(f'"{path}" is a link to a folder. Replace it by the folder itself, or remove it.')
    if not stat.S_ISREG(status.st_mode):
        raise PackageError(f'"{path}" is neither a file nor a folder. Remove it from what is released.')
    return FileOnDisk(name, path, status.st_size)


def unreadable(path: Path, error: OSError) -> PackageError:
    """Return the error for a path that cannot be read."""
    return PackageError(f'"{path}" cannot be read ({error.strerror}). Check that it exists and that you may read it.')


def _javascript_json(lines: list[str]) -> str:
    """Return the array as ``JSON.stringify`` writes it: Python differs only in lone surrogates."""
    text = json.dumps(lines, separators=(",", ":"), ensure_ascii=False)
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
