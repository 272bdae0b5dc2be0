"""The comparators of HDF5, NetCDF and raster files, as they are asked: bytes in, findings out."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from scipy.io import netcdf_file

from erc.schemas.check import Outcome
from erc.workers.checker.domain.grid.grids import Grid, GridError, compare_grids, held
from erc.workers.checker.domain.grid.hdf5 import MAGIC, compare_hdf5, compare_hdf5_bytes
from erc.workers.checker.domain.images import compare_images
from erc.workers.checker.domain.picture.bitmap import PixelBudget, opened
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.terms import Terms

NETCDF = (b"CDF\x01", b"CDF\x02")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FRAMES = 200
_GEOGRAPHY = {
    33550: "pixel scale", 33922: "tie points", 34264: "transformation", 34735: "geographic keys",
    34736: "geographic numbers", 34737: "geographic names", 42113: "no data",
}  # fmt: skip
"""Tags of TIFF that say where a raster lies on the earth."""
_NO_DATA = 42113
_MEASURED = ("I", "F")
"""Modes of pictures whose values are measurements, not colours."""
_BROKEN = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, EOFError,
           AssertionError, struct.error, MemoryError, RecursionError)  # fmt: skip


def is_hdf5(content: bytes) -> bool:
    """Return whether bytes are an HDF5 or NetCDF-4 file."""
    return content.startswith(MAGIC)


def is_netcdf(content: bytes) -> bool:
    """Return whether bytes are a classic NetCDF file."""
    return content.startswith(NETCDF)


def is_tiff(content: bytes) -> bool:
    """Return whether bytes are a TIFF file."""
    return content.startswith(TIFF)


def compare_hdf5_files(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare two HDF5 files."""
    return _bounded(compare_hdf5_bytes, published, reproduced, terms)


def compare_large_hdf5(published: BinaryIO, reproduced: BinaryIO, terms: Terms) -> Compared:
    """Compare two HDF5 files that are not held."""
    try:
        return compare_hdf5(published, reproduced, terms)
    except GridError as error:
        return Compared("data", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0)


def compare_netcdf_files(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare two classic NetCDF files."""
    return _bounded(_netcdf, published, reproduced, terms)


def compare_tiff_files(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare two TIFF files: measurements and maps value by value, other pictures by what they show."""
    return _bounded(_tiff, published, reproduced, terms)


def _bounded(
    compare: Callable[[bytes, bytes, Terms], Compared], published: bytes, reproduced: bytes, terms: Terms
) -> Compared:
    try:
        found = compare(published, reproduced, terms)
    except GridError as error:
        found = Compared("data", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0)
    return found if found.original else replace(found, original=published, reproduced=reproduced)


def _netcdf(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    theirs, ours = _read_netcdf(published), _read_netcdf(reproduced)
    return compare_grids(theirs[0], ours[0], (theirs[1], ours[1]), terms)


def _read_netcdf(content: bytes) -> tuple[dict[str, Grid], dict[str, Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = netcdf_file(io.BytesIO(content), "r", mmap=False)
            grids = {}
            for name, one in file.variables.items():
                attributes = dict(one._attributes)  # noqa: SLF001 - there is no other way to list them
                fill = attributes.get("_FillValue", attributes.get("missing_value"))
                grids[str(name)] = held(np.array(one.data), attributes, fill)
            return grids, dict(file._attributes)  # noqa: SLF001 - as above
    except _BROKEN as error:
        raise GridError("it is damaged, or written in a way that is not known") from error


def _tiff(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    sides = [_read_tiff(content, name) for content, name in ((published, "published"), (reproduced, "reproduced"))]
    if not all(sides):
        return compare_images(published, reproduced, PixelBudget())
    (theirs, before), (ours, after) = (side for side in sides if side)
    return compare_grids(theirs, ours, (before, after), terms)


def _read_tiff(content: bytes, side: str) -> tuple[dict[str, Grid], dict[str, Any]] | None:
    """Return the bands of a raster and where it lies; None for a picture of colours that lies nowhere."""
    try:
        bitmap = opened(content, side, PixelBudget())
    except ValueError as error:
        raise GridError(f"it is no raster that can be read ({error})") from error
    tags: Any = getattr(bitmap.image, "tag_v2", {})
    try:
        attributes = {said: tags[number] for number, said in _GEOGRAPHY.items() if number in tags}
        if not bitmap.image.mode.startswith(_MEASURED) and not attributes:
            return None
        if bitmap.frames > _FRAMES:
            raise GridError(f"it has more than {_FRAMES} bands")
        fill = float(str(tags[_NO_DATA]).strip("\0 ")) if _NO_DATA in tags else None
        grids = {}
        for at in range(bitmap.frames):
            bitmap.image.seek(at)
            grids[f"band {at + 1}"] = held(np.asarray(bitmap.image), {}, fill)
    except _BROKEN as error:
        raise GridError("it is damaged") from error
    return grids, attributes
