"""R's values as JSON, the way the R package jsonlite writes them, but with all digits.

Scalars are arrays of one element, data frames arrays of rows, matrices arrays of arrays, factors their labels.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np
from rdata.parser import RObject, RObjectType

from erc.gateway.inspecting.numbers import complex_text, nested, number
from erc.gateway.inspecting.r_words import deparsed, pairs, text

_ATOMS = {RObjectType.LGL, RObjectType.INT, RObjectType.REAL, RObjectType.CPLX, RObjectType.STR, RObjectType.RAW}
_WORDS = {
    RObjectType.LGL: "logical",
    RObjectType.INT: "integer",
    RObjectType.REAL: "numeric",
    RObjectType.CPLX: "complex",
    RObjectType.STR: "character",
    RObjectType.RAW: "raw",
    RObjectType.VEC: "list",
    RObjectType.LIST: "pairlist",
    RObjectType.LANG: "call",
    RObjectType.EXPR: "expression",
    RObjectType.SYM: "name",
    RObjectType.CLO: "function",
    RObjectType.ENV: "environment",
    RObjectType.S4: "S4",
    RObjectType.NIL: "NULL",
    RObjectType.NILVALUE: "NULL",
}
_WRITTEN = {RObjectType.LANG, RObjectType.EXPR, RObjectType.SYM, RObjectType.CLO, RObjectType.REF}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_R_NA_LOW_WORD = 1954
_NA = "NA"
_DEEP = 60


def word_for(item: RObject) -> str:
    """Return the class of a value, or what R calls its type."""
    classes = _strings(attributes(item).get("class"))
    return classes[0] if classes else _WORDS.get(item.info.type, item.info.type.name.lower())


def shape_of(item: RObject) -> list[int]:
    """Return the rows and columns of a table or array, else the length."""
    known = attributes(item)
    if word_for(item) == "data.frame" and item.info.type is RObjectType.VEC:
        return [_rows(item), len(item.value)]
    if "dim" in known:
        return list(_dim(item))
    return [len(item.value)] if item.info.type in _ATOMS | {RObjectType.VEC, RObjectType.EXPR} else []


def attributes(item: RObject) -> dict[str, RObject]:
    """Return the attributes of a value by name."""
    return dict(pairs(item.attributes))


def told(item: RObject, most: int | None, depth: int = 0) -> Any:
    """Return a value as jsonlite writes it; at most so many rows or elements of it."""
    kind = item.info.type
    if kind in _ATOMS:
        return _array(item, most) if "dim" in attributes(item) else _vector(item, most)
    if kind in {RObjectType.VEC, RObjectType.LIST}:
        return _members(item, most, depth) if depth <= _DEEP else "…"
    if kind in {RObjectType.NIL, RObjectType.NILVALUE}:
        return {}
    return [deparsed(item) if kind in _WRITTEN else f"<{word_for(item)}>"]


def _members(item: RObject, most: int | None, depth: int) -> Any:
    if item.info.type is RObjectType.LIST:
        numbered = islice(enumerate(pairs(item), 1), most)
        return {name or str(place): told(value, most, depth + 1) for place, (name, value) in numbered}
    if "data.frame" in _strings(attributes(item).get("class")):
        return _frame(item, most)
    return _list(item, most, depth)


def _list(item: RObject, most: int | None, depth: int) -> Any:
    values = [told(value, most, depth + 1) for value in item.value[:most]]
    names = _strings(attributes(item).get("names"))
    if not names:
        return values
    return {name or str(place): value for place, (name, value) in enumerate(zip(names, values, strict=False), 1)}


def _frame(item: RObject, most: int | None) -> list[dict[str, Any]]:
    rows = _rows(item) if most is None else min(_rows(item), most)
    names = [name or f"V{place}" for place, name in enumerate(_strings(attributes(item).get("names")), 1)]
    columns = [_column(value, rows) for value in item.value]
    table = [
        {name: column[row] for name, column in zip(names, columns, strict=False) if not _missing(column[row])}
        for row in range(rows)
    ]
    labels = attributes(item).get("row.names")
    if labels is not None and labels.info.type is RObjectType.STR:
        for row, label in zip(table, _strings(labels), strict=False):
            row["_row"] = label
    return table


def _column(item: RObject, rows: int) -> Sequence[Any]:
    value = told(item, None if "dim" in attributes(item) else rows)
    if not isinstance(value, list):
        return [value] * rows
    return [*value[:rows], *[None] * (rows - len(value))]


def _missing(value: Any) -> bool:
    return value is None or value == _NA


def _rows(item: RObject) -> int:
    """Return how many rows a data frame has: its row names may be written short, as NA and minus their number."""
    labels = attributes(item).get("row.names")
    if labels is None:
        return max((len(value.value) for value in item.value if value.info.type in _ATOMS), default=0)
    if labels.info.type is RObjectType.INT and len(labels.value) == 2 and np.ma.is_masked(labels.value[:1]):
        return abs(int(labels.value[1]))
    return len(labels.value)


def _array(item: RObject, most: int | None) -> list[Any]:
    shape = _dim(item)
    values = _atoms(item, None)
    if most is not None and shape and shape[0] > most:
        rows = shape[0]
        values = [value for place, value in enumerate(values) if place % rows < most]
        shape = (most, *shape[1:])
    return nested(values, shape)


def _dim(item: RObject) -> tuple[int, ...]:
    shape = tuple(int(one) for one in attributes(item)["dim"].value)
    if any(one < 0 for one in shape) or int(np.prod(shape, dtype=object)) != len(item.value):
        raise ValueError("an array's dimensions do not fit its values")
    return shape


def _vector(item: RObject, most: int | None) -> Any:
    known = attributes(item)
    classes = _strings(known.get("class"))
    if "factor" in classes and item.info.type is RObjectType.INT:
        labels = _strings(known.get("levels"))
        return [_label(labels, code) for code in item.value[:most].tolist()]
    if item.info.type is RObjectType.REAL or item.info.type is RObjectType.INT:
        if "Date" in classes:
            return [_moment(value, 86_400, "%Y-%m-%d") for value in item.value[:most].tolist()]
        if "POSIXct" in classes:
            return [_moment(value, 1, "%Y-%m-%d %H:%M:%S") for value in item.value[:most].tolist()]
    return _atoms(item, most)


def _label(labels: Sequence[str], code: int | None) -> str | None:
    return labels[code - 1] if code is not None and 0 < code <= len(labels) else None


def _moment(value: float | None, seconds: int, layout: str) -> str | None:
    try:
        return (_EPOCH + timedelta(seconds=(value or 0) * seconds)).strftime(layout) if value is not None else None
    except (OverflowError, ValueError):
        return None


def _atoms(item: RObject, most: int | None) -> Any:
    kind, values = item.info.type, item.value
    if kind is RObjectType.RAW:
        return base64.b64encode(bytes(values)[:most]).decode()
    if kind is RObjectType.STR:
        return [None if one.value is None else text(one) for one in values[:most]]
    if kind is RObjectType.LGL:
        return list(values[:most].tolist())
    if kind is RObjectType.INT:
        return [_NA if one is None else one for one in values[:most].tolist()]
    if kind is RObjectType.CPLX:
        return [complex_text(one) for one in values[:most].tolist()]
    return _doubles(values[:most])


def _doubles(values: Any) -> list[float | str]:
    array = np.ascontiguousarray(np.ma.getdata(values), dtype="<f8")
    missing = np.isnan(array) & ((array.view("<u8") & 0xFFFFFFFF) == _R_NA_LOW_WORD)
    return [_NA if gone else number(one) for one, gone in zip(array.tolist(), missing.tolist(), strict=True)]


def _strings(item: RObject | None) -> list[str]:
    return [text(one) for one in item.value] if item is not None and item.info.type is RObjectType.STR else []
