"""Tells what was measured: the confusion matrix, bounds, other comparators at their best threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import comb
from statistics import median
from typing import Any

from bench.figures.baselines import BASELINES

Row = dict[str, Any]
CLASSES = ("identical", "same picture", "same content, other rendering", "unsure", "different content")
SAME = set(CLASSES[:3])


def tell(rows: list[Row]) -> str:
    """Return the report as Markdown."""
    lines = [
        f"{len(rows):,} pairs of {len({row['plot'] for row in rows})} base plots.",
        "",
        *_matrix(rows),
        "",
        *_rates(rows),
        "",
    ]
    lines += [*_others(rows), "", *_renderings(rows), ""]
    seconds = sorted(row["seconds"] for row in rows)
    lines.append(
        f"CPU seconds a pair: median {median(seconds):.2f}, 95th percentile {seconds[int(0.95 * len(seconds))]:.2f}."
    )
    return "\n".join(lines)


def _matrix(rows: list[Row]) -> list[str]:
    counts = Counter((row["label"], row["likeness"]) for row in rows)
    head = ["| truth | " + " | ".join(CLASSES) + " | pairs |", "|---|" + "---|" * (len(CLASSES) + 1)]
    body = []
    for label in ("same", "data", "text"):
        cells = [counts[label, one] for one in CLASSES]
        body.append(f"| {label} | " + " | ".join(f"{cell:,}" for cell in cells) + f" | {sum(cells):,} |")
    return head + body


def _rates(rows: list[Row]) -> list[str]:
    def line(name: str, some: list[Row], wrong: Callable[[Row], bool]) -> str:
        bad = sum(map(wrong, some))
        low, high = bounds(bad, len(some))
        return f"| {name} | {bad} of {len(some)} | {100 * bad / max(1, len(some)):.1f} % | {100 * low:.1f}-{100 * high:.1f} % |"

    def called_same(row: Row) -> bool:
        return row["likeness"] in SAME

    lines = ["| | pairs | share | 95 % bounds |", "|---|---|---|---|"]
    for name, hard in (("", None), (", other suite", True)):
        some = [row for row in rows if hard is None or row["hard"] is hard]
        of = {label: [row for row in some if row["label"] == label] for label in ("same", "data", "text")}
        lines.append(line(f"changes of data called same{name}", of["data"], called_same))
        lines.append(line(f"changes of text called same{name}", of["text"], called_same))
        lines.append(
            line(f"same called different{name}", of["same"], lambda row: row["likeness"] == "different content")
        )
        lines.append(line(f"unsure{name}", some, lambda row: row["likeness"] == "unsure"))
    return lines


def bounds(bad: int, total: int) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) 95 % bounds of a share."""
    if not total:
        return 0.0, 1.0
    low = 0.0 if bad == 0 else _root(lambda share: 1 - _below(bad - 1, total, share) - 0.025)
    high = 1.0 if bad == total else _root(lambda share: 0.025 - _below(bad, total, share))
    return low, high


def _below(most: int, total: int, share: float) -> float:
    return sum(comb(total, at) * share**at * (1 - share) ** (total - at) for at in range(most + 1))


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return low


def _others(rows: list[Row]) -> list[str]:
    lines = ["| comparator, best threshold | different called same | same called different |", "|---|---|---|"]
    same = [row for row in rows if row["label"] == "same"]
    other = [row for row in rows if row["label"] != "same"]
    for name in BASELINES:
        steps = sorted({row["others"][name] for row in rows})
        best = min(steps, key=lambda step: _missed(other, name, step) + _alarms(same, name, step))
        lines.append(f"| {name} | {100 * _missed(other, name, best):.1f} % | {100 * _alarms(same, name, best):.1f} % |")
    unsure = sum(row["likeness"] == "unsure" for row in rows)
    missed = sum(row["likeness"] in SAME for row in other) / max(1, len(other))
    alarms = sum(row["likeness"] == "different content" for row in same) / max(1, len(same))
    lines.append(
        f"| this one ({100 * unsure / max(1, len(rows)):.1f} % unsure apart) | {100 * missed:.1f} % | {100 * alarms:.1f} % |"
    )
    return lines


def _missed(rows: list[Row], name: str, step: float) -> float:
    return sum(row["others"][name] <= step for row in rows) / max(1, len(rows))


def _alarms(rows: list[Row], name: str, step: float) -> float:
    return sum(row["others"][name] > step for row in rows) / max(1, len(rows))


def _renderings(rows: list[Row]) -> list[str]:
    lines = ["| same, drawn with another | pairs | called different | unsure |", "|---|---|---|---|"]
    same = [row for row in rows if row["label"] == "same"]
    for name in sorted({row["rendering"] for row in same}):
        some = [row["likeness"] for row in same if row["rendering"] == name]
        lines.append(f"| {name} | {len(some)} | {some.count('different content')} | {some.count('unsure')} |")
    return lines
