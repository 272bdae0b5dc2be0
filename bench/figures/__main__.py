"""Draw the labelled set, measure the comparator on it, write the report.

`python -m bench.figures draw|measure|report [--half report|tuning] [--plots N] [--only 3,17] [--kept FOLDER]`
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from bench.figures.baselines import distances
from bench.figures.making import make
from bench.figures.pairs import SUITES, Pair, Picture, all_pairs
from bench.figures.suites import prepare
from bench.figures.telling import tell
from PIL import Image

from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.picture.bitmap import opened

HALVES = {"tuning": (84, 20261129), "report": (105, 20311207)}
"""How many base plots each half has, and its seed. The report half was drawn after the thresholds were committed."""

_UNSEEN = 2
"""Channels that differ by no more, of 255, are not seen."""


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures", description=__doc__)
    parser.add_argument("what", choices=("draw", "measure", "report"))
    parser.add_argument("--half", choices=tuple(HALVES), default="report")
    parser.add_argument("--plots", type=int, default=0, help="only the first so many base plots")
    parser.add_argument("--only", type=_numbers, default=frozenset(), help="only these base plots, as in 3,17,22")
    parser.add_argument("--kept", type=Path, default=Path(".erc/figures"), help="where pictures and measures are kept")
    parser.add_argument("--at-once", type=int, default=2, help="how many processes measure")
    asked = parser.parse_args()
    asked.kept.mkdir(parents=True, exist_ok=True)
    measures = asked.kept / f"{asked.half}.jsonl"
    if asked.what == "draw":
        prepare(SUITES)
        make(_pictures(_pairs(asked.half, asked.plots, asked.only)), asked.kept.resolve())
    elif asked.what == "measure":
        _measure(_pairs(asked.half, asked.plots, asked.only), asked.kept.resolve(), measures, asked.at_once)
    else:
        print(tell([json.loads(line) for line in measures.read_text().splitlines()]))


def _numbers(said: str) -> frozenset[int]:
    return frozenset(int(one) for one in said.split(","))


def _pairs(half: str, plots: int, only: frozenset[int]) -> list[Pair]:
    count, seed = HALVES[half]
    pairs = all_pairs(count, seed)
    return [pair for pair in pairs if (not plots or pair.plot < plots) and (not only or pair.plot in only)]


def _pictures(pairs: list[Pair]) -> list[Picture]:
    return [picture for pair in pairs for picture in (pair.first, pair.second)]


def _measure(pairs: list[Pair], kept: Path, measures: Path, at_once: int) -> None:
    """Append a line for each pair that has none yet."""
    done = {json.loads(line)["name"] for line in measures.read_text().splitlines()} if measures.exists() else set()
    files = make(_pictures(pairs), kept)
    Image.MAX_IMAGE_PIXELS = None
    with measures.open("a") as file:
        left = [pair for pair in pairs if pair.name not in done and pair.first in files and pair.second in files]
        jobs = [(pair, files[pair.first], files[pair.second]) for pair in left]
        with Pool(at_once) as pool:
            for lines in pool.imap(_measured, jobs):
                file.writelines(json.dumps(line) + "\n" for line in lines)
                file.flush()


def _measured(job: tuple[Pair, Path, Path]) -> list[dict[str, Any]]:
    """Return what was found of a pair; nothing when its change does not show."""
    pair, first, second = job
    alike = first.read_bytes() == second.read_bytes()
    if pair.label != "same" and (alike or _shows_nothing(first, second)):
        print(f"{pair.name} makes no difference", file=sys.stderr)
        return []
    begun = time.process_time()
    found = compare_images(first.read_bytes(), second.read_bytes(), PixelBudget())
    seconds = time.process_time() - begun
    likeness = "identical" if alike else found.likeness.value if found.likeness else found.outcome.value
    line = {
        "name": pair.name, "plot": pair.plot, "kind": pair.first.plot.kind, "toolkit": pair.first.plot.toolkit,
        "label": pair.label, "change": pair.change, "rendering": pair.rendering, "hard": pair.hard, "likeness": likeness,
        "confidence": found.confidence, "seconds": round(seconds, 3), "others": distances(first, second),
    }  # fmt: skip
    return [line]


def _shows_nothing(first: Path, second: Path) -> bool:
    """Return whether no channel of two pictures differs by more than nobody sees: a node behind a surface moved."""
    one, other = (opened(path.read_bytes(), "", PixelBudget()).frame(0).astype(np.int16) for path in (first, second))
    return one.shape == other.shape and int(np.abs(one - other).max()) <= _UNSEEN


if __name__ == "__main__":
    main()
