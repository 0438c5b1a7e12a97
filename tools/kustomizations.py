"""Check that every kustomization names files that are there, and that no file is forgotten.

Usage: python tools/kustomizations.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml


def main(folder: Path) -> int:
    """Print what is wrong; return 1 if anything is."""
    wrong = [line for path in sorted(folder.rglob("kustomization.yaml")) for line in _faults(path)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def _faults(path: Path) -> list[str]:
    named = set(yaml.safe_load(path.read_text())["resources"])
    there = {one.name for one in path.parent.glob("*.yaml")} - {path.name}
    return [
        *(f"{path}: {name} is named and not there" for name in named if not (path.parent / name).exists()),
        *(f"{path}: {name} is there and not named" for name in there - named),
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
