#!/bin/sh
# Install the command line of this checkout into a virtual environment of its own.
# Usage: install.sh FOLDER
set -eu
checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Error: codepush needs Python 3.11 or newer, and this job has $(python3 --version 2>&1 || echo none)." >&2
    echo "Install one before: actions/setup-python on GitHub, or another image elsewhere." >&2
    exit 1
fi
python3 -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check "${checkout}[signing]"
