"""What a command line that is only asked for help does not load."""

import subprocess
import sys

PROGRAM = """
import sys
import click
from click.testing import CliRunner
from codepush.cli.main import ENTRIES, main

def leaves(command, words):
    if not isinstance(command, click.Group):
        yield words
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from leaves(command.get_command(context, name), [*words, name])

asked = 0
for name in ENTRIES:
    if name == "server":
        continue
    for words in leaves(main.get_command(None, name), [name]):
        result = CliRunner().invoke(main, [*words, "--help"])
        assert result.exit_code == 0, result.output
        assert "Usage:" in result.output
        asked += 1
loaded = {"httpx2", "rich", "msgspec", "starlette", "sqlalchemy", "keyring"} & set(sys.modules)
assert not loaded, loaded
assert asked > 25, asked
"""


def test_help_loads_nothing_heavy():
    """No command's help page needs the HTTP library, the models, rich or the server."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
