"""Numbers as JSON knows them, the way the R package jsonlite writes those that JSON does not know."""

from __future__ import annotations

import math
from typing import Any

_EXACT = 1 << 53


def number(value: float) -> float | str:
    """Return a finite number, a whole one without its `.0`; `NaN`, `Inf` and `-Inf` as these words."""
    if math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if math.isnan(value):
        return "NaN"
    return "Inf" if value > 0 else "-Inf"


def complex_text(value: complex) -> str:
    """Return a complex number as R writes it: `1-2i`."""
    return f"{value.real:g}{value.imag:+g}i"


def nested(values: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Return values in Fortran order (the first index runs first) as arrays of arrays: rows outside."""
    if len(shape) <= 1:
        return values
    rows = shape[0]
    return [nested(values[row::rows], shape[1:]) for row in range(rows)]
