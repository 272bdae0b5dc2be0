"""`erc up` against importing the product once."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Figure
from support.service import running

ROUNDS = 3
IMPORTS = """
import erc.gateway.__main__, erc.events.__main__, erc.migrations.__main__
for name in ("loader", "metadata", "builder", "executor", "checker", "indexer", "shipper"):
    __import__(f"erc.workers.{name}.__main__")
"""


def figures(home: Path) -> list[Figure]:
    ours, floor = [], []
    with tempfile.TemporaryDirectory(dir=home) as name:
        state = Path(name) / "home"
        state.mkdir()
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", IMPORTS], check=True)
            floor.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            with running(state):
                ours.append(time.perf_counter() - begun)
    mine, theirs = statistics.median(ours), statistics.median(floor)
    return [
        Figure(
            "erc up, ready ÷ importing the product",
            mine / theirs,
            "×",
            "≤ 4 ×",
            mine <= 4 * theirs,
            f"import {theirs:.2f} s, ready {mine:.2f} s",
        ),
    ]
