"""The one door to the readers of binary files; the readers themselves are loaded in the child process only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from erc.events.errors import Rejected

READERS = {
    "rdata": "erc.gateway.inspecting.r_file",
    "rda": "erc.gateway.inspecting.r_file",
    "rds": "erc.gateway.inspecting.r_file",
    "npy": "erc.gateway.inspecting.numpy_file",
    "npz": "erc.gateway.inspecting.numpy_file",
    "xlsx": "erc.gateway.inspecting.sheets",
}
"""The module that reads a kind of file: it has `objects(path, extension, names, most_rows)`."""

NEVER_OPENED = {"pkl", "pickle", "joblib", "pt", "pth", "dill"}
"""Formats whose reading runs what they hold."""

MOST_BYTES = 16 << 20
"""The most that an inspection says."""

DEPTH = 2_000


def inspected(path: Path, extension: str, names: Sequence[str], most_rows: int | None) -> bytes:
    """Return what a file holds as JSON: `objects`, a list of {name, kind, shape, value}, and `missing` names.

    `names` are the objects that are wanted, all if there are none; of each at most so many rows or elements. Meant to
    run in a limited child. Raises Rejected when the file cannot be read or holds more than may be said.
    """
    sys.setrecursionlimit(DEPTH)
    read: Callable[..., list[dict[str, Any]]] = import_module(READERS[extension]).objects
    try:
        found = read(path, extension, frozenset(names), most_rows)
    except (MemoryError, RecursionError, Rejected):
        raise
    except Exception as error:
        raise Rejected("Error loading objects", f"{type(error).__name__}: {error}"[:300], "unreadable") from error
    there = {one["name"] for one in found}
    document = {"objects": found, "missing": [name for name in names if name not in there]}
    said = json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    if len(said) > MOST_BYTES:
        raise Rejected(
            "The objects are too large to be shown",
            f"They come to {len(said)} bytes, at most {MOST_BYTES} are sent. Name some with `objects`, or ask for the "
            "first rows of each with `rows`.",
            "objects_too_large",
        )
    return said
