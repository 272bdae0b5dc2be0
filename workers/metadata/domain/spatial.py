"""Where on Earth: bounding boxes of the workspace's GeoJSON files, and their union."""

from __future__ import annotations

import json
from typing import Any

from erc.schemas.limits import MIB
from erc.schemas.spatial import Box, box_around, feature, positions
from erc.workers.metadata.domain.files import Files

MAX_FILES = 20
MAX_BYTES = 4 * MIB


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
        "files": [{"source_file": path, "geojson": feature(box)} for path, box in boxes.items()],
        "union": {"geojson": feature(union)},
    }


def bounding_box(data: bytes) -> Box | None:
    """Return the box around all coordinates of a GeoJSON document, None when it has none in degrees."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return box_around(positions(document))
