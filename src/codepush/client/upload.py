"""The upload of a release."""

from __future__ import annotations

import secrets
import string
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from codepush.errors import PackageError
from codepush.wire.messages import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from codepush.packaging.local import LocalPackage
    from codepush.wire.messages import Progress

__all__ = ["MultipartFile", "multipart", "upload_of"]

_LETTERS: Final = string.ascii_letters + string.digits
_NAME_LENGTH: Final = 15

MultipartFile = tuple[str, tuple[str | None, "_Watched | str", str | None]]
"""A form part for httpx2: its name, then file name, content and content type."""


def upload_of(package: LocalPackage, on_progress: Progress | None) -> Upload:
    """Return the upload of a prepared package.

    Archives are sent under a random name of 15 letters and digits, a single file under its own, as
    the original tools do.
    """
    path = package.path
    return Upload(
        part="package",
        filename=f"{_random_name()}.zip" if package.is_archive else path.name,
        content_type="application/zip" if package.is_archive else "application/octet-stream",
        size=package.size,
        open=lambda: path.open("rb"),
        on_progress=on_progress,
    )


@contextmanager
def multipart(upload: Upload) -> Iterator[list[MultipartFile]]:
    """Open the file of an upload and yield the form parts in the order in which they are sent.

    Raises:
        PackageError: The file cannot be opened or read.

    """
    with _opened(upload) as file:
        content = _Watched(file, upload)
        texts: list[MultipartFile] = [(name, (None, value, None)) for name, value in upload.texts.items()]
        yield [(upload.part, (upload.filename, content, upload.content_type)), *texts]


class _Watched:
    """A file that reports progress: each read means that the previous piece was sent."""

    def __init__(self, file: BinaryIO, upload: Upload) -> None:
        self._file = file
        self._upload = upload

    def read(self, size: int = -1) -> bytes:
        self._report()
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise _unreadable(self._upload, error) from error
        if not piece and self._file.tell() != self._upload.size:
            raise PackageError("The file to release changed while it was sent. Release it when nothing writes to it.")
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def _report(self) -> None:
        sent = self._file.tell()
        if sent and self._upload.on_progress:
            self._upload.on_progress(sent, self._upload.size)


def _opened(upload: Upload) -> BinaryIO:
    try:
        return upload.open()
    except OSError as error:
        raise _unreadable(upload, error) from error


def _unreadable(upload: Upload, error: OSError) -> PackageError:
    return PackageError(f"{error.filename or upload.filename} cannot be read: {error.strerror or error}.")


def _random_name() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_NAME_LENGTH))
