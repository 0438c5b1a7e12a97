"""A sample of what ``make fuzz`` runs."""

import re
import subprocess
import sys
from pathlib import Path

FUZZER = Path(__file__).parents[3] / "tools/fuzz_archives.py"


def test_hostile_archives_are_refused_or_read():
    """Of a few thousand damaged and hostile archives, some are read and most refused; nothing else happens."""
    command = [sys.executable, FUZZER, "--count", "4000", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"4,000 archives in .*: ([\d,]+) read, ([\d,]+) refused; no failure", done.stdout)
    assert found
    assert 400 < int(found[1].replace(",", "")) < int(found[2].replace(",", ""))
