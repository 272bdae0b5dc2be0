"""Reads R's serialised objects as nested values, through a reader that runs no code."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import rdata
from rdata.parser import RObjectType as Kind

_BROKEN = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, NotImplementedError, EOFError, OSError, AssertionError,
    OverflowError, struct.error, RecursionError, LookupError,
)  # fmt: skip
MOST_DEPTH = 60
MOST_ITEMS = 1_000_000
"""How many items a pairlist may have."""
_NUMBERS = {Kind.LGL, Kind.INT, Kind.REAL, Kind.CPLX}
_ADDRESSES = {".internal.selfref"}
"""Attributes that hold where an object lay in memory."""


class RObjectError(ValueError):
    """Why R's objects cannot be read, in words."""


def read_r(content: bytes) -> Any:
    """Return the objects in bytes that are unpacked already; raises RObjectError.

    A vector without attributes is a list, a list with names is an object; anything else is an object of its `values`
    (in R's order, columns first) and its attributes, each under its name behind an `@`: `@dim`, `@names`, `@class`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = rdata.parser.parse_data(content)
            return _Reader(data.extra.encoding).plain(data.object, 0)
    except RObjectError:
        raise
    except _BROKEN as error:
        raise RObjectError("its R objects cannot be read; only their bytes could be compared") from error


class _Reader:
    def __init__(self, encoding: str | None) -> None:
        self._encoding = encoding

    def plain(self, held: Any, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise RObjectError("its R objects nest too deeply")
        kind = held.info.type
        if kind is Kind.REF:
            return self.plain(held.referenced_object, depth + 1)
        if kind in {Kind.NILVALUE, Kind.NIL}:
            return None
        if kind in {Kind.SYM, Kind.CHAR}:
            return self._text(held)
        if kind is Kind.LIST:
            return self._named([(name, self.plain(one, depth + 1)) for name, one in self._pairs(held)])
        return self._with_attributes(self._values(held, depth), self._attributes(held, depth))

    def _values(self, held: Any, depth: int) -> list[Any]:
        kind = held.info.type
        if kind in _NUMBERS:
            array = np.ma.asarray(held.value)
            return [str(one) for one in array.tolist()] if kind is Kind.CPLX else list(array.tolist())
        if kind is Kind.STR:
            return [self._text(one) for one in held.value]
        if kind in {Kind.VEC, Kind.EXPR}:
            return [self.plain(one, depth + 1) for one in held.value]
        raise RObjectError(f"it holds an R object ({kind.name[:40]}) that cannot be compared")

    def _attributes(self, held: Any, depth: int) -> dict[str, Any]:
        pairs = self._pairs(held.attributes) if held.attributes is not None else ()
        return {name: self.plain(one, depth + 1) for name, one in pairs if name not in _ADDRESSES}

    def _pairs(self, held: Any) -> Iterator[tuple[str, Any]]:
        for _ in range(MOST_ITEMS):
            if held.info.type is not Kind.LIST:
                return
            yield self._text(held.tag) or "" if held.tag is not None else "", held.value[0]
            held = held.value[1]
        raise RObjectError("its R objects are too many")

    def _text(self, held: Any) -> str | None:
        while held.info.type in {Kind.REF, Kind.SYM}:
            held = held.referenced_object if held.info.type is Kind.REF else held.value
        text = rdata.conversion.convert_char(held, default_encoding=self._encoding, force_default_encoding=False)
        return text if text is None else str(text)

    @staticmethod
    def _named(pairs: list[tuple[Any, Any]]) -> Any:
        """Return pairs as an object, as a list of them where a name is missing or comes again."""
        names = [name for name, _ in pairs]
        if all(names) and len(set(names)) == len(names):
            return dict(pairs)
        return [[name, value] for name, value in pairs]

    def _with_attributes(self, values: list[Any], attributes: dict[str, Any]) -> Any:
        if "levels" in attributes:
            values = [_label(one, attributes["levels"]) for one in values]
        if "row.names" in attributes:
            attributes["row.names"] = _row_names(attributes["row.names"])
        named: Any = values
        names = attributes.pop("names", None)
        if isinstance(names, list):
            named = self._named(list(zip(names, values, strict=True)))
        return {"values": named, **{f"@{name}": one for name, one in attributes.items()}} if attributes else named


def _label(code: Any, levels: Any) -> Any:
    """Return the word of a factor's number."""
    return levels[code - 1] if isinstance(code, int) and isinstance(levels, list) and 0 < code <= len(levels) else code


def _row_names(names: Any) -> Any:
    """Return how many rows there are where R only counts them, which it writes in three ways; else their names."""
    if isinstance(names, list) and len(names) == 2 and names[0] is None and isinstance(names[1], int):
        return abs(names[1])
    return len(names) if isinstance(names, list) and names == list(range(1, len(names) + 1)) else names
