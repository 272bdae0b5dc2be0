#!/bin/sh
# Pins every package with the hashes of the public index; no address of an index is written.
set -eu
cd "$(dirname "$0")/.."
export UV_FIND_LINKS= PIP_FIND_LINKS=
pin() {
    .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-header --no-annotate "$@"
}
pin pyproject.toml -o requirements/base.txt
pin pyproject.toml --extra server --extra s3 -c requirements/base.txt -o requirements/server.txt
pin pyproject.toml --extra server --extra s3 --group dev -c requirements/server.txt -o requirements/dev.txt
printf 'hatchling>=1.27\neditables>=0.5\n' | pin - -c requirements/dev.txt -o requirements/build.txt
printf 'uv>=0.13\n' | pin - -o requirements/pinning.txt
