"""Reads HDF5 files, NetCDF-4 among them, as arrays. What lies in other files is never opened."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import h5py
import numpy as np

from erc.workers.checker.domain.grid.grids import Grid, GridError, compare_grids
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.terms import Terms

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_OBJECTS = 20_000
MOST_DEPTH = 60
CHUNK_BYTES = 256 << 20
ATTRIBUTES = 1_000
_ATTRIBUTE_VALUES = 100_000
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}
"""The filters that HDF5 brings with it, and LZF; none is loaded from elsewhere."""
_OWN = frozenset({
    "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict",
})  # fmt: skip
"""Attributes by which NetCDF-4 keeps its dimensions; they say nothing of their own."""


def compare_hdf5(published: BinaryIO, reproduced: BinaryIO, terms: Terms) -> Compared:
    """Compare two HDF5 files; raises GridError, with what a reader is to know."""
    try:
        with h5py.File(published, "r") as theirs, h5py.File(reproduced, "r") as ours:
            attributes = _attributes(theirs), _attributes(ours)
            return compare_grids(dict(_grids(theirs)), dict(_grids(ours)), attributes, terms)
    except GridError:
        raise
    except Exception as error:  # the library raises nearly anything for hostile bytes
        raise GridError("it is damaged, or written in a way that is not known") from error


def compare_hdf5_bytes(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare two HDF5 files that are held; raises GridError."""
    return compare_hdf5(io.BytesIO(published), io.BytesIO(reproduced), terms)


def _grids(root: Any) -> Iterator[tuple[str, Grid]]:
    waiting: list[tuple[str, Any, int]] = [("", root, 0)]
    seen: set[Any] = set()
    count = 0
    while waiting:
        path, group, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise GridError("its groups nest too deeply")
        for key in group:
            count += 1
            if count > MOST_OBJECTS:
                raise GridError(f"it holds more than {MOST_OBJECTS:,} objects")
            name = f"{path}/{key}".lstrip("/")
            if inner := _inner(group, key, seen):
                yield f"{name}/", _word("group", _attributes(inner))
                waiting.append((name, inner, depth + 1))
            else:
                yield from _one(name, group, key)


def _inner(group: Any, key: str, seen: set[Any]) -> Any:
    """Return a group in a group that was not seen yet, else None."""
    if not isinstance(group.get(key, getlink=True), h5py.HardLink) or not isinstance(group[key], h5py.Group):
        return None
    one = group[key]
    place = h5py.h5o.get_info(one.id).addr
    known = place in seen
    seen.add(place)
    return None if known else one


def _one(name: str, group: Any, key: str) -> Iterator[tuple[str, Grid]]:
    link = group.get(key, getlink=True)
    if not isinstance(link, h5py.HardLink):
        yield name, _link(link)
    elif isinstance(group[key], h5py.Dataset):
        yield from _dataset(name, group[key])


def _link(link: Any) -> Grid:
    """Return a link as the text that it is: what it leads to elsewhere is not opened."""
    return _word(f"link to {getattr(link, 'filename', '')} {link.path}")


def _word(text: str, attributes: dict[str, Any] | None = None) -> Grid:
    values = np.array(text, dtype=object)
    return Grid((), values.dtype, lambda _start, _stop: values, attributes or {})


def _dataset(name: str, one: Any) -> Iterator[tuple[str, Grid]]:
    _refuse(name, one)
    attributes, shape = _attributes(one), one.shape
    if shape is None:
        yield name, _word("no values", attributes)
        return
    names = h5py.check_enum_dtype(one.dtype)
    if names:
        attributes["names of its values"] = repr(sorted(names.items()))
    fill = attributes.get("_FillValue", attributes.get("missing_value"))
    if one.dtype.names:
        for part in one.dtype.names:
            yield f"{name}.{part}", Grid(shape, one.dtype[part], _reader(one, part), attributes)
        return
    yield name, Grid(shape, one.dtype, _reader(one), attributes, fill)


def _refuse(name: str, one: Any) -> None:
    if one.external or one.is_virtual:
        raise GridError(f"“{name[:100]}” keeps its values in another file, which is not opened")
    plan = one.id.get_create_plist()
    filters = {plan.get_filter(at)[0] for at in range(plan.get_nfilters())}
    if filters - _FILTERS:
        raise GridError(f"“{name[:100]}” is compressed in a way that is not known")
    if one.chunks and math.prod(one.chunks) * one.dtype.itemsize > CHUNK_BYTES:
        raise GridError(f"“{name[:100]}” is written in pieces that are too large")


def _reader(one: Any, part: str = "") -> Any:
    def read(start: int, stop: int) -> Any:
        held = one[start:stop] if one.shape else np.asarray(one[()])
        if h5py.check_ref_dtype(one.dtype) is not None:
            return _led_to(one.file, held)
        return held[part] if part else held

    return read


def _led_to(file: Any, references: Any) -> Any:
    """Return references as the names of what they lead to."""
    names = [str(file[one].name) if one else "" for one in np.ravel(references)]
    return np.array(names, dtype=object).reshape(np.shape(references))


def _is_own(key: str, one: Any) -> bool:
    """Return whether an attribute is one by which NetCDF-4 and dimension scales keep their dimensions."""
    if key not in {"CLASS", "NAME"}:
        return key in _OWN
    return one.attrs.get("CLASS") in {b"DIMENSION_SCALE", "DIMENSION_SCALE"}


def _attributes(one: Any) -> dict[str, Any]:
    if len(one.attrs) > ATTRIBUTES:
        raise GridError(f"it holds more than {ATTRIBUTES:,} attributes in one place")
    kept = {}
    for key in one.attrs:
        if _is_own(key, one):
            continue
        described = one.attrs.get_id(key)
        if math.prod(described.shape or ()) > _ATTRIBUTE_VALUES:
            raise GridError(f"its attribute “{key[:100]}” is too large")
        if h5py.check_ref_dtype(described.dtype) is None:
            kept[str(key)] = one.attrs[key]
    return kept
