#!/usr/bin/env bash
# Lock versions with hashes and without download addresses.
# Usage: tools/lock.sh [--upgrade | --check]     (--check: fail if pyproject.toml requires something else)
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .uv/bin/uv)
mode=${1:-}

lock() { # lock FILE OPTIONS...
    local file=$1 target=$1
    shift
    if [ "$mode" = --check ]; then
        target=$(mktemp)
        cp "$file" "$target"
    fi
    "$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
        --python-version 3.11 $([ "$mode" = --upgrade ] && echo --upgrade) "$@" pyproject.toml --output-file "$target"
    if [ "$mode" = --check ] && ! diff -u "$file" "$target"; then
        echo "$file does not fit pyproject.toml: run 'tools/lock.sh' and commit it" >&2
        exit 1
    fi
}

lock requirements/dev.txt --all-extras --group dev
lock requirements/server.txt --extra server --extra postgres --extra otel # dependencies of the image in deploy/
