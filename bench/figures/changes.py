"""Changes of one thing: of the data, or of the words."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.figures.plots import Plot, reseeded

Data = dict[str, Any]

_POINTS = ("move_point", "drop_point", "seed")
DATA_CHANGES: dict[str, tuple[str, ...]] = {
    "scatter": _POINTS,
    "regression": _POINTS,
    "cloud": ("move_point", "seed"),
    "panels": (*_POINTS, "swap_panels"),
    "groups": (*_POINTS, "swap_groups", "recolour_point"),
    "line": ("move_vertex", "seed"),
    "step": ("move_vertex", "seed"),
    "area": ("move_vertex", "seed"),
    "dots": ("move_vertex", "swap_values"),
    "lines": ("move_vertex", "missing_row", "swap_rows", "seed"),
    "density": ("swap_rows", "missing_row", "seed"),
    "bars": ("bar", "swap_values", "seed"),
    "labelled": ("bar", "swap_values"),
    "errors": ("bar", "error_bar", "seed"),
    "pie": ("bar_more", "swap_values"),
    "grouped": ("bar", "swap_rows", "seed"),
    "stacked": ("bar_more", "swap_rows", "seed"),
    "hist": ("count", "seed"),
    "box": ("swap_rows", "shift_group", "seed"),
    "heat": ("cell", "seed"),
    "surface": ("seed", "bump"),
}
TEXT_CHANGES = ("title_word", "title_letter", "unit", "name", "swap_names")

_WORDS = {"by": "per", "over": "under", "after": "before", "in": "of", "of": "in", "per": "by", "and": "or"}


def data_change(plot: Plot, name: str, rng: random.Random) -> Plot:
    """Return the plot with this one change of its data."""
    if name == "seed":
        return reseeded(plot, rng.randrange(1 << 30))
    data = copy.deepcopy(plot.data)
    _DATA[name](data, rng)
    return replace(plot, data=data)


def text_changes(plot: Plot) -> list[str]:
    """Name the changes of words that show on a plot of this kind."""
    named = plot.kind in {
        "groups",
        "lines",
        "bars",
        "grouped",
        "stacked",
        "box",
        "errors",
        "labelled",
        "pie",
        "density",
        "dots",
        "panels",
    }
    titled = (plot.kind, plot.toolkit) != ("panels", "base")
    axes = plot.toolkit in {"base", "ggplot"} or plot.kind not in {"surface", "panels"}
    axes = axes and plot.kind != "pie" and (plot.kind, plot.toolkit) != ("dots", "base")
    shown = ((titled, TEXT_CHANGES[:2]), (axes, TEXT_CHANGES[2:3]), (named, TEXT_CHANGES[3:]))
    return [
        *(name for there, names in shown if there for name in names),
        *(["note"] if plot.kind == "regression" else []),
    ]


def text_change(plot: Plot, name: str, rng: random.Random) -> Plot:
    """Return the plot with this one change of its words."""
    texts = copy.deepcopy(plot.texts)
    _TEXT[name](texts, rng)
    return replace(plot, texts=texts)


def _move_point(data: Data, rng: random.Random) -> None:
    y = data["y"]
    at = rng.randrange(len(y))
    room = max(y) - min(y)
    step = rng.uniform(0.06, 0.2) * room
    y[at] = round(y[at] + (step if y[at] + step <= max(y) else -step), 3)


def _drop_point(data: Data, rng: random.Random) -> None:
    order = sorted(range(len(data["y"])), key=lambda at: data["y"][at])
    at = rng.choice(order[2:-2])
    for key in ("x", "y", "g"):
        del data[key][at]


def _swap_groups(data: Data, rng: random.Random) -> None:
    data["g"] = [{0: 1, 1: 0}.get(g, g) for g in data["g"]]


def _swap_panels(data: Data, rng: random.Random) -> None:
    data["g"] = [{1: 2, 2: 1}.get(g, g) for g in data["g"]]


def _recolour_point(data: Data, rng: random.Random) -> None:
    at = rng.randrange(len(data["g"]))
    data["g"][at] = (data["g"][at] + 1) % 3


def _move_vertex(data: Data, rng: random.Random) -> None:
    row = rng.choice(data["rows"])
    at = rng.randrange(1, len(row) - 1)
    everything = [value for one in data["rows"] for value in one]
    room = max(everything) - min(everything)
    step = rng.uniform(0.07, 0.2) * room
    row[at] = round(row[at] + (step if row[at] + step <= max(everything) else -step), 3)


def _missing_row(data: Data, rng: random.Random) -> None:
    data["hidden"] = rng.randrange(len(data["rows"]))


def _swap_rows(data: Data, rng: random.Random) -> None:
    rows = data["rows"]
    rows[0], rows[1] = rows[1], rows[0]


def _swap_values(data: Data, rng: random.Random) -> None:
    row = data["rows"][0]
    pairs = [(i, j) for i in range(len(row)) for j in range(i) if abs(row[i] - row[j]) > 0.08 * max(row)]
    i, j = rng.choice(pairs)
    row[i], row[j] = row[j], row[i]


def _bar(data: Data, rng: random.Random, most: float = 0.12, least: float = 0.05) -> None:
    row = rng.choice(data["rows"])
    large = [at for at, value in enumerate(row) if value >= 0.4 * max(row)]
    at = rng.choice(large)
    row[at] = round(row[at] * (1 - rng.uniform(least, most)), 2)


def _count(data: Data, rng: random.Random) -> None:
    counts = data["counts"]
    at = rng.choice([at for at, value in enumerate(counts) if value >= 0.3 * max(counts)])
    counts[at] -= max(2, round(0.08 * counts[at]))


def _shift_group(data: Data, rng: random.Random) -> None:
    at = rng.randrange(len(data["rows"]))
    everything = [value for one in data["rows"] for value in one]
    step = rng.uniform(0.05, 0.12) * (max(everything) - min(everything))
    data["rows"][at] = [round(value + step, 3) for value in data["rows"][at]]


def _cell(data: Data, rng: random.Random) -> None:
    everything = [value for one in data["rows"] for value in one]
    low, high = min(everything), max(everything)
    row = rng.choice(data["rows"])
    at = rng.randrange(len(row))
    step = rng.uniform(0.2, 0.4) * (high - low)
    row[at] = round(row[at] + step if row[at] + step < high else row[at] - step, 3)


def _bump(data: Data, rng: random.Random) -> None:
    rows = data["rows"]
    i, j = rng.randrange(3, len(rows) - 3), rng.randrange(3, len(rows[0]) - 3)
    rows[i][j] = round(rows[i][j] + 0.5, 3)


def _error_bar(data: Data, rng: random.Random) -> None:
    errors = data["errors"]
    at = errors.index(max(errors))
    errors[at] = round(errors[at] * 0.6, 3)


def _bar_more(data: Data, rng: random.Random) -> None:
    _bar(data, rng, 0.2, 0.1)


def _title_word(texts: Data, rng: random.Random) -> None:
    words = texts["title"].split(" ")
    at = next((at for at, word in enumerate(words) if word in _WORDS), 0)
    words[at] = _WORDS.get(words[at], "Total")
    texts["title"] = " ".join(words)


def _title_letter(texts: Data, rng: random.Random) -> None:
    texts["title"] = _letter(texts["title"], rng)


def _unit(texts: Data, rng: random.Random) -> None:
    side = rng.choice("xy")
    before = texts[side]
    while texts[side] == before:
        unit = rng.choice(("cm", "mm", "kg", "g", "days", "weeks", "m", "%", "s", "km"))
        texts[side] = f"{before.rpartition('(')[0]}({unit})"


def _name(texts: Data, rng: random.Random) -> None:
    at = rng.randrange(2)
    texts["names"][at] = _letter(texts["names"][at], rng)


def _swap_names(texts: Data, rng: random.Random) -> None:
    names = texts["names"]
    names[0], names[1] = names[1], names[0]


def _note(texts: Data, rng: random.Random) -> None:
    texts["note"] = _letter(texts["note"], rng, digits=True)


def _letter(text: str, rng: random.Random, *, digits: bool = False) -> str:
    """Replace one letter or digit by another one."""
    places = [at for at, sign in enumerate(text) if (sign.isdigit() if digits else sign.isalnum())]
    at = rng.choice(places)
    signs = "0123456789" if text[at].isdigit() else "abdeghkmnoprstuvwz"
    signs = signs.upper() if text[at].isupper() else signs
    return text[:at] + rng.choice([sign for sign in signs if sign != text[at]]) + text[at + 1 :]


_DATA: dict[str, Callable[[Data, random.Random], None]] = {
    "move_point": _move_point,
    "drop_point": _drop_point,
    "swap_groups": _swap_groups,
    "swap_panels": _swap_panels,
    "recolour_point": _recolour_point,
    "move_vertex": _move_vertex,
    "missing_row": _missing_row,
    "swap_rows": _swap_rows,
    "swap_values": _swap_values,
    "bar": _bar,
    "bar_more": _bar_more,
    "count": _count,
    "shift_group": _shift_group,
    "cell": _cell,
    "bump": _bump,
    "error_bar": _error_bar,
}
_TEXT: dict[str, Callable[[Data, random.Random], None]] = {
    "title_word": _title_word,
    "title_letter": _title_letter,
    "unit": _unit,
    "name": _name,
    "swap_names": _swap_names,
    "note": _note,
}
