#!/usr/bin/env bash
# Lint the files in deploy/, without a container engine or a cluster.
set -euo pipefail
cd "$(dirname "$0")/.."
hadolint deploy/Dockerfile
check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose*.yaml
find deploy/kubernetes -name '*.yaml' ! -name kustomization.yaml -exec kubernetes-validate --strict --quiet {} +
python tools/kustomizations.py deploy/kubernetes
