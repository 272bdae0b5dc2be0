"""Where on Earth: bounding boxes of the workspace's GeoJSON files, and their union."""

from __future__ import annotations

import json
import math
from typing import Any

from erc.schemas.limits import MIB
from erc.workers.metadata.domain.files import Files

MAX_FILES = 20
MAX_BYTES = 4 * MIB
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees (WGS 84)."""


def read_spatial(files: Files) -> dict[str, Any]:
    """Return `{files: [{source_file, geojson}], union: {geojson}}`, or {} when no file tells a place.

    A GeoJSON file that cannot be read, or whose coordinates are no degrees, counts as silent.
    """
    boxes = {}
    for path in files.with_suffix(".geojson")[:MAX_FILES]:
        data = files.data(path, MAX_BYTES)
        box = bounding_box(data) if data else None
        if box is not None:
            boxes[path] = box
    if not boxes:
        return {}
    wests, souths, easts, norths = zip(*boxes.values(), strict=True)
    union = (min(wests), min(souths), max(easts), max(norths))
    return {
        "files": [{"source_file": path, "geojson": _feature(box)} for path, box in boxes.items()],
        "union": {"geojson": _feature(union)},
    }


def bounding_box(data: bytes) -> Box | None:
    """Return the box around all coordinates of a GeoJSON document, None when it has none in degrees."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    points = _positions(document)
    inside = [point for point in points if abs(point[0]) <= 180 and abs(point[1]) <= 90]
    if not points or len(inside) < len(points):
        return None
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _positions(document: Any) -> list[tuple[float, float]]:
    """Return longitude and latitude of every position below a `coordinates` member."""
    result: list[tuple[float, float]] = []
    waiting: list[tuple[Any, bool]] = [(document, False)]
    while waiting:
        value, inside = waiting.pop()
        if isinstance(value, dict):
            waiting += [(item, key == "coordinates") for key, item in value.items() if key != "properties"]
        elif isinstance(value, list):
            if inside and len(value) > 1 and all(_is_number(number) for number in value[:2]):
                result.append((float(value[0]), float(value[1])))
            else:
                waiting += [(item, inside) for item in value]
    return result


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e9 and math.isfinite(value)


def _feature(box: Box) -> dict[str, Any]:
    west, south, east, north = box
    return {"type": "Feature", "bbox": list(box), "properties": {}, "geometry": _geometry(west, south, east, north)}


def _geometry(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return the box as a shape that an index takes: a polygon without area is none."""
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    if west == east or south == north:
        return {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
