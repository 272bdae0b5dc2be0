#!/bin/sh
# Finds a Python to run the set-up with, installing one where a Debian or Ubuntu has none, and hands over to it.
set -eu
cd "$(dirname "$0")/../.."

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ] && command -v apt-get >/dev/null 2>&1; then
    echo "There is no Python from 3.11 to 3.14 here. The set-up begins by installing the system's python3 (60 MB)."
    if [ "${YES:-}" != 1 ] && [ -t 0 ]; then
        printf 'Go on? [Y/n] '
        read -r answer
        case "$answer" in [nN]*) exit 1 ;; esac
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo="sudo env ${http_proxy:+http_proxy=$http_proxy} ${https_proxy:+https_proxy=$https_proxy}"
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
    python=$(find_python)
fi
if [ -z "$python" ]; then
    echo "Python from 3.11 to 3.14 is needed; install one (python3) and run this again." >&2
    exit 1
fi
exec "$python" -m deploy.setup "$@"
