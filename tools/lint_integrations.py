"""Check integrations/ and the recipes of docs/ci.md against the schemas of the CI services.

A recipe is a YAML block after a line ``<!-- schema: NAME -->``, with the name of a schema that check-jsonschema has.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
_RECIPE = re.compile(r"^<!-- schema: ([\w-]+) -->\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOCUMENTS = re.compile(r"^---$", re.MULTILINE)

_OPTIONS = {
    "azure-pipelines": ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
    "gitlab-ci": ("--data-transform", "gitlab-ci"),
}
"""What check-jsonschema needs for a schema."""


def files() -> Iterator[tuple[str, str, str]]:
    """Yield a name, the schema and the text of each file and recipe; of a file with several documents, each one."""
    yield "action.yml", "github-actions", (ROOT / "integrations/github/action.yml").read_text(encoding="utf-8")
    template = (ROOT / "integrations/gitlab/template.yml").read_text(encoding="utf-8")
    for number, document in enumerate(_DOCUMENTS.split(template)):
        yield f"template-{number}.yml", "gitlab-ci", document
    guide = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    for number, (schema, text) in enumerate(_RECIPE.findall(guide), start=1):
        yield f"recipe-{number}.yml", schema, text


def main() -> int:
    """Check all of them, and return 1 if one does not fit its schema."""
    failed = 0
    with TemporaryDirectory() as folder:
        for name, schema, text in files():
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            command = ["check-jsonschema", "--quiet", "--builtin-schema", f"vendor.{schema}", *_OPTIONS.get(schema, ())]
            failed |= subprocess.run([*command, str(path)], check=False).returncode
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
