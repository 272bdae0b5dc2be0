"""Detection and plan of a workspace of 10,000 files."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.report import Figure
from support.planning import manifest_of

from erc.workers.builder.domain.plan import plan
from erc.workers.builder.domain.r_archive import suites_with
from erc.workers.metadata.domain import describe

FILES, ROUNDS = 10_000, 5
T = TypeVar("T")
R_PACKAGES = ("sf", "units", "dplyr", "ggplot2", "jsonlite", "terra", "lme4", "xml2")


def figures(_home: Path) -> list[Figure]:
    files = workspace()
    manifest = manifest_of(files)
    describing, description = timed(lambda: describe(manifest, lambda entry: files[entry.path]))
    planning, made = timed(lambda: plan(description, manifest, files.__getitem__))
    assert len(made.packages) > 100, "the workspace asks for too little"
    assert all(suites_with(package.name) for package in made.packages if package.name.startswith("r-cran"))
    said = f"{len(made.packages)} packages, {len(made.decisions)} decisions; metadata {describing:.2f} s beside it"
    return [
        Figure(f"detection and plan, {len(files):,} files", planning, "s", "< 1 s", planning < 1, said),
    ]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times), result


def workspace() -> dict[str, bytes]:
    """Return 10,000 files: data, code that names code, a lock file of R and requirements of Python."""
    named = "\n".join(f'source("R/part{number}.R")' for number in range(200))
    chunks = "\n".join(f'knitr::knit_child("text/part{number}.Rmd")' for number in range(100))
    packages = {
        name: {"Package": name, "Version": "1.0", "Source": "Repository", "Hash": "0" * 32}
        for name in [*R_PACKAGES, *(f"nosuch{number}" for number in range(200))]
    }
    files = {
        "main.Rmd": f"---\ntitle: A\n---\n\n```{{r}}\n{named}\n{chunks}\nlibrary(sf)\n```\n".encode(),
        "display.html": b"<p>A</p>",
        "renv.lock": json.dumps({"R": {"Version": "4.1.2"}, "Packages": packages}, indent=2).encode(),
        "requirements.txt": "".join(f"package-{number}==1.{number}\n" for number in range(200)).encode(),
        "apt.txt": b"gdal-bin\n",
    }
    for number in range(2000):
        files[f"R/part{number}.R"] = f"library({R_PACKAGES[number % 8]})\nx <- {number}\n".encode() * 20
    for number in range(500):
        files[f"text/part{number}.Rmd"] = b"Text.\n\n```{r}\nlibrary(units)\n```\n" * 10
        files[f"py/part{number}.py"] = b"import numpy\nimport pandas\n" * 10
    for number in range(FILES - len(files)):
        files[f"data/{number % 50}/{number}.csv"] = b"a,b\n1,2\n"
    return files
