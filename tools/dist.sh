#!/usr/bin/env bash
# Build the source distribution, and the wheel from it, with the locked build backend.
# Usage: tools/dist.sh [FOLDER]    (dist by default; files of earlier builds are removed)
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .uv/bin/uv)
folder=${1:-dist}
rm -f "$folder"/codepush-*
"$uv" build --quiet --no-build-isolation --python .venv/bin/python --out-dir "$folder"
ls "$folder"
