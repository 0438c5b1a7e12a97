"""The project file: defaults for the commands in one repository.

It is ``.codepush.toml``, or the table ``[tool.codepush]`` of ``pyproject.toml``, in the working directory or above it,
up to the root of the repository.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from codepush.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FILE_NAME", "KEYS", "Project", "find_project", "read_project"]

FILE_NAME: Final = ".codepush.toml"
_PYPROJECT: Final = "pyproject.toml"

KEYS: Final = {
    "server": "Server URL, such as https://codepush.example.com.",
    "app": "Default app of commands.",
    "deployment": "Default deployment of releases.  [Staging]",
    "private-key-path": "Private key to sign releases with, relative to this file.",
    "ca-file": "CA bundle to use instead of the system's, relative to this file.",
}
"""The keys of a project file."""


@dataclass(frozen=True)
class Project:
    """The values of the project file, ``None`` if unset. ``path`` is the file, if there is one."""

    path: Path | None = None
    server: str | None = None
    app: str | None = None
    deployment: str | None = None
    private_key_path: Path | None = None
    ca_file: Path | None = None


def find_project(folder: Path) -> Project:
    """Return the nearest project file, or an empty project if there is none.

    Args:
        folder: Folder to start the search in.

    Raises:
        ConfigurationError: The file cannot be read or is invalid.

    """
    for place in _upwards(folder):
        for name in (FILE_NAME, _PYPROJECT):
            if (place / name).is_file() and (project := read_project(place / name)):
                return project
    return Project()


def read_project(path: Path) -> Project | None:
    """Return the values of one file, or ``None`` for a ``pyproject.toml`` without ``[tool.codepush]``.

    Raises:
        ConfigurationError: The file cannot be read or is invalid.

    """
    table: Any = _parsed(path)
    if path.name == _PYPROJECT:
        table = table.get("tool", {}).get("codepush")
        if table is None:
            return None
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: tool.codepush must be a table.")
    return Project(path=path, **_checked(path, table))


def _upwards(folder: Path) -> Iterator[Path]:
    """Yield a folder and its parents, up to the root of the repository."""
    for place in (folder, *folder.parents):
        yield place
        if (place / ".git").exists():
            return


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error


def _checked(path: Path, table: Mapping[str, object]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            raise ConfigurationError(f"{path}: unknown key '{key}'.{_alike(key)}")
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{path}: '{key}' must be a non-empty string.")
        field = key.replace("-", "_")
        checked[field] = path.parent / Path(value).expanduser() if field in _PATHS else value
    return checked


def _alike(key: str) -> str:
    from difflib import get_close_matches

    alike = get_close_matches(key.replace("_", "-").lower(), KEYS, n=1)
    return f" Did you mean '{alike[0]}'?" if alike else f" Known keys: {', '.join(KEYS)}."


_PATHS: Final = frozenset(field.name for field in fields(Project) if "Path" in str(field.type)) - {"path"}
