"""Reads `.npy` and `.npz`; pickled objects in them are refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erc.gateway.inspecting.numbers import complex_text, number


def objects(path: Path, extension: str, names: frozenset[str], most_rows: int | None) -> list[dict[str, Any]]:
    """Return the arrays of a file; that of a `.npy` is called `array`. Raises ValueError when it is none."""
    return [_told(name, array, most_rows) for name, array in _arrays(path, extension) if not names or name in names]


def _arrays(path: Path, extension: str) -> Iterator[tuple[str, NDArray[Any]]]:
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if extension == "npy" and isinstance(loaded, np.ndarray):
            yield "array", loaded
            return
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise ValueError("it is another kind of file than its name says")  # noqa: TRY004 - of the input
        yield from loaded.items()


def _told(name: str, array: NDArray[Any], most_rows: int | None) -> dict[str, Any]:
    shown = array[:most_rows] if array.ndim and most_rows is not None else array
    value = _plain(shown.tolist() if array.ndim else [array.item()])
    return {"name": name, "kind": str(array.dtype), "shape": list(array.shape), "value": value}


def _plain(value: Any) -> Any:
    match value:
        case list() | tuple():
            return [_plain(item) for item in value]
        case None | bool() | int() | str():
            return value
        case float():
            return number(value)
        case complex():
            return complex_text(value)
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return str(value)
