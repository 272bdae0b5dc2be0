"""The elements of an SVG drawing: their names, attributes, outlines, and their text without names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from erc.workers.checker.domain.svg.geometry import DrawingError, length, numbers, read_path

MOST_DEPTH = 100
_REFERENCE = re.compile(r"url\(\s{0,9}[\"']?#([^)\"']{1,200})[\"']?\s{0,9}\)|^#(.{1,200})$")
_LONG = 5_000
"""A longer text stands for itself as a digest."""


def outline(tag: str, attributes: Mapping[str, str]) -> tuple[str, str]:
    """Return what a reader would call a shape, and its path; nothing for what is no shape."""
    if tag == "path":
        return "curve", attributes.get("d", "")
    if tag in {"polyline", "polygon", "line"}:
        return "line", _lines(tag, attributes)
    x, y, wide, high, r = (length(attributes.get(name, "0")) for name in ("x", "y", "width", "height", "r"))
    if tag in {"rect", "image"}:
        d = f"M{x!r},{y!r}L{x + wide!r},{y!r}L{x + wide!r},{y + high!r}L{x!r},{y + high!r}Z"
        return ("rectangle" if tag == "rect" else "picture"), d
    if tag in {"circle", "ellipse"}:
        a, b = (r, r) if tag == "circle" else (length(attributes.get(name, "0")) for name in ("rx", "ry"))
        u, v = length(attributes.get("cx", "0")), length(attributes.get("cy", "0"))
        return "circle", f"M{u - a!r},{v!r}A{a!r},{b!r} 0 1 0 {u + a!r},{v!r}A{a!r},{b!r} 0 1 0 {u - a!r},{v!r}Z"
    return "", ""


def _lines(tag: str, attributes: Mapping[str, str]) -> str:
    if tag == "line":
        given = [length(attributes.get(name, "0")) for name in ("x1", "y1", "x2", "y2")]
    else:
        given = numbers(attributes.get("points", ""))
    pairs = " ".join(f"{x!r},{y!r}" for x, y in zip(given[::2], given[1::2], strict=False))
    return f"M{pairs}{'Z' if tag == 'polygon' else ''}" if pairs else ""


def written(element: Any, depth: int, digest_of: Callable[[str], str]) -> str:
    """Return an element as text in one way of writing, without names; `digest_of` tells what a name stands for."""
    if depth > MOST_DEPTH:
        raise DrawingError("it nests too deeply")
    if not isinstance(element.tag, str):
        return ""
    attributes = sorted(attributes_of(element).items())

    def plain(text: str) -> str:
        return one_way(_REFERENCE.sub(lambda found: digest_of(found[1] or found[2]), text.strip()))

    listed = (f"{name}={_path(text) if name == 'd' else plain(text)}" for name, text in attributes if name != "id")
    inner = "".join(written(child, depth + 1, digest_of) for child in element)
    text = f"<{tag_of(element)} {' '.join(listed)}>{' '.join((element.text or '').split())}{inner}"
    return text if len(text) <= _LONG else digest(text)


def _path(text: str) -> str:
    path = read_path(text)
    return f"{path.letters} {digest(' '.join(f'{x:.6g},{y:.6g}' for x, y in path.points))}"


def one_way(text: str) -> str:
    """Return an attribute in one way of writing its numbers."""
    plain = " ".join(text.split())
    try:
        return f"{float(plain):.6g}"
    except ValueError:
        return plain if len(plain) <= _LONG else digest(plain)


def digest(text: str) -> str:
    """Return a short digest of a text, nothing for nothing."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16] if text else ""


def tag_of(element: Any) -> str:
    """Return the plain name of an element; a comment has none."""
    if not isinstance(element.tag, str):
        return ""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def attributes_of(element: Any) -> dict[str, str]:
    """Return the attributes of an element by their plain names in lower case."""
    return {name.rpartition("}")[2].rpartition(":")[2].lower(): str(text) for name, text in element.attrib.items()}
