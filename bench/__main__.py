"""`make bench`: every figure in one run, printed as a table and written to bench/latest.json."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    checks,
    downloads,
    jobs,
    latency,
    lists,
    many_uploads,
    pipeline,
    plans,
    relay,
    simulation,
    sources,
    sse,
    startup,
    story,
    uploads,
    workspaces,
)
from bench.report import Figure, table, write
from support.service import Service, running

OF_A_SERVICE: dict[str, Callable[[Service], list[Figure]]] = {
    "downloads": downloads.figures,
    "jobs": jobs.figures,
    "latency": lambda service: latency.figures(service, *service.servers()),
    "pipeline": lambda service: pipeline.figures(service, *service.servers()),
    "sse": lambda service: sse.figures(service, *service.servers()),
    "sources": sources.figures,
    "story": story.figures,
    "uploads": uploads.figures,
    "many_uploads": many_uploads.figures,
}
ALONE: dict[str, Callable[[Path], list[Figure]]] = {
    "startup": startup.figures,
    "workspaces": workspaces.figures,
    "lists": lists.figures,
    "plans": plans.figures,
    "relay": relay.figures,
    "simulation": simulation.figures,
    "checks": checks.figures,
}


def main() -> int:
    """Run what is named on the command line, all by default; exit code 1 when a goal is missed."""
    wanted = set(sys.argv[1:]) or {*OF_A_SERVICE, *ALONE}
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="erc-bench-") as name:
        root = Path(name)
        for part in (name for name in ALONE if name in wanted):
            figures += ALONE[part](root)
        if wanted & {*OF_A_SERVICE}:
            home = root / "home"
            home.mkdir()
            with running(home) as service:
                for part in (name for name in OF_A_SERVICE if name in wanted):
                    figures += OF_A_SERVICE[part](service)
    write(figures)
    print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
