"""Which pictures are drawn and paired: everything follows from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.figures.changes import DATA_CHANGES, data_change, text_change, text_changes
from bench.figures.plots import Plot, base_plots

SUITES = ("bookworm", "trixie", "focal")
FONTS = ("DejaVu Sans", "Liberation Sans", "FreeSans", "Liberation Serif", "DejaVu Serif")
Style = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """One file to make: drawn in a suite in a style, then treated as a bitmap."""

    plot: Plot
    suite: str
    style: tuple[tuple[str, Any], ...] = ()
    bitmap: tuple[tuple[str, Any], ...] = ()
    copy: int = 0
    """Two drawings of the same in the same way, to learn whether the device repeats itself."""


@dataclass(frozen=True)
class Pair:
    """Two pictures and what is true of them."""

    name: str
    plot: int
    """The base plot's number: halves are made of whole plots."""
    label: str
    """`same`, `data` or `text`."""
    change: str
    rendering: str
    """How the second is drawn; empty: as the first."""
    first: Picture
    second: Picture

    @property
    def hard(self) -> bool:
        """Whether the suites differ."""
        return self.first.suite != self.second.suite


def all_pairs(plots: int, seed: int, suites: tuple[str, ...] = SUITES) -> list[Pair]:
    """Return the pairs of `plots` base plots: about 13 `same` and 11 `different` each."""
    pairs: list[Pair] = []
    for number, plot in enumerate(base_plots(plots, seed)):
        rng = random.Random(f"{seed}/{number}")
        home = rng.choice(suites)
        style: Style = {"dpi": 72} if plot.toolkit == "base" and rng.random() < 0.3 else {}
        first = _picture(plot, home, style)
        pairs += _same(number, first, style, suites, rng)
        pairs += _different(number, first, style, suites, rng)
    return pairs


def _picture(plot: Plot, suite: str, style: Style, bitmap: Style | None = None, copy: int = 0) -> Picture:
    return Picture(plot, suite, tuple(sorted(style.items())), tuple(sorted((bitmap or {}).items())), copy)


def _renderings(plot: Plot, home: str, style: Style, suites: tuple[str, ...], rng: random.Random) -> dict[str, Any]:
    """Name the ways to draw the same once more, each as (suite, style, treatment of the bitmap)."""
    other = rng.choice([suite for suite in suites if suite != home] or [home])
    dpi = style.get("dpi", 96 if plot.toolkit in {"base", "ggplot"} else 100)
    wide, high = (7, 5) if plot.toolkit in {"base", "ggplot"} else (6.4, 4.8)
    size = {"width": round(wide * rng.uniform(0.85, 1.2), 2), "height": round(high * rng.uniform(0.85, 1.2), 2)}
    font = {"font": rng.choice(FONTS)}
    return {
        "again": (home, style, {}),
        "encoding": (home, style, {"encode": rng.choice(("palette", "webp", "rgba", "gray16"))}),
        "jpeg": (home, style, {"jpeg": rng.randint(70, 95)}),
        "shift": (home, style, {"shift": rng.randint(1, 14), "side": rng.choice(("top", "left", "all"))}),
        "scaled": (home, style, {"scale": round(rng.uniform(0.75, 1.4), 3)}),
        "suite": (other, style, {}),
        "font": (home, style | font, {}),
        "dpi": (home, style | {"dpi": round(dpi * rng.choice((0.75, 1.25, 1.5, 2, 3)))}, {}),
        "size": (home, style | size, {}),
        "points": (home, style | {"points": rng.choice((9, 11, 13))}, {}),
        "rough": (home, style | {"smooth": False}, {}),
        "clear": (home, style | {"clear": True}, {}),
        "theme": (home, style | ({"tight": True} if plot.toolkit == "base" else {"theme": True}), {}),
        "layout": (home, style | {"tight": True}, {}),
        "suite+font": (other, style | font, {}),
        "suite+dpi": (other, style | {"dpi": round(dpi * rng.choice((1.25, 1.5, 2)))}, {}),
        "suite+size": (other, style | size, {}),
        "suite+jpeg": (other, style, {"jpeg": rng.randint(75, 95)}),
    }


def _same(number: int, first: Picture, style: Style, suites: tuple[str, ...], rng: random.Random) -> Iterator[Pair]:
    ways = _renderings(first.plot, first.suite, style, suites, rng)
    names = [
        "suite",
        "suite+font",
        "suite+dpi",
        *rng.sample([name for name in ways if name not in {"suite", "suite+font", "suite+dpi"}], 10),
    ]
    for name in names:
        suite, how, bitmap = ways[name]
        second = _picture(first.plot, suite, how, bitmap, copy=int(name == "again"))
        yield Pair(f"{number:03}-same-{name}", number, "same", "", name, first, second)


def _different(
    number: int, first: Picture, style: Style, suites: tuple[str, ...], rng: random.Random
) -> Iterator[Pair]:
    kinds = DATA_CHANGES[first.plot.kind]
    words = text_changes(first.plot)
    data = [("data", rng.choice(kinds) if at >= len(kinds) else kinds[at]) for at in range(6)]
    rng.shuffle(data)
    chosen = [*data, *(("text", rng.choice(words)) for _ in range(5))]
    for at, (label, change) in enumerate(chosen):
        ways = _renderings(first.plot, first.suite, style, suites, rng)
        alone = at % 3 == 0
        hard = [name for name in ways if name.startswith("suite")]
        name = "" if alone else rng.choice(hard if rng.random() < 0.6 else [key for key in ways if key != "again"])
        suite, how, bitmap = ways[name] if name else (first.suite, style, {})
        change_of = data_change if label == "data" else text_change
        second = _picture(change_of(first.plot, change, rng), suite, how, bitmap)
        yield Pair(f"{number:03}-{label}{at}-{change}-{name or 'alone'}", number, label, change, name, first, second)
