"""Shapes on Earth as the boxes around them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RELATIONS = frozenset({"within", "intersects", "disjoint", "contains"})
_TYPES = frozenset({"point", "multipoint", "linestring", "multilinestring", "polygon", "multipolygon", "envelope"})
POSITIONS = 10_000

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees (WGS 84)."""


def box_of(shape: Any) -> Box | None:
    """Return the box around a GeoJSON geometry or an envelope; None when it is none in degrees."""
    if not isinstance(shape, Mapping) or str(shape.get("type", "")).lower() not in _TYPES:
        return None
    positions: list[tuple[float, float]] = []
    waiting = [shape.get("coordinates")]
    while waiting and len(positions) + len(waiting) <= POSITIONS:
        value = waiting.pop()
        if not isinstance(value, list) or not value:
            return None
        numbers = [number for one in value[:2] if (number := _degrees(one)) is not None]
        if len(numbers) == 2:
            positions.append((numbers[0], numbers[1]))
        else:
            waiting += value
    if waiting or not positions:
        return None
    wests, souths = [it[0] for it in positions], [it[1] for it in positions]
    box = (min(wests), min(souths), max(wests), max(souths))
    return box if _on_earth(box) else None


def _degrees(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _on_earth(box: Box) -> bool:
    return box[0] >= -180 and box[2] <= 180 and box[1] >= -90 and box[3] <= 90
