"""Recorded answers of the original implementation, read from the folder in ``CODEPUSH_VECTORS``."""

import json
import os
from pathlib import Path

FOLDER = Path(os.environ.get("CODEPUSH_VECTORS") or Path(__file__).parent.parent / "vectors")


def load(name):
    """Return the parsed content of ``<folder>/<name>.json``."""
    with vector_path(f"{name}.json").open(encoding="utf-8") as file:
        return json.load(file)


def vector_path(relative):
    """Return the path of a file in the folder."""
    return FOLDER / relative
