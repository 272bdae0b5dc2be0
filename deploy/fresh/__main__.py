"""`make test-fresh`: bootstrap fresh systems, clone the repository in each, run the README's lines, twice.

The tests, a quarter of an hour, run a second time on the first system only.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from erc.deploy.fresh.network import own_network
from erc.deploy.fresh.systems import SYSTEMS, System, bootstrap, copy
from erc.deploy.refusal import Refusal

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = _ROOT / ".erc" / "fresh"
_HANDED_OVER = ("http_proxy", "https_proxy", "no_proxy", "PYTEST_ADDOPTS")


def main() -> None:
    """Try every system, or those that the command line names; exit code 1 when one fails."""
    parser = argparse.ArgumentParser(prog="make test-fresh", description=__doc__)
    parser.add_argument("systems", nargs="*", help=f"any of {' '.join(system.name for system in SYSTEMS)}")
    parser.add_argument(
        "--again", choices=["none", "first", "all"], default="first", help="which systems run the tests a second time"
    )
    asked = parser.parse_args()
    wanted = asked.systems
    if os.geteuid():
        sys.exit("Fresh systems are made by root: sudo make test-fresh")
    try:
        lines = readme_lines((_ROOT / "README.md").read_text(encoding="utf-8"))
        chosen = [system for system in SYSTEMS if not wanted or system.name in wanted]
        quick = [line for line in lines if line != "make test"]
        twice = chosen[0].name if asked.again == "first" else None
        results = {
            system.name: _try(system, lines, lines if asked.again == "all" or system.name == twice else quick)
            for system in chosen
        }
    except Refusal as refusal:
        sys.exit(str(refusal))
    for name, code in results.items():
        print(f"{name}: {'fine' if code == 0 else f'failed with exit code {code}'}")
    sys.exit(0 if results and not any(results.values()) else 1)


def readme_lines(readme: str) -> list[str]:
    """Return the README's own commands, `make run` and `make test`. Raises Refusal when one is missing."""
    lines = [
        line.split("#")[0].strip() for line in readme.splitlines() if re.match(r"\s*(\$ )?make (run|test)(\s|$)", line)
    ]
    found = list(dict.fromkeys(line.removeprefix("$ ") for line in lines))
    if not {"make run", "make test"} <= set(found):
        raise Refusal("The README does not hold the lines `make run` and `make test`.")
    return found


def _try(system: System, lines: list[str], again: list[str]) -> int:
    _FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    print(f"{system.name}: bootstrapping …", flush=True)
    root = _FOLDER / system.name
    copy(bootstrap(system, _FOLDER), root, _ROOT)
    (root / "srv/lines.sh").write_text(_script(lines, again), encoding="utf-8")
    began = time.monotonic()
    with own_network() as network:
        command = [
            *("nsenter", f"--net=/run/netns/{network}"),
            *("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"),
            *("sh", str(Path(__file__).with_name("enter.sh")), str(root), "/srv/lines.sh"),
        ]
        code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    print(f"{system.name}: ended after {time.monotonic() - began:.0f} s with exit code {code}", flush=True)
    return code


def _script(lines: list[str], again: list[str]) -> str:
    """Return what the stranger types: the clone, each line, and what is typed a second time."""
    settings = [f"export {name}={shlex.quote(os.environ[name])}" for name in _HANDED_OVER if os.environ.get(name)]
    bundles = [name for name in ("SSL_CERT_FILE", "PIP_CERT") if os.environ.get(name)]
    settings += [f"export {name}=/etc/ssl/{name}.pem" for name in bundles]
    typed = [*lines, *again]
    timed = [f'echo "== {line}"; begin=$(date +%s); {line}; echo "== $(($(date +%s) - begin)) s"' for line in typed]
    return "\n".join(["set -eu", *settings, "git clone -q /srv/erc erc", "cd erc", *timed, ""])


if __name__ == "__main__":
    main()
