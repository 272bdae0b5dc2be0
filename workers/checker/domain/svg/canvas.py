"""What a drawing shows: its canvas, and the shapes and words that stand on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erc.workers.checker.domain.svg.elements import attributes_of
from erc.workers.checker.domain.svg.geometry import IDENTITY, Matrix, Point, length, multiplied, numbers
from erc.workers.checker.domain.svg.lettering import Words


@dataclass(frozen=True)
class Shape:
    """A shape where it stands; `d` and `matrix` draw it again, `worn` says what else it refers to."""

    kind: str
    letters: str
    points: tuple[Point, ...]
    looks: tuple[str, ...]
    """Fill, stroke, width, dashes, opacities; references as digests of what they name."""
    worn: str = ""
    d: str = ""
    matrix: Matrix = IDENTITY
    frame: tuple[Point, ...] = ()
    """Where what it refers to stands: a clip moves with the shape's coordinates, not with the shape."""
    source: str = ""
    """The address of a picture, which may be the picture itself."""


@dataclass
class Drawing:
    """What a drawing shows, in the units of its view box."""

    width: float
    height: float
    left: float = 0.0
    top: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """What it says that is not understood here."""

    @property
    def diagonal(self) -> float:
        """Its size as one number, at least 1."""
        return max(1.0, math.hypot(self.width, self.height))


def canvas(root: Any) -> Drawing:
    """Return the empty drawing of an `<svg>`."""
    attributes = attributes_of(root)
    box = numbers(attributes.get("viewbox", ""))
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        return Drawing(box[2], box[3], box[0], box[1])
    return Drawing(length(attributes.get("width", "")), length(attributes.get("height", "")))


def corners(drawing: Drawing) -> tuple[Point, ...]:
    """Return three corners of a canvas, which tell how coordinates on it are placed."""
    return (0.0, 0.0), (drawing.width, 0.0), (0.0, drawing.height)


def placed(tag: str, attributes: Mapping[str, str], matrix: Matrix, drawing: Drawing) -> Matrix:
    """Return where the contents of a container stand; a drawing in a drawing has a place and a view box."""
    if tag != "svg":
        return matrix
    x, y = length(attributes.get("x", "0")), length(attributes.get("y", "0"))
    box = numbers(attributes.get("viewbox", ""))
    wide = length(attributes.get("width") or "100%", drawing.width)
    high = length(attributes.get("height") or "100%", drawing.height)
    scale = min(wide / box[2], high / box[3]) if len(box) == 4 and box[2] > 0 and box[3] > 0 and wide and high else 1.0
    left, top = (box[0], box[1]) if len(box) == 4 else (0.0, 0.0)
    if len(box) == 4:  # in the middle of its place
        x, y = x + (wide - box[2] * scale) / 2, y + (high - box[3] * scale) / 2
    return multiplied(matrix, (scale, 0.0, 0.0, scale, x - left * scale, y - top * scale))
