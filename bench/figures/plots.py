"""Base plots: what is drawn, apart from how; the values and the words of each come from its seed alone."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace
from typing import Any

KINDS = (
    "scatter", "groups", "line", "lines", "bars", "grouped", "stacked", "hist", "box", "heat", "errors", "step",
    "area", "pie", "panels", "density", "regression", "labelled", "surface", "cloud", "dots",
)  # fmt: skip
TOOLKITS = ("base", "ggplot", "matplotlib", "seaborn")

_NOUNS = (
    "Rainfall", "Growth", "Biomass", "Reaction time", "Error", "Salinity", "Abundance", "Yield", "Temperature",
    "Deposition", "Response", "Mortality", "Travel time", "Income", "Density", "Heart rate", "Concentration", "Depth",
)  # fmt: skip
_BY = (
    "by month",
    "by site",
    "per treatment",
    "over time",
    "after 30 days",
    "in 2014",
    "of 12 plots",
    "and model fit",
    "by age",
)
_UNITS = ("cm", "mm", "kg", "mg/l", "days", "m", "%", "ms", "km", "years", "kPa", "t/ha")
_NAMES = (
    "control", "low", "high", "north", "south", "spring", "autumn", "model A", "model B", "treated", "adult", "juvenile",
    "oak", "pine", "beech", "urban", "rural", "2012", "2013", "site 1", "site 2", "mean", "median", "observed",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Plot:
    """One figure to draw."""

    kind: str
    toolkit: str
    data: dict[str, Any]
    texts: dict[str, Any] = field(default_factory=dict)


def base_plots(count: int, seed: int) -> list[Plot]:
    """Return `count` different plots; kinds and toolkits take turns."""
    pairs = [(kind, toolkit) for kind in KINDS for toolkit in TOOLKITS]
    random.Random(seed).shuffle(pairs)
    return [plot_of(*pairs[at % len(pairs)], seed=seed * 100_003 + at) for at in range(count)]


def plot_of(kind: str, toolkit: str, seed: int) -> Plot:
    """Return the plot of a kind; another seed gives other values and other words."""
    rng = random.Random(seed)
    names = rng.sample(_NAMES, 6)
    noun, other = rng.sample(_NOUNS, 2)
    texts = {
        "title": f"{noun} {rng.choice(_BY)}" if rng.random() < 0.8 else f"{noun} (n = {rng.randint(12, 480)})",
        "x": f"{other} ({rng.choice(_UNITS)})",
        "y": f"{noun} ({rng.choice(_UNITS)})",
        "names": names,
        "note": f"r = {rng.uniform(0.2, 0.98):.2f}, p = {rng.uniform(0.001, 0.2):.3f}",
    }
    return Plot(kind, toolkit, values(kind, rng), texts)


def reseeded(plot: Plot, seed: int) -> Plot:
    """Return the same plot of another sample."""
    return replace(plot, data=values(plot.kind, random.Random(seed)))


def values(kind: str, rng: random.Random) -> dict[str, Any]:
    """Draw the values of a kind."""
    scale = rng.choice((1, 1, 10, 100))
    if kind in {"scatter", "regression", "groups", "cloud", "panels"}:
        return _points(kind, rng, scale)
    if kind in {"line", "lines", "step", "area", "density", "dots"}:
        return _series(kind, rng, scale)
    if kind in {"hist", "box"}:
        return _samples(kind, rng, scale)
    if kind in {"heat", "surface"}:
        return _grid(kind, rng)
    count = 1 if kind in {"bars", "errors", "labelled", "pie"} else 3
    bars = rng.randint(4, 6)
    rows = [[round(scale * rng.uniform(2, 10), 2) for _ in range(bars)] for _ in range(count)]
    return {"rows": rows, "errors": [round(0.15 * value * rng.uniform(0.4, 1.2), 3) for value in rows[0]]}


def _points(kind: str, rng: random.Random, scale: float) -> dict[str, Any]:
    many = {"cloud": 250, "panels": 60, "groups": 45}.get(kind, rng.randint(20, 40))
    x = [round(rng.gauss(10, 3), 3) for _ in range(many)]
    y = [round(scale * (2 + 0.6 * value + rng.gauss(0, 1.4)), 3) for value in x]
    return {"x": x, "y": y, "g": [at % (4 if kind == "panels" else 3) for at in range(many)]}


def _series(kind: str, rng: random.Random, scale: float) -> dict[str, Any]:
    count = {"lines": 4, "density": 2}.get(kind, 1)
    steps = {"density": 60, "dots": 7}.get(kind, rng.randint(12, 24))
    rows = []
    for _ in range(count):
        level, rows_one = rng.uniform(3, 8), []
        middle, width = rng.uniform(0.3, 0.7) * steps, rng.uniform(0.1, 0.2) * steps
        for at in range(steps):
            level += rng.gauss(0.1, 0.9)
            bell = 10 * math.exp(-((at - middle) ** 2) / (2 * width**2))
            rows_one.append(round(scale * (bell if kind == "density" else abs(level) + 1), 3))
        rows.append(rows_one)
    return {"x": list(range(1, steps + 1)), "rows": rows}


def _samples(kind: str, rng: random.Random, scale: float) -> dict[str, Any]:
    if kind == "hist":
        bins = rng.randint(8, 12)
        counts = [max(1, round(40 * math.exp(-((at - bins / 2) ** 2) / 6) + rng.uniform(-4, 4))) for at in range(bins)]
        return {"counts": counts, "low": rng.randint(0, 20), "width": rng.choice((1, 2, 5))}
    groups = [
        [round(scale * rng.gauss(5 + step, 1.2), 3) for _ in range(25)]
        for step in (rng.uniform(0, 3) for _ in range(4))
    ]
    return {"rows": groups}


def _grid(kind: str, rng: random.Random) -> dict[str, Any]:
    rows, columns = (14, 14) if kind == "surface" else (rng.randint(4, 7), rng.randint(5, 8))
    a, b = rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.6)
    noise = 0.02 if kind == "surface" else 0.35
    return {
        "rows": [
            [round(math.sin(a * i) + math.cos(b * j) + rng.gauss(0, noise), 3) for j in range(columns)]
            for i in range(rows)
        ]
    }
