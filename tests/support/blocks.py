"""Code blocks of Markdown pages, and the comments that keep the tests from running them."""

import re
import textwrap
from dataclasses import dataclass

SHELL = frozenset({"bash", "console", "sh", "shell", "zsh"})
PYTHON = frozenset({"py", "pycon", "python", "python3"})
REASONS = frozenset(
    {
        "needs a device",
        "needs a Mac",
        "needs a vendor",  # an account, a tool or a service of another company
        "needs an operator's machine",  # systemd, Kubernetes, a database server, a bucket
        "illustrates",  # part of a program, or output
    }
)
"""What may stand in ``<!-- not run: REASON -->``, on the line before a block."""

_FENCE = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^\n]*?) -->\n)?"
    r"^(?P<indent> *)(?P<fence>```+|~~~+)(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)(?P=fence) *$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A code block: its text, the language of its fence in lower case, and the line of its fence.

    ``reason`` is what the comment before the block says, if there is one.
    """

    text: str
    language: str
    line: int
    reason: str | None

    @property
    def is_shell(self):
        return self.language in SHELL

    @property
    def is_python(self):
        return self.language in PYTHON


def blocks_of(markdown):
    """Return the code blocks of a page in their order."""
    return [
        Block(
            text=textwrap.dedent(found["text"]),
            language=found["language"].lower(),
            line=markdown.count("\n", 0, found.start("fence")) + 1,
            reason=found["reason"],
        )
        for found in _FENCE.finditer(markdown)
    ]
