"""What a benchmark says: a list of {name, value, unit, goal, holds, floor}, printed and written."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

LATEST = Path(__file__).parent / "latest.json"


@dataclass(frozen=True)
class Figure:
    """A figure; `goal` as text, `floor` what the same machine does without us, in the unit of its name."""

    name: str
    value: float
    unit: str
    goal: str
    holds: bool
    floor: str


def write(figures: list[Figure]) -> None:
    LATEST.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")


def table(figures: list[Figure]) -> str:
    rows = [("figure", "value", "goal", "holds", "floor")]
    rows += [(f.name, f"{f.value:,.2f} {f.unit}".strip(), f.goal, "yes" if f.holds else "NO", f.floor) for f in figures]
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---|---|---|---|---|", *body])
