"""Write the OpenAPI document that the server serves to docs/openapi.json.

python tools/openapi.py           write the file
python tools/openapi.py --check   write nothing; exit 1 when the file is not up to date
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from typing import Final

from codepush.wire.openapi import document

ROOT: Final = Path(__file__).parent.parent
TARGET: Final = ROOT / "docs/openapi.json"


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description="Write the OpenAPI document.")
    parser.add_argument("--check", action="store_true", help="only check whether the file is up to date")
    only_check = parser.parse_args().check
    text = json.dumps(document(version("codepush")), indent=2) + "\n"
    if only_check:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET.relative_to(ROOT)} is not up to date: run 'python tools/openapi.py'")
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
