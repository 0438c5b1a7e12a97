"""The folder that an update is built in."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codepush.errors import ProjectError
from codepush.projects.files import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FOLDER_NAME", "output_folder", "source_map_path"]

FOLDER_NAME: Final = "CodePush"
"""Name of an update's folder, in which devices look for the signature."""


@contextmanager
def output_folder(given: Path | None, bundle_name: str, *, may_empty: Callable[[Path], bool]) -> Iterator[Path]:
    """Provide an empty folder named ``CodePush``.

    By default, it is a new temporary folder, removed at the end, so that releases can be created in parallel. In a
    given folder it stays, even after an error.

    Args:
        given: Parent folder; used itself if its name is ``CodePush``.
        bundle_name: File that identifies the result of an earlier run, which may be overwritten.
        may_empty: Function that confirms the removal of anything else.

    Raises:
        ProjectError: The folder contains something else and may not be emptied, or it cannot be written to.

    """
    if given is None:
        with tempfile.TemporaryDirectory(prefix="codepush-", ignore_cleanup_errors=True) as temporary:
            folder = Path(temporary) / FOLDER_NAME
            folder.mkdir()
            yield folder
        return
    folder = given if given.name == FOLDER_NAME else given / FOLDER_NAME
    _make_empty(folder, bundle_name, may_empty)
    yield folder.resolve()


def _make_empty(folder: Path, bundle_name: str, may_empty: Callable[[Path], bool]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = list(folder.iterdir())
        if there and not (folder / bundle_name).is_file():
            _check(folder, may_empty)
        for path in there:
            _remove(path)
    except OSError as error:
        raise ProjectError(f'"{shown(folder)}" cannot be used for output: {error.strerror or error}.') from error


def _check(folder: Path, may_empty: Callable[[Path], bool]) -> None:
    if Path.cwd().is_relative_to(folder.resolve()):
        raise ProjectError(f'"{shown(folder)}" holds what is being released. Choose another --output-dir (-o).')
    if not may_empty(folder):
        raise ProjectError(
            f'"{shown(folder)}" is not empty and was not made by an earlier release. Nothing was removed. '
            "Empty it, choose another --output-dir (-o), or agree with --yes."
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def source_map_path(bundle_name: str, file: Path | None, folder: Path | None) -> Path | None:
    """Return the path of a source map; ``None`` if none is requested.

    Args:
        bundle_name: Name of the bundle.
        file: The file that was named. What does not end in ``.map`` is a folder, as the original tools have it.
        folder: The folder that was named; the file goes before it.

    """
    if file is not None and file.suffix == ".map":
        return file.absolute()
    where = file if file is not None else folder
    return None if where is None else where.absolute() / f"{bundle_name}.map"
