"""`PYTHONPATH=tests python -m system.invariants --home HOME [--journal FILE]`; exit code 1 on any violation."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from .readers import Sources
from .verdict import report, settled


def main() -> int:
    """Check, print a line for each invariant, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m system.invariants", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the service's folder of state")
    parser.add_argument("--journal", type=Path, action="append", default=[], help="what a client saw; may be repeated")
    parser.add_argument("--nats", default="", help="address of NATS, unless it is the service's own")
    parser.add_argument("--database", default="", help="address of PostgreSQL, unless it is the service's own")
    parser.add_argument("--grace", type=float, default=60.0, help="seconds within which everything must have settled")
    given = parser.parse_args()
    sources = Sources.of(given.home, given.journal, given.nats, given.database)
    results, _ = asyncio.run(settled(sources, given.grace))
    print(report(results))
    return 1 if any(result.violations for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
