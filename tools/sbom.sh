#!/usr/bin/env bash
# List the locked dependencies of the server and its image, with their hashes, as CycloneDX JSON.
# Usage: tools/sbom.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
# The requirements name no dependencies of each other, which the library remarks on.
PYTHONWARNINGS='ignore:The Component this BOM is describing' \
    cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
    --output-file "$1/codepush.cdx.json" requirements/server.txt
