"""`make bench`: every figure in one run, printed as a table and written to bench/latest.json."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench import jobs, latency, sse, startup, uploads, workspaces
from bench.report import Figure, table, write
from support.service import running


def main() -> int:
    """Run what is named on the command line, all by default; exit code 1 when a goal is missed."""
    wanted = set(sys.argv[1:]) or {"startup", "jobs", "latency", "sse", "uploads", "workspaces"}
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="erc-bench-") as name:
        root = Path(name)
        if "startup" in wanted:
            figures += startup.figures(root)
        if wanted & {"jobs", "latency", "sse", "uploads"}:
            home = root / "home"
            home.mkdir()
            with running(home) as service:
                if "jobs" in wanted:
                    figures += jobs.figures(service)
                if "latency" in wanted:
                    figures += latency.figures(service, *service.servers())
                if "sse" in wanted:
                    figures += sse.figures(service, *service.servers())
                if "uploads" in wanted:
                    figures += uploads.figures(service)
        if "workspaces" in wanted:
            figures += workspaces.figures(root)
    write(figures)
    print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
