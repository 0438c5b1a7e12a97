#!/usr/bin/env bash
# Install servers for the tests that are not on PyPI, with apt as root, unless they are installed.
# Usage: tools/services.sh PROGRAM...     (postgres, nginx, wrk)
# A failed installation is not an error here: the tests that need the server fail with a message.
set -euo pipefail

[ "${CODEPUSH_TEST_OFFLINE:-}" = 1 ] && exit 0

is_there() { # is_there PROGRAM
    command -v "$1" >/dev/null || compgen -G "/usr/sbin/$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null
}

package_of() { # package_of PROGRAM
    case $1 in
        postgres) echo postgresql ;;
        nginx) echo nginx-light ;;
        *) echo "$1" ;;
    esac
}

missing=()
for program in "$@"; do
    is_there "$program" || missing+=("$(package_of "$program")")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "tools/services.sh: the tests want ${missing[*]}, which only root can install here (apt-get install ${missing[*]})." >&2
    exit 0
fi
# Do not start system services or clusters: tests start their own.
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt=(apt-get -q -y -o DPkg::Lock::Timeout=300)
"${apt[@]}" install --no-install-recommends "${missing[@]}" ||
    { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } ||
    echo "tools/services.sh: ${missing[*]} could not be installed." >&2
