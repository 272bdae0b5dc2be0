"""Reads an SVG drawing as what it shows: shapes where they stand, words, pictures. Nothing is fetched or run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from erc.workers.checker.domain.svg.canvas import Drawing, Shape, canvas, corners, placed
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
from erc.workers.checker.domain.svg.lettering import Lettering, outlined_text
from erc.workers.checker.domain.svg.residue import residue
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

MOST_SHAPES = 100_000
"""How many shapes a drawing may have, those that it uses again counted each time."""
_CONTAINERS = {"g", "a", "switch", "svg", "symbol"}
_UNDRAWN = {
    "defs", "clippath", "mask", "pattern", "marker", "lineargradient", "radialgradient", "filter", "metadata", "title",
    "desc", "style", "script", "symbol", "namedview",
}  # fmt: skip
_PAINT = ("fill", "stroke")
_WORN = ("clip-path", "mask", "filter", "marker-start", "marker-mid", "marker-end")


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
        rules = (rule for one in sheets for rule in read_sheet("".join(one.itertext())))
        self._rules: list[Rule] = sorted(rules, key=lambda rule: rule.weight)
        self._digests: dict[str, str] = {}
        self._following: list[str] = []
        """The names whose references are being followed."""
        self._room, self._points = MOST_SHAPES, MOST_POINTS
        self._drawing = canvas(root)

    def read(self) -> Drawing:
        attributes = attributes_of(self._root)
        path = [names_of("svg", attributes)]
        looks = styled(START, attributes, path, self._rules)
        if looks.get("display") != "none":
            matrix = transform(attributes.get("transform", ""))
            self._children(self._root, matrix, self._handed(looks), path)
        self._drawing.unread += residue(self._root, self._digest_named)
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
            self._children(element, placed(tag, attributes, matrix, self._drawing), self._handed(looks), path)
        elif tag == "use":
            self._used(attributes, matrix, self._handed(looks), path)
        elif tag in {"text", "foreignobject"}:
            lettering = Lettering(matrix, self._rules, self._painted)
            lettering.take(element, looks, path)
            self._drawing.words += lettering.words()
        else:
            self._shape(element, tag, attributes, matrix, looks)

    def _children(self, element: Any, matrix: Matrix, looks: Mapping[str, str], path: list[frozenset[str]]) -> None:
        outlined = outlined_text(element)
        if outlined is not None:
            group, lettering = outlined[1], Lettering(matrix, self._rules, self._painted)
            inner = [*path, names_of("g", attributes_of(group))]
            lettering.outlined(*outlined, styled(looks, attributes_of(group), inner, self._rules))
            self._drawing.words += lettering.words()
            return
        for child in element:
            self._element(child, matrix, looks, path)

    def _used(
        self, attributes: Mapping[str, str], matrix: Matrix, looks: Mapping[str, str], path: list[frozenset[str]]
    ) -> None:
        named = self._named.get(attributes.get("href", "")[1:])
        if named is None:
            return
        moved = (1.0, 0.0, 0.0, 1.0, length(attributes.get("x", "0")), length(attributes.get("y", "0")))
        inner = multiplied(matrix, moved)
        if tag_of(named) == "symbol":
            own = attributes_of(named)
            sizes = {name: attributes.get(name, own.get(name, "")) for name in ("width", "height")}
            inner = placed("svg", {**own, **sizes, "x": "0", "y": "0"}, inner, self._drawing)
            self._children(named, inner, looks, [*path, names_of("symbol", {})])
        else:
            self._element(named, inner, looks, path)

    def _shape(
        self, element: Any, tag: str, attributes: Mapping[str, str], matrix: Matrix, looks: Mapping[str, str]
    ) -> None:
        kind, d = outline(tag, attributes)
        points: tuple[Point, ...] = ()
        if not kind:
            kind, d = tag, ""
            letters = digest(written(element, 0, self._digest_named))
            self._drawing.unread.append(f"{tag} {letters}")
        else:
            path = read_path(d)
            letters, points = path.letters, tuple(applied(matrix, point) for point in path.points)
            letters += "evenodd" if looks.get("fill-rule") == "evenodd" else ""
            letters += "".join(
                one_way(attributes[name]) for name in ("rx", "ry") if tag == "rect" and name in attributes
            )
        self._points -= len(points)
        if self._points < 0:
            raise DrawingError(f"it has more than {MOST_POINTS:,} points")
        painted = self._looks(looks, matrix, image=tag == "image")
        if painted is not None and (points or kind == tag):
            worn = self._worn(looks)
            frame = tuple(applied(matrix, corner) for corner in corners(self._drawing)) if worn else ()
            source = attributes.get("href", "") if tag == "image" else ""
            self._drawing.shapes.append(Shape(kind, letters, points, painted, worn, d, matrix, frame, source))

    def _handed(self, looks: Mapping[str, str]) -> dict[str, str]:
        """Return what a container hands down; its opacity and its clip count for all that it holds."""
        kept = {name: value for name, value in looks.items() if name not in OWN}
        return {**kept, GROUP_OPACITY: _opacity(looks), GROUP_WORN: self._worn(looks)}

    def _worn(self, looks: Mapping[str, str]) -> str:
        return looks.get(GROUP_WORN, "") + "".join(self._digest_of(looks.get(name, "")) for name in _WORN)

    def _painted(self, looks: Mapping[str, str], matrix: Matrix) -> tuple[str, ...] | None:
        """Return how words are painted, None when they cannot be seen."""
        size = looks.get("font-size", "1")
        painted = self._looks(looks, matrix, image=False)
        return None if painted is None or (size[:1] == "0" and not length(size)) else (*painted, self._worn(looks))

    def _looks(self, looks: Mapping[str, str], matrix: Matrix, *, image: bool) -> tuple[str, ...] | None:
        """Return how a shape is painted, None when it cannot be seen."""
        fill, stroke = (self._paint(looks.get(name, "none"), looks.get("color", "")) for name in _PAINT)
        marked = any("url(" in looks.get(name, "") for name in _WORN[-3:])
        seen = image or marked or fill != "none" or stroke != "none"
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
        return self._digest_named(reference[start + 1 : end].strip("\"' "))

    def _digest_named(self, name: str) -> str:
        if name not in self._digests:
            if len(self._following) > MOST_DEPTH:
                raise DrawingError("what it refers to nests too deeply")
            self._digests[name] = "itself"  # for what refers to itself
            self._following.append(name)
            named = self._named.get(name)
            self._digests[name] = "" if named is None else digest(written(named, 0, self._digest_named))
            self._following.pop()
        return self._digests[name]


def _opacity(looks: Mapping[str, str]) -> str:
    own, group = (numbers(looks.get(name, "1")) or [1.0] for name in ("opacity", GROUP_OPACITY))
    return f"{own[0] * group[0]:.3g}"
