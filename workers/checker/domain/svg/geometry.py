"""Transforms and paths of SVG, as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f as SVG writes them: x' = a x + c y + e, y' = b x + d y + f."""
Point = tuple[float, float]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MOST_POINTS = 2_000_000
_NUMBER = r"[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,4})?"
_NUMBERS = re.compile(_NUMBER)
_BETWEEN, _FLAG = re.compile(r"[\s,]*"), re.compile("[01]")
_COMMANDS = "MmZzLlHhVvCcSsQqTtAa"
_CALL = re.compile(r"(matrix|translate|scale|rotate|skewX|skewY)\s{0,99}\(([^()]{0,1000})\)")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
_UNITS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "em": 16.0}


class DrawingError(ValueError):
    """Why a drawing cannot be compared by its geometry, in words."""


def numbers(text: str) -> list[float]:
    """Return all numbers of a text."""
    return [_finite(one) for one in _NUMBERS.findall(text)]


def length(text: str, whole: float = 0.0) -> float:
    """Return a length in user units, a percentage as a share of `whole`; 0 for what is none."""
    found = _NUMBERS.match(text.strip())
    if found is None:
        return 0.0
    unit = text.strip()[found.end() :].strip()
    return _finite(found[0]) * (whole / 100 if unit == "%" else _UNITS.get(unit, 1.0))


def multiplied(a: Matrix, b: Matrix) -> Matrix:
    """Return the transform that applies `b`, then `a`."""
    return (
        a[0] * b[0] + a[2] * b[1],
        a[1] * b[0] + a[3] * b[1],
        a[0] * b[2] + a[2] * b[3],
        a[1] * b[2] + a[3] * b[3],
        a[0] * b[4] + a[2] * b[5] + a[4],
        a[1] * b[4] + a[3] * b[5] + a[5],
    )


def applied(matrix: Matrix, point: Point) -> Point:
    """Return a point where a transform puts it."""
    x, y = point
    return matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]


def transform(text: str) -> Matrix:
    """Return what the attribute `transform` says; what is not understood does nothing."""
    found = IDENTITY
    for name, inner in _CALL.findall(text[:10_000]):
        found = multiplied(found, _one(name, numbers(inner)))
    return found


def _one(name: str, given: list[float]) -> Matrix:
    first, second = [*given, 0.0, 0.0][:2]
    if name == "matrix" and len(given) == 6:
        return (given[0], given[1], given[2], given[3], given[4], given[5])
    if name == "translate":
        return (1.0, 0.0, 0.0, 1.0, first, second)
    if name == "scale" and given:
        return (first, 0.0, 0.0, second if len(given) > 1 else first, 0.0, 0.0)
    if name == "rotate" and given:
        cos, sin = math.cos(math.radians(first)), math.sin(math.radians(first))
        x, y = (given[1], given[2]) if len(given) == 3 else (0.0, 0.0)
        return (cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)
    slant = math.tan(math.radians(first)) if name.startswith("skew") else 0.0
    return (1.0, slant, 0.0, 1.0, 0.0, 0.0) if name == "skewY" else (1.0, 0.0, slant, 1.0, 0.0, 0.0)


@dataclass
class Path:
    """A path: its commands as letters, and the points that they name, absolute."""

    letters: str = ""
    points: list[Point] = field(default_factory=list)


def read_path(text: str) -> Path:
    """Return a path in one form: absolute, H and V as L, S as C, T as Q; up to its first mistake, as browsers do."""
    return _PathReader().read(text)


class _PathReader:
    def __init__(self) -> None:
        self.path = Path()
        self._letters: list[str] = []
        self._at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._handle: Point | None = None
        """The last control point, which S and T mirror."""
        self._last = ""

    def read(self, text: str) -> Path:
        command, waiting = "", list[float]()
        for letter, number in _tokens(text):
            if letter:
                command, waiting = letter, []
                if letter in "Zz":
                    self._close()
                continue
            waiting.append(_finite(number))
            if command and len(waiting) == _ARGUMENTS[command.upper()] > 0:
                self._take(command, waiting)
                command, waiting = {"M": "L", "m": "l"}.get(command, command), []
        self.path.letters = "".join(self._letters)
        return self.path

    def _close(self) -> None:
        self._letters.append("Z")
        self._at, self._last = self._start, "Z"

    def _take(self, command: str, given: list[float]) -> None:
        kind = command.upper()
        x, y = self._at if command.islower() else (0.0, 0.0)
        if kind == "A":
            self._arc(given, (x + given[5], y + given[6]))
            return
        if kind in "HV":
            point = (x + given[0], self._at[1]) if kind == "H" else (self._at[0], y + given[0])
            self._add("L", [point])
            return
        points = [(x + given[at], y + given[at + 1]) for at in range(0, len(given), 2)]
        if kind in "ST":
            mirrored = self._last in ("CS" if kind == "S" else "QT") and self._handle is not None
            handle = self._handle if mirrored and self._handle else self._at
            points.insert(0, (2 * self._at[0] - handle[0], 2 * self._at[1] - handle[1]))
        self._add({"S": "C", "T": "Q"}.get(kind, kind), points)
        if kind == "M":
            self._start = self._at

    def _arc(self, given: list[float], end: Point) -> None:
        """Keep an arc by its end and its radii, the latter as points so that a transform applies to them."""
        flags = f"A{int(given[3] != 0)}{int(given[4] != 0)}"
        turned = f"{given[2] % 180:.3g}"
        self._add(f"{flags}({turned})", [(end[0] + given[0], end[1]), (end[0], end[1] + given[1]), end])

    def _add(self, letters: str, points: list[Point]) -> None:
        self._letters.append(letters)
        self.path.points += points
        if len(self.path.points) > MOST_POINTS:
            raise DrawingError(f"a path of it has more than {MOST_POINTS:,} points")
        self._last = letters[0]
        self._handle = points[-2] if letters in {"C", "Q"} else None
        self._at = points[-1]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield letters and numbers, up to the first mistake; the flags of an arc may stand without anything between."""
    at = count = 0
    command = ""
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        if text[at : at + 1] in _COMMANDS and at < len(text):
            command, count = text[at], 0
            yield command, ""
            at += 1
            continue
        flag = command in {"A", "a"} and count % 7 in {3, 4}
        found = (_FLAG if flag else _NUMBERS).match(text, at)
        if found is None:
            return
        count += 1
        at = found.end()
        yield "", found[0]


def _finite(text: str) -> float:
    value = float(text)
    if abs(value) > 1e12:
        raise DrawingError("it has numbers that no drawing has")
    return value
