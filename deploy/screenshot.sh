#!/bin/sh
# Takes pictures of a job's page: starts a service of its own, runs an example, photographs the page. With a third and
# fourth argument, a file of the example and what sed does to it, it runs that, and takes the page light, dark, on a
# phone and as printed: PICTURE-light.png and so on.
set -eu
example=$1
picture=$2
folder=$(mktemp -d)
if [ $# -gt 2 ]; then
    cp -r "$example" "$folder/example"
    example=$folder/example
    sed -i "$4" "$example/$3"
fi
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
take() {
    .venv/bin/python -m erc.deploy.screenshot "$url/job/$job" "$@" --token "$(.venv/bin/erc open --print)"
}
if [ $# -gt 2 ]; then
    take "$picture-light.png" --height 1600
    take "$picture-dark.png" --height 1600 --dark
    take "$picture-phone.png" --width 390 --height 1700
    take "$picture-print.png" --width 800 --height 1130 --printed
else
    take "$picture" --height 1150
fi
