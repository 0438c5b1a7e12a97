"""Values that a project sets in a way that only its build can work out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.errors import ProjectError
from codepush.projects.files import shown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Unknown", "placed"]


class Unknown(ProjectError):
    """A value that cannot be evaluated. It is never replaced by one of lower priority.

    Attributes:
        reason: The part that cannot be evaluated: a clause without a full stop.
        file: The file that sets the value, if one does.
        line: The line in it, from 1; 0 if unknown.

    """

    def __init__(self, reason: str, file: Path | None = None, line: int = 0) -> None:
        super().__init__(f"{reason}{'' if file is None else f' in {placed(file, line)}'}.")
        self.reason = reason
        self.file = file
        self.line = line

    def within(self, file: Path, line: int = 0) -> Unknown:
        """Return the error with a file and line, unless it already has them."""
        return self if self.file is not None else Unknown(self.reason, file, self.line or line)

    def about(self, what: str, option: str) -> ProjectError:
        """Return the error for users.

        Args:
            what: What could not be read, such as ``versionName``.
            option: How to do without it: a sentence.

        """
        place = "" if self.file is None else f" in {placed(self.file, self.line)}"
        return ProjectError(f"Cannot read {what}{place}: {self.reason}. {option}")


def placed(file: Path, line: int) -> str:
    """Return a place in a file: ``"android/app/build.gradle", line 12``."""
    return f'"{shown(file)}"' + (f", line {line}" if line else "")
