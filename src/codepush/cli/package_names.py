"""File names that one operating system stores and another does not."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codepush.cli.context import Cli

__all__ = ["check_names"]

_MOST_SHOWN: Final = 3


def check_names(cli: Cli, app: str, contents: str) -> None:
    """Warn once about file names that Windows changes, or that differ only in letter case.

    Args:
        cli: Context of the command.
        app: The app.
        contents: The directory or file to release.

    Raises:
        PackageError: The app runs on Windows and there is such a file, or the contents cannot be read.

    """
    from codepush.packaging.inspection import names_in
    from codepush.packaging.releasable import check_releasable, windows_faults

    names = list(names_in(contents))
    faults = list(windows_faults(names))
    if not faults:
        return
    if (cli.client.get_app(app).os or "").casefold() == "windows":
        check_releasable(names, for_windows=True)
    cli.out.warn(_sentence(faults))


def _sentence(faults: Iterable[tuple[str, str]]) -> str:
    listed = list(faults)
    shown = "; ".join(f'"{name}": {reason}' for name, reason in islice(listed, _MOST_SHOWN))
    more = f"; and {len(listed) - _MOST_SHOWN} more" if len(listed) > _MOST_SHOWN else ""
    return f"Windows does not store these names unchanged, and macOS may not either: {shown}{more}."
