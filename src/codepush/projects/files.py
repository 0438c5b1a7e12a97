"""Reading the files of a project."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from codepush.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["first_file", "read_json", "read_text", "shown", "unreadable"]


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        ProjectError: It cannot be read.

    """
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise unreadable(path, error) from error


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON is anything
    """Return the content of a JSON file.

    Raises:
        ProjectError: It cannot be read or is no JSON.

    """
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise ProjectError(f'"{shown(path)}" is not valid JSON: {error}.') from error


def unreadable(path: Path, error: OSError) -> ProjectError:
    """Return the error for a file that cannot be read."""
    return ProjectError(f'"{shown(path)}" cannot be read: {error.strerror or error}.')


def first_file(*candidates: Path) -> Path | None:
    """Return the first path that is a file, or ``None``."""
    return next((path for path in candidates if path.is_file()), None)


def shown(path: Path) -> str:
    """Return a path relative to the working directory, for display."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return str(path) if relative.startswith("..") else relative
