"""The real command in a process of its own, as a person or a CI job runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("codepush"))


class CommandLine:
    """Somebody with a home folder and a working directory of their own."""

    def __init__(self, folder, **environment):
        self.home = folder / "home"
        self.folder = folder / "work"
        self.timeout = 120
        self.home.mkdir()
        self.folder.mkdir()
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        # No keyring: the one of the person who runs the tests is not to be touched.
        self.environment = kept | {"HOME": str(self.home), "CODEPUSH_KEYRING": "off"} | environment

    def run(self, *words, stdin="", **environment):
        """Run a command to its end."""
        return subprocess.run(
            [COMMAND, *map(str, words)],
            cwd=self.folder,
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )

    def text(self, *words, **options):
        """Run a command that succeeds, and return what it says on stdout, without the line break at its end."""
        done = self.run(*words, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")

    def json(self, *words, **options):
        """Run a command that succeeds, and return the JSON that it writes."""
        return json.loads(self.text(*words, "--format", "json", **options))

    def fails(self, *words, **options):
        """Run a command that fails without a word on stdout, and return its exit code and what it says on stderr."""
        done = self.run(*words, **options)
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr, done.stderr
        assert done.stdout == ""
        return done.returncode, done.stderr
