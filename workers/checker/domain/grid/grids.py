"""Compares arrays with names and attributes, piece by piece, so that no more than a piece of each is held."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from erc.schemas.check import Outcome
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import became, excerpt
from erc.workers.checker.domain.tolerance import RELATIVE, Tolerance

PIECE_VALUES = 1_000_000
MOST_VALUES = 200_000_000
"""How many values of a file are compared."""
_ORDER_VALUES = 2_000_000
"""How many values are sorted to see whether only their order differs."""
_PRECISION = {2: 1e-3, 4: 1e-6}
"""How far floats of so many bytes may be rounded when the other side keeps more."""
_NUMBERS = "iufb"
VOLATILE = frozenset({
    "history", "date_created", "date_modified", "creation_date", "nco", "cdo", "_ncproperties",
    "time_coverage_created", "software", "pytables_format_version",
})  # fmt: skip
"""Names of attributes, in lower case, that tell when and with what a file was made."""
OF_FILES = frozenset({"created", "timestamp", "date", "source_file"})
"""Names of attributes that tell the same where they are those of the whole file."""
MADE = "when and with what the file was made"


class GridError(ValueError):
    """Why a file of arrays cannot be compared, in words."""


@dataclass(frozen=True)
class Grid:
    """An array: `read(start, stop)` returns a part of it along its first axis; one value has the shape ()."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int, int], Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    fill: Any = None
    """The value that stands for none."""


Grids = Mapping[str, Grid]


def held(array: Any, attributes: Mapping[str, Any] | None = None, fill: Any = None) -> Grid:
    """Return an array that is in memory as a grid."""
    values = np.asarray(array)
    return Grid(values.shape, values.dtype, lambda start, stop: values[start:stop] if values.shape else values,
                attributes or {}, fill)  # fmt: skip


