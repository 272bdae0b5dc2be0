#!/bin/sh
# Makes the base image of the suite, where the engine does not keep it yet: as this user, else with sudo.
set -eu
cd "$(dirname "$0")/../.."
log=.erc/setup/base.log
mkdir -p .erc/setup
if .venv/bin/python -m erc.workers.builder.bases 2>"$log"; then
    exit 0
fi
if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null 2>&1; then
    echo "It is tried again with sudo and debootstrap."
    exec sudo env ${DOCKER_HOST:+DOCKER_HOST="$DOCKER_HOST"} ${BUILDER_BASE:+BUILDER_BASE="$BUILDER_BASE"} \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        .venv/bin/python -m erc.workers.builder.bases
fi
cat "$log" >&2
exit 1
