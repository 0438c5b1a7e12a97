"""The code blocks that ``support.blocks`` finds in a page."""

import pytest

from support.blocks import Block, blocks_of

PAGE = """# Page

```sh
codepush app list
```

1. In a list:

   <!-- not run: needs a device -->
   ```Python title="check.py"
   if True:
       print("```")
   ```

<!-- not run: illustrates -->

````md
```sh
not a block of its own
```
````
"""


def test_blocks():
    """Each has its text without the indentation of its list, its language and its line."""
    shell, python, markdown = blocks_of(PAGE)
    assert shell == Block("codepush app list\n", "sh", 3, None)
    assert python == Block('if True:\n    print("```")\n', "python", 10, "needs a device")
    assert (markdown.line, markdown.text.count("```")) == (17, 2)


def test_comment_before_an_empty_line():
    """The comment belongs to the line before the fence; elsewhere it does not keep a block from running."""
    assert blocks_of(PAGE)[2].reason is None


@pytest.mark.parametrize(
    ("language", "kinds"),
    [("sh", (True, False)), ("console", (True, False)), ("python", (False, True)), ("text", (False, False))],
)
def test_languages(language, kinds):
    """Shell and Python are told by the language of the fence."""
    (block,) = blocks_of(f"```{language}\n```\n")
    assert (block.is_shell, block.is_python) == kinds