@dataclass
class _Found:
    terms: Terms
    values: int = 0
    changed: int = 0
    changes: list[Change] = field(default_factory=list)
    ignored: list[Change] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What is to be said before the first value: arrays that are gone, other shapes."""

    def tell(self, finding: str, change: Change) -> None:
        """Keep a difference of a whole array."""
        self.said.append(finding)
        self.changed += 1
        self.changes.append(change)

    def note(self, place: str, a: Any, b: Any) -> None:
        """Keep a value that differs, if there is room."""
        if len(self.changes) < CHANGES_KEPT:
            self.changes.append(Change(place, _said(a), _said(b)))


def compare_grids(
    a: Grids, b: Grids, attributes: tuple[Mapping[str, Any], Mapping[str, Any]], terms: Terms
) -> Compared:
    """Compare two files of arrays by name; `attributes` are those of the files. Raises GridError when too much."""
    found = _Found(terms)
    for side in (a, b):
        count = sum(math.prod(grid.shape) for grid in side.values())
        if count > MOST_VALUES:
            raise GridError(f"it holds {count:,} values; {MOST_VALUES:,} are compared")
    _attributes("", *attributes, found)
    for name in dict.fromkeys([*a, *b]):
        if name not in b:
            found.tell(f"lacks “{excerpt(name)}”", Change(name, _shape(a[name]), ""))
        elif name not in a:
            found.tell(f"has the new “{excerpt(name)}”", Change(name, "", _shape(b[name])))
        else:
            _one(name, a[name], b[name], found)
    return _compared(found)


def _compared(found: _Found) -> Compared:
    ignored = tuple(found.ignored[:CHANGES_KEPT])
    if not found.changed:
        finding = "holds the same values, written in another way"
        return Compared("data", Outcome.EQUIVALENT, finding, ignored=ignored, ignored_count=len(found.ignored))
    parts = found.said[:1]
    more = len(found.said) - 1
    parts += [f"{number(more, 'further array or attribute')} changed"] if more > 0 else []
    values = found.changed - len(found.said)
    if values:
        first = next(one for one in found.changes if "[" in one.place or not found.said)
        parts.append(
            f"differs in {values:,} of {number(found.values, 'value')}, first at {first.place}: {became(first)}"
        )
    return Compared(
        "data",
        Outcome.DIFFERENT,
        " and ".join(parts),
        min(1.0, found.changed / max(1, found.values)),
        changes=tuple(found.changes[:CHANGES_KEPT]),
        changed=found.changed,
        ignored=ignored,
        ignored_count=len(found.ignored),
    )


def _one(name: str, a: Grid, b: Grid, found: _Found) -> None:
    _attributes(name, a.attributes, b.attributes, found)
    if a.dtype != b.dtype:
        kinds = _kind(a.dtype), _kind(b.dtype)
        change = Change(
            f"type of {name}", str(a.dtype), str(b.dtype), "" if kinds[0] != kinds[1] else "type of numbers"
        )
        if kinds[0] != kinds[1]:
            found.tell(f"holds “{excerpt(name)}” as {kinds[1]}, not as {kinds[0]}", change)
            return
        found.ignored.append(change)
    if a.shape != b.shape:
        turned = " (it is turned)" if _turned(a, b) else ""
        finding = f"has “{excerpt(name)}” as {_shape(b)}, the published one is {_shape(a)}{turned}"
        found.tell(finding, Change(f"shape of {name}", _shape(a), _shape(b)))
        return
    _values(name, a, b, found)


def _values(name: str, a: Grid, b: Grid, found: _Found) -> None:
    changed = found.changed
    for start, x, y in _pieces(a, b):
        differ = _differing(x, y, a, b, found.terms.tolerance)
        found.values += differ.size
        count = int(differ.sum())
        found.changed += count
        if count and len(found.changes) < CHANGES_KEPT:
            for place in np.argwhere(differ)[: CHANGES_KEPT - len(found.changes)]:
                at = tuple(int(one) for one in place)
                shown = (at[0] + start, *at[1:]) if at else ()
                found.note(f"{excerpt(name)}[{', '.join(map(str, shown))}]", x[at], y[at])
    if found.changed > changed and _other_order(a, b):
        found.said.append(f"holds the values of “{excerpt(name)}” in another order")
        found.changed += 1


def _pieces(a: Grid, b: Grid) -> Iterator[tuple[int, Any, Any]]:
    if not a.shape:
        yield 0, np.asarray(a.read(0, 1)), np.asarray(b.read(0, 1))
        return
    step = max(1, PIECE_VALUES // max(1, math.prod(a.shape[1:])))
    for start in range(0, a.shape[0], step):
        stop = min(a.shape[0], start + step)
        yield start, np.asarray(a.read(start, stop)), np.asarray(b.read(start, stop))


def _differing(x: Any, y: Any, a: Grid, b: Grid, tolerance: Tolerance) -> Any:
    """Return where two pieces of equal shape differ, as truth values."""
    if _kind(x.dtype) == "complex numbers":
        near = max(RELATIVE, tolerance.relative) * np.maximum(np.abs(x), np.abs(y))
        return ~(_alike(x.real, y.real, near, tolerance) & _alike(x.imag, y.imag, near, tolerance))
    if _kind(x.dtype) != "numbers":
        return np.asarray(_texts(x) != _texts(y))
    none = _none(x, a.fill) & _none(y, b.fill)
    if x.dtype.kind != "f" and y.dtype.kind != "f":
        differ = x != y
        if not tolerance:
            return np.asarray(differ & ~none)
    one, other = x.astype(np.float64), y.astype(np.float64)
    exact = x.dtype.kind != "f" and y.dtype.kind != "f"
    coarse = min((kind.itemsize for kind in (x.dtype, y.dtype) if kind.kind == "f"), default=8)
    relative = 0.0 if exact else _PRECISION.get(coarse, RELATIVE) if x.dtype != y.dtype else RELATIVE
    with np.errstate(all="ignore"):
        largest = np.maximum(np.abs(one), np.abs(other))
        allowed = np.maximum(max(relative, tolerance.relative) * largest, tolerance.absolute)
        near = (np.abs(one - other) <= allowed) & np.isfinite(one) & np.isfinite(other)
    return np.asarray(~(near | none | (one == other)))


def _alike(x: Any, y: Any, near: Any, tolerance: Tolerance) -> Any:
    """Return where two parts of complex numbers agree, each missing where the other is."""
    with np.errstate(all="ignore"):
        apart = np.abs(x - y)
        return (x == y) | (np.isnan(x) & np.isnan(y)) | (apart <= np.maximum(near, tolerance.absolute))


def _none(values: Any, fill: Any) -> Any:
    """Return where there is no value: not a number, or what stands for none."""
    none = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    try:
        return none if fill is None else none | (values == np.asarray(fill).astype(values.dtype))
    except (TypeError, ValueError, OverflowError):
        return none


def _turned(a: Grid, b: Grid) -> bool:
    """Return whether one is the other with rows and columns exchanged."""
    if a.shape[::-1] != b.shape or len(a.shape) != 2 or math.prod(a.shape) > _ORDER_VALUES:
        return False
    return bool(np.array_equal(np.asarray(a.read(0, a.shape[0])).T, np.asarray(b.read(0, b.shape[0]))))


def _other_order(a: Grid, b: Grid) -> bool:
    if not a.shape or not 1 < math.prod(a.shape) <= _ORDER_VALUES:
        return False
    one, other = (np.asarray(side.read(0, side.shape[0])).ravel() for side in (a, b))
    if _kind(one.dtype) != "numbers":
        one, other = _texts(one), _texts(other)
    return bool(np.array_equal(np.sort(one), np.sort(other)))


def _kind(dtype: Any) -> str:
    return "numbers" if dtype.kind in _NUMBERS else "complex numbers" if dtype.kind == "c" else "text"


def _texts(values: Any) -> Any:
    return np.array([_whole(one) for one in values.ravel()], dtype=object).reshape(values.shape)


def _said(value: Any) -> str:
    return _whole(value)[:1000]


def _whole(value: Any) -> str:
    if isinstance(value, np.void) and not value.dtype.names:
        return value.tobytes().hex()
    if isinstance(value, bytes):
        return value.rstrip(b"\0").decode("utf-8", "backslashreplace")
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    return str(value.item() if isinstance(value, np.generic) else value)


def _shape(grid: Grid) -> str:
    return " × ".join(f"{one:,}" for one in grid.shape) or "one value"


def _attributes(name: str, a: Mapping[str, Any], b: Mapping[str, Any], found: _Found) -> None:
    for key in dict.fromkeys([*a, *b]):
        before, after = (side.get(key) for side in (a, b))
        place = f"{name}@{key}" if name else f"@{key}"
        if _same_attribute(before, after, found.terms.tolerance):
            continue
        old, new = ("" if one is None else _said(one) for one in (before, after))
        if key.lower() in VOLATILE or (not name and key.lower() in OF_FILES):
            found.ignored.append(Change(place, old, new, MADE))
        else:
            of = f" of “{excerpt(name)}”" if name else ""
            change = Change(place, old, new)
            found.tell(f"has another “{excerpt(key)}”{of}: {became(change)}", change)


def _same_attribute(a: Any, b: Any, tolerance: Tolerance) -> bool:
    if a is None or b is None:
        return a is b
    one, other = np.asarray(a), np.asarray(b)
    if one.shape != other.shape and (one.size, other.size) != (1, 1):
        return False
    if _kind(one.dtype) != _kind(other.dtype):
        return False
    one, other = one.ravel(), other.ravel()
    return not _differing(one, other, held(one), held(other), tolerance).any()
