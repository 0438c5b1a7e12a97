"""The options for the database and the storage, common to all server commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.server.settings import Settings

__all__ = ["load_settings", "place_options"]

_DATABASE: Final = "Database: sqlite:///FILE or postgresql://USER@HOST/NAME.  [CODEPUSH_DATABASE_URL]"


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for the database and the storage."""
    for option in (
        click.option(
            "--storage-url", metavar="URL", help="Storage of archives: a folder or bucket.  [CODEPUSH_STORAGE_URL]"
        ),
        click.option("--database-url", metavar="URL", help=_DATABASE),
        click.option("--data", metavar="DIR", help="Folder for database and archives.  [CODEPUSH_DATA]"),
    ):
        command = option(command)
    return command


def load_settings(places: dict[str, str | None], *, address: str = "http://127.0.0.1:3000") -> Settings:
    """Return the settings of the options and the environment."""
    from codepush.server.settings import Settings

    return Settings.load(places, os.environ, address=address)
