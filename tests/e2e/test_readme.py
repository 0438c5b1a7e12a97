"""What the README promises: its example works when pasted, and the demo runs to its end."""

import os
import re
import subprocess
import sys
from pathlib import Path

from codepush import CodePush

ROOT = Path(__file__).parent.parent.parent


def test_example_in_the_readme(codepush_server, tmp_path):
    """The Python lines of the first screen run as they stand, but for the server's address."""
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    environment = os.environ | {
        "CODEPUSH_ACCESS_KEY": codepush_server.access_key,
        "CODEPUSH_SERVER_URL": codepush_server.url,
    }
    script = example.replace("http://127.0.0.1:3000", codepush_server.url)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "v1\n"), done.stderr


def test_methods_in_the_readme():
    """The README lists exactly the methods that the SDK has."""
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## The SDK")[2].partition("`release` takes")[0]
    )
    listed = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", section))
    assert listed == {name for name in vars(CodePush) if name[0].islower() and name != "close"}


def test_demo():
    """``make demo`` ends well, and its last word says so."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All as expected" in done.stdout
