"""Draws what was read of an SVG again, without its words, and renders that: no text of the author's is handed on."""

from __future__ import annotations

import re

import resvg_py

from erc.workers.checker.domain.svg.canvas import Drawing, Shape
from erc.workers.checker.domain.svg.geometry import DrawingError

SIDE_PIXELS = 900
"""How many pixels the longer side of a picture has."""
MOST_CHARACTERS = 30_000_000
_PATH = re.compile(r"[^MmZzLlHhVvCcSsQqTtAa0-9eE+\-., \n\t]")
_COLOUR = re.compile(r"#[0-9a-f]{6}(?:[0-9a-f]{2})?")
_NO_COLOUR = "#808080"
"""What stands for gradients and patterns."""


def rendered(drawing: Drawing) -> bytes:
    """Return the shapes of a drawing on white as PNG; raises DrawingError when they are too much to draw."""
    if not (0 < drawing.width < 1e9 and 0 < drawing.height < 1e9):
        raise DrawingError("it has no size")
    parts = [_element(shape) for shape in drawing.shapes if shape.d]
    if sum(map(len, parts)) > MOST_CHARACTERS:
        raise DrawingError("it is too large to be drawn")
    scale = SIDE_PIXELS / max(drawing.width, drawing.height)
    wide, high = (max(1, round(side * scale)) for side in (drawing.width, drawing.height))
    box = f"{drawing.left!r} {drawing.top!r} {drawing.width!r} {drawing.height!r}"
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="{box}">{"".join(parts)}</svg>'
    )
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=text, background="white", skip_system_fonts=True))
    except (ValueError, RuntimeError) as error:
        raise DrawingError("it cannot be drawn") from error


def _element(shape: Shape) -> str:
    fill, stroke, width, dashes, fill_opacity, stroke_opacity, opacity = shape.looks
    if shape.kind == "picture":
        fill = _NO_COLOUR
    matrix = " ".join(repr(one) for one in shape.matrix)
    scale = abs(shape.matrix[0] * shape.matrix[3] - shape.matrix[1] * shape.matrix[2]) ** 0.5 or 1.0
    listed = {
        "d": _PATH.sub("", shape.d),
        "transform": f"matrix({matrix})",
        "fill": _paint(fill),
        "fill-rule": "evenodd" if "evenodd" in shape.letters else "",
        "stroke": _paint(stroke),
        "stroke-width": repr(float(width or 0) / scale),
        "stroke-dasharray": " ".join(repr(float(one) / scale) for one in dashes.split()),
        "fill-opacity": _share(fill_opacity),
        "stroke-opacity": _share(stroke_opacity),
        "opacity": _share(opacity),
    }
    return "<path " + " ".join(f'{name}="{text}"' for name, text in listed.items() if text) + "/>"


def _paint(value: str) -> str:
    return value if value == "none" or _COLOUR.fullmatch(value) else _NO_COLOUR


def _share(value: str) -> str:
    try:
        return f"{min(1.0, max(0.0, float(value))):.3g}"
    except ValueError:
        return ""
