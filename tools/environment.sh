#!/usr/bin/env bash
# Create .venv with the locked dependencies of development and tests.
# Usage: tools/environment.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

"$python" - <<'CHECK' || { echo "codepush needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
import sys
sys.exit(sys.version_info < (3, 11))
CHECK

# Use uv if it is installed, otherwise a local copy: nothing is installed outside this folder.
if command -v uv >/dev/null; then
    uv=uv
else
    uv=.uv/bin/uv
    [ -x "$uv" ] || { "$python" -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv; }
fi

[ -x .venv/bin/python ] || "$uv" venv --quiet --python "$python" .venv
"$uv" pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes requirements/dev.txt
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
touch .venv/ready
