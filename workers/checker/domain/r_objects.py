"""Reads R's serialised objects as nested values, through a reader that runs no code."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import rdata

_BROKEN = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, NotImplementedError, EOFError, OSError, AssertionError,
    OverflowError, struct.error, RecursionError, LookupError,
)  # fmt: skip
MOST_DEPTH = 60


class RObjectError(ValueError):
    """Why R's objects cannot be read, in words."""


def read_r(content: bytes) -> Any:
    """Return the objects in bytes that are unpacked already; raises RObjectError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converted = rdata.conversion.convert(rdata.parser.parse_data(content))
            return _plain(converted, 0)
    except RObjectError:
        raise
    except _BROKEN as error:
        raise RObjectError("its R objects cannot be read; only their bytes could be compared") from error


def _plain(value: Any, depth: int) -> Any:
    if depth > MOST_DEPTH:
        raise RObjectError("its R objects nest too deeply")
    if isinstance(value, pd.DataFrame):
        names = [str(name) for name in value.index]
        return {"rows": names, **{str(name): _list(value[name]) for name in value.columns}}
    if isinstance(value, pd.Series | pd.Categorical | np.ndarray):
        return _list(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    return _scalar(value, depth)


def _scalar(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item() if value.dtype.kind not in "cmM" else str(value)
    if hasattr(value, "values") and hasattr(value, "dims"):
        return _plain(np.asarray(value.values), depth + 1)
    raise RObjectError(f"it holds an R object ({type(value).__name__[:40]}) that cannot be compared")


def _list(values: Any) -> list[Any]:
    array = np.asarray(values)
    if array.dtype.kind in "cmMV":
        return [str(one) for one in array.ravel().tolist()]
    return [_cell(one) for one in array.ravel().tolist()]


def _cell(value: Any) -> Any:
    if value is pd.NA or isinstance(value, np.ma.core.MaskedConstant):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
