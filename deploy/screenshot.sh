#!/bin/sh
# Takes the README's picture: starts a service of its own, runs an example, photographs the job's page.
set -eu
example=$1
picture=$2
folder=$(mktemp -d)
export ERC_HOME="$folder/home"
.venv/bin/python -m erc.deploy --home "$ERC_HOME" > "$folder/log" 2>&1 &
service=$!
trap 'kill "$service" 2>/dev/null; wait "$service" 2>/dev/null; rm -rf "$folder"' EXIT
tries=0
until [ -e "$ERC_HOME/service.json" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$service" 2>/dev/null; then
        cat "$folder/log"
        exit 1
    fi
    sleep 0.1
done
.venv/bin/erc run "$example" --force --json > "$folder/job.json" || true
read_value() { .venv/bin/python -c "import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])" "$1" "$2"; }
url=$(read_value "$ERC_HOME/service.json" url)
job=$(read_value "$folder/job.json" job_id)
.venv/bin/python -m erc.deploy.screenshot "$url/job/$job" "$picture" --height 1150 --token "$(.venv/bin/erc open --print)"
