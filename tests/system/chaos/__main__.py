"""`PYTHONPATH=tests python -m system.chaos --kills N --seed S`: the last line says what became of everything."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from system.chaos.run import Plan, run


def main() -> int:
    """Run, print, return the exit code: 0 when every invariant holds."""
    parser = argparse.ArgumentParser(prog="python -m system.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shipped-lease", action="store_true", help="use the shipped lease: 30 s, a beat every 10 s")
    parser.add_argument("--least", type=int, default=0, help="how often each moment of each process must be hit")
    parser.add_argument("--no-keys", action="store_true", help="send no Idempotency-Key")
    parser.add_argument("--own-engine", action="store_true", help="use, kill and stop an engine of our own (root)")
    parser.add_argument("--work", type=Path, help="folder for all state, kept; by default one that is removed")
    given = parser.parse_args()
    plan = Plan(
        kills=given.kills,
        seed=given.seed,
        shipped_lease=given.shipped_lease,
        least=given.least,
        send_keys=not given.no_keys,
        own_engine=given.own_engine,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.work:
        given.work.mkdir(parents=True)
        return run(plan, given.work)
    with tempfile.TemporaryDirectory(prefix="erc-chaos-", ignore_cleanup_errors=True) as folder:
        return run(plan, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
