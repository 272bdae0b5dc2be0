"""Where on Earth: the shapes in which a place comes, and the GeoJSON in which it is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees (WGS 84)."""
_SHAPES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
_NOWHERE: tuple[Any, ...] = (None, "", [], {})


def feature(box: Box) -> dict[str, Any]:
    """Return a GeoJSON feature of the box; one whose west is larger than its east crosses the 180th meridian."""
    return {"type": "Feature", "bbox": list(box), "properties": {}, "geometry": _geometry(*box)}


def _geometry(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return the box as a shape that an index takes: a polygon without area is none."""
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    if west == east or south == north:
        return {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    if west > east:
        return {
            "type": "MultiPolygon",
            "coordinates": [[_ring(west, south, 180, north)], [_ring(-180, south, east, north)]],
        }
    return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def positions(document: Any) -> list[tuple[float, float]]:
    """Return longitude and latitude of every position below a `coordinates` member of a GeoJSON document."""
    result: list[tuple[float, float]] = []
    waiting: list[tuple[Any, bool]] = [(document, False)]
    while waiting:
        value, inside = waiting.pop()
        if isinstance(value, dict):
            waiting += [(item, key == "coordinates") for key, item in value.items() if key != "properties"]
        elif isinstance(value, list):
            if inside and _numbers(value[:2]) and len(value) > 1:
                result.append((float(value[0]), float(value[1])))
            else:
                waiting += [(item, inside) for item in value]
    return result


def box_around(points: Sequence[tuple[float, float]]) -> Box | None:
    """Return the box around points; None when there are none, or one is not in degrees."""
    if not points or not all(_in_degrees(*point) for point in points):
        return None
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def box_of(value: Any) -> Box | None:
    """Return the box that a value means, None when it means none.

    It may be `[west, south, east, north]`, a list of corners, GeoJSON, or a mapping with one of these under `geojson`,
    `geometry` or `bbox`.
    """
    if isinstance(value, list):
        return _box_of_list(value)
    if not isinstance(value, dict):
        return None
    tried = (box_around(positions(value)), *(box_of(value[key]) for key in ("geojson", "bbox") if key in value))
    return next((box for box in tried if box), None)


def _box_of_list(value: list[Any]) -> Box | None:
    if len(value) in {4, 6} and _numbers(value):
        half = len(value) // 2
        west, south, east, north = (float(number) for number in (*value[:2], *value[half : half + 2]))
        right = _in_degrees(west, south) and _in_degrees(east, north) and south <= north
        return (west, south, east, north) if right else None
    if value and all(isinstance(point, list) and len(point) > 1 and _numbers(point[:2]) for point in value):
        return box_around([(float(point[0]), float(point[1])) for point in value])
    return None


def as_geojson(spatial: dict[str, Any]) -> dict[str, Any] | None:
    """Return a `spatial` whose `union`, and whose `files` as far as they tell a place, have a GeoJSON feature.

    What else was there stays. None when `union` says something that is no place in degrees.
    """
    union, files = spatial.get("union"), spatial.get("files")
    result = dict(spatial)
    if isinstance(files, list):
        result["files"] = [_placed(item) or item for item in files]
    if union not in _NOWHERE:
        placed = _placed(union)
        if placed is None:
            return None
        result["union"] = placed
    return result


def _placed(value: Any) -> dict[str, Any] | None:
    """Return `{geojson: feature, …}` for a value that tells a place; a shape of its own is kept."""
    box = box_of(value)
    if box is None:
        return None
    if not isinstance(value, dict):
        return {"geojson": feature(box)}
    rest = {} if _is_geojson(value) else value
    own = value if _is_geojson(value) else value.get("geojson")
    return {**rest, "geojson": _feature_of(own) or feature(box)}


def _is_geojson(value: dict[str, Any]) -> bool:
    return value.get("type") in {"Feature", *_SHAPES}


def _feature_of(value: Any) -> dict[str, Any] | None:
    """Return GeoJSON as a feature with a box; None when it has no shape that an index takes."""
    if not isinstance(value, dict):
        return None
    shape = value if value.get("type") in _SHAPES else value.get("geometry")
    box = box_around(positions(shape))
    if box is None or not isinstance(shape, dict) or not _whole(shape):
        return None
    kept = value if value.get("type") == "Feature" else {"type": "Feature", "properties": {}, "geometry": shape}
    return {"bbox": list(box), **kept}


def _whole(shape: dict[str, Any]) -> bool:
    """Return whether a shape is made as GeoJSON says: positions, lines of two, rings of four that close."""
    lists: list[Any] = [shape.get("coordinates")]
    parents, depth = lists, {"Point": 0, "MultiPoint": 1, "LineString": 1}
    kind = shape.get("type", "")
    if kind not in _SHAPES:
        return False
    for _ in range(depth.get(kind, 3 if kind == "MultiPolygon" else 2)):
        if not all(isinstance(one, list) and one for one in lists):
            return False
        parents, lists = lists, [item for one in lists for item in one or ()]
    if not all(isinstance(one, list) and 2 <= len(one) <= 4 and _numbers(one) for one in lists):
        return False
    if kind.endswith("Polygon"):
        return all(len(ring) >= 4 and ring[0] == ring[-1] for ring in parents)
    return not kind.endswith("LineString") or all(len(line) >= 2 for line in parents)


def _in_degrees(longitude: float, latitude: float) -> bool:
    return abs(longitude) <= 180 and abs(latitude) <= 90


def _numbers(values: Sequence[Any]) -> bool:
    return all(
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)
        for value in values
    )
