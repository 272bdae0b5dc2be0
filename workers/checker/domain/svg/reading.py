"""Reads an SVG drawing as what it shows: shapes where they stand, words, pictures. Nothing is fetched or run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from erc.workers.checker.domain.svg.elements import (
    MOST_DEPTH,
    attributes_of,
    digest,
    one_way,
    outline,
    tag_of,
    written,
)
from erc.workers.checker.domain.svg.geometry import (
    IDENTITY,
    MOST_POINTS,
    DrawingError,
    Matrix,
    Point,
    applied,
    length,
    multiplied,
    numbers,
    read_path,
    transform,
)
from erc.workers.checker.domain.svg.style import (
    GROUP_OPACITY,
    GROUP_WORN,
    OWN,
    START,
    Rule,
    colour,
    names_of,
    read_sheet,
    styled,
)
from erc.workers.checker.domain.tokens import tidy

MOST_SHAPES = 100_000
"""How many shapes a drawing may have, those that it uses again counted each time."""
_CONTAINERS = {"g", "a", "switch", "svg", "symbol"}
_UNDRAWN = {
    "defs", "clippath", "mask", "pattern", "marker", "lineargradient", "radialgradient", "filter", "metadata", "title",
    "desc", "style", "script", "symbol", "namedview",
}  # fmt: skip
_GLYPH = re.compile(r"#([A-Z][A-Za-z0-9]{1,60}(?:-[A-Za-z]{2,20}){0,3})-([0-9a-f]{2,5})")
_PAINT = ("fill", "stroke")
_WORN = ("clip-path", "mask", "filter", "marker-start", "marker-mid", "marker-end")


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


@dataclass(frozen=True)
class Words:
    """A text of a drawing, where it begins, and its font as it is called."""

    text: str
    at: Point
    font: str = ""


@dataclass
class Drawing:
    """What a drawing shows, in the units of its view box."""

    width: float
    height: float
    left: float = 0.0
    top: float = 0.0
    shapes: list[Shape] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    @property
    def diagonal(self) -> float:
        """Its size as one number, at least 1."""
        return max(1.0, math.hypot(self.width, self.height))


def read_drawing(content: bytes) -> Drawing:
    """Return what an SVG file shows; raises DrawingError when it is damaged, declares entities, or is too much."""
    if b"<!ENTITY" in content:
        raise DrawingError("it declares entities, which are not read")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.LxmlError, ValueError) as error:
        raise DrawingError("it cannot be read as a drawing") from error
    damaged = any(one.level_name == "FATAL" for one in parser.error_log)
    if root is None or damaged or tag_of(root) != "svg":
        raise DrawingError("it cannot be read as a drawing")
    return _Reader(root).read()


class _Reader:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._named = {one.get("id"): one for one in root.iter() if isinstance(one.tag, str) and one.get("id")}
        sheets = (one for one in root.iter() if isinstance(one.tag, str) and tag_of(one) == "style")
        self._rules: list[Rule] = [rule for one in sheets for rule in read_sheet("".join(one.itertext()))]
        self._digests: dict[str, str] = {}
        self._room, self._points = MOST_SHAPES, MOST_POINTS
        self._drawing = _canvas(root)

    def read(self) -> Drawing:
        self._children(self._root, IDENTITY, START, [names_of("svg", attributes_of(self._root))])
        return self._drawing

    def _element(self, element: Any, outer: Matrix, parent: Mapping[str, str], path: list[frozenset[str]]) -> None:
        if not isinstance(element.tag, str):
            return
        self._room -= 1
        if self._room < 0:
            raise DrawingError(f"it has more than {MOST_SHAPES:,} shapes")
        if len(path) > MOST_DEPTH:
            raise DrawingError("it nests too deeply")
        tag, attributes = tag_of(element), attributes_of(element)
        if tag in _UNDRAWN:
            return
        self._drawn(element, tag, attributes, outer, parent, [*path, names_of(tag, attributes)])

    def _drawn(
        self,
        element: Any,
        tag: str,
        attributes: Mapping[str, str],
        outer: Matrix,
        parent: Mapping[str, str],
        path: list[frozenset[str]],
    ) -> None:
        looks = styled(parent, attributes, path, self._rules)
        if looks.get("display") == "none":
            return
        matrix = multiplied(outer, transform(attributes.get("transform", "")))
        if tag in _CONTAINERS:
            self._children(element, _placed(tag, attributes, matrix), self._handed(looks), path)
        elif tag == "use":
            self._used(attributes, matrix, self._handed(looks), path)
        elif tag in {"text", "foreignobject"}:
            self._text(element, attributes, matrix, looks)
        else:
            self._shape(element, tag, attributes, matrix, looks)

    def _children(self, element: Any, matrix: Matrix, looks: Mapping[str, str], path: list[frozenset[str]]) -> None:
        if self._glyphs(element, matrix):
            return
        for child in element:
            self._element(child, matrix, looks, path)

    def _glyphs(self, element: Any, matrix: Matrix) -> bool:
        """Take outlines of letters as the words that they write, where matplotlib says those in a comment before."""
        if len(element) != 2:
            return False
        comment, group = element
        if comment.tag is not etree.Comment or tag_of(group) != "g" or group.get("id"):
            return False
        text = tidy(" ".join((comment.text or "").split()))
        letters = [child for child in group if isinstance(child.tag, str) and tag_of(child) != "defs"]
        fonts = [_GLYPH.fullmatch(attributes_of(child).get("href", "")) for child in letters if tag_of(child) == "use"]
        counts = {len(text), len(text.replace(" ", ""))}
        if not text or len(letters) not in counts or len(fonts) != len(letters) or not all(fonts):
            return False
        where = multiplied(matrix, transform(group.get("transform", "")))
        names = sorted({one[1] for one in fonts if one is not None})
        self._drawing.words.append(Words(text, (where[4], where[5]), f"{where[0]:.3g} {' '.join(names)}"))
        return True

    def _used(
        self, attributes: Mapping[str, str], matrix: Matrix, looks: Mapping[str, str], path: list[frozenset[str]]
    ) -> None:
        named = self._named.get(attributes.get("href", "")[1:])
        if named is None:
            return
        moved = (1.0, 0.0, 0.0, 1.0, length(attributes.get("x", "0")), length(attributes.get("y", "0")))
        inner = multiplied(matrix, moved)
        if tag_of(named) == "symbol":
            self._children(named, inner, looks, [*path, names_of("symbol", {})])
        else:
            self._element(named, inner, looks, path)

    def _text(self, element: Any, attributes: Mapping[str, str], matrix: Matrix, looks: Mapping[str, str]) -> None:
        text = tidy(" ".join("".join(element.itertext()).split()))
        if text and looks.get("visibility") != "hidden":
            first = next((one for one in element.iter() if one.get("x")), None)
            x, y = (attributes.get("x"), attributes.get("y")) if first is None else (first.get("x"), first.get("y"))
            at = ((numbers(x or "0") or [0.0])[0], (numbers(y or "0") or [0.0])[0])
            self._drawing.words.append(
                Words(text, applied(matrix, at), f"{looks.get('font-size', '')} {looks.get('font-family', '')}")
            )

    def _shape(
        self, element: Any, tag: str, attributes: Mapping[str, str], matrix: Matrix, looks: Mapping[str, str]
    ) -> None:
        kind, d = outline(tag, attributes)
        points: tuple[Point, ...] = ()
        if not kind:
            kind, d = tag, ""
            letters = digest(written(element, 0))
        else:
            path = read_path(d)
            letters, points = path.letters, tuple(applied(matrix, point) for point in path.points)
            letters += digest(attributes.get("href", "")) if tag == "image" else ""
            letters += "".join(
                one_way(attributes[name]) for name in ("rx", "ry") if tag == "rect" and name in attributes
            )
        self._points -= len(points)
        if self._points < 0:
            raise DrawingError(f"it has more than {MOST_POINTS:,} points")
        painted = self._looks(looks, matrix, image=tag == "image")
        if painted is not None and (points or kind == tag):
            self._drawing.shapes.append(Shape(kind, letters, points, painted, self._worn(looks), d, matrix))

    def _handed(self, looks: Mapping[str, str]) -> dict[str, str]:
        """Return what a container hands down; its opacity and its clip count for all that it holds."""
        kept = {name: value for name, value in looks.items() if name not in OWN}
        return {**kept, GROUP_OPACITY: _opacity(looks), GROUP_WORN: self._worn(looks)}

    def _worn(self, looks: Mapping[str, str]) -> str:
        return looks.get(GROUP_WORN, "") + "".join(self._digest_of(looks.get(name, "")) for name in _WORN)

    def _looks(self, looks: Mapping[str, str], matrix: Matrix, *, image: bool) -> tuple[str, ...] | None:
        """Return how a shape is painted, None when it cannot be seen."""
        fill, stroke = (self._paint(looks.get(name, "none"), looks.get("color", "")) for name in _PAINT)
        seen = image or fill != "none" or stroke != "none"
        if not seen or looks.get("visibility") in {"hidden", "collapse"} or _opacity(looks) == "0":
            return None
        if image:
            return ("none", "none", "", "", "", "", _opacity(looks))
        scale = abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) ** 0.5
        width = f"{length(looks.get('stroke-width', '1')) * scale:.3g}" if stroke != "none" else ""
        dashes = " ".join(f"{one * scale:.3g}" for one in numbers(looks.get("stroke-dasharray", ""))[:50])
        rest = (one_way(looks.get(name, "1")) for name in ("fill-opacity", "stroke-opacity"))
        return (fill, stroke, width, dashes if stroke != "none" else "", *rest, _opacity(looks))

    def _paint(self, value: str, current: str) -> str:
        if value.startswith("url("):
            return self._digest_of(value)
        return colour(current if value.lower() == "currentcolor" else value)

    def _digest_of(self, reference: str) -> str:
        """Return a digest of what a reference names, without the name itself."""
        start, end = reference.find("#"), reference.find(")")
        if not reference.startswith("url(") or start < 0:
            return ""
        name = reference[start + 1 : end].strip("\"' ")
        if name not in self._digests:
            named = self._named.get(name)
            self._digests[name] = "" if named is None else digest(written(named, 0))
        return self._digests[name]


def _opacity(looks: Mapping[str, str]) -> str:
    own, group = (numbers(looks.get(name, "1")) or [1.0] for name in ("opacity", GROUP_OPACITY))
    return f"{own[0] * group[0]:.3g}"


def _canvas(root: Any) -> Drawing:
    attributes = attributes_of(root)
    box = numbers(attributes.get("viewbox", ""))
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        return Drawing(box[2], box[3], box[0], box[1])
    return Drawing(length(attributes.get("width", "")), length(attributes.get("height", "")))


def _placed(tag: str, attributes: Mapping[str, str], matrix: Matrix) -> Matrix:
    """Return where the contents of a container stand; a drawing in a drawing has a place and a view box."""
    if tag != "svg":
        return matrix
    x, y = length(attributes.get("x", "0")), length(attributes.get("y", "0"))
    box = numbers(attributes.get("viewbox", ""))
    wide, high = length(attributes.get("width", "")), length(attributes.get("height", ""))
    scale = min(wide / box[2], high / box[3]) if len(box) == 4 and box[2] > 0 and box[3] > 0 and wide and high else 1.0
    left, top = (box[0], box[1]) if len(box) == 4 else (0.0, 0.0)
    return multiplied(matrix, (scale, 0.0, 0.0, scale, x - left * scale, y - top * scale))
