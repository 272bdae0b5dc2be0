"""Reads data files as nested values: JSON, XML, NumPy's arrays, R's objects. No code of theirs is ever run."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import math
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from lxml import etree  # type: ignore[import-untyped]

from erc.schemas.check import Outcome
from erc.workers.checker.domain.r_objects import RObjectError, read_r
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import decoded
from erc.workers.checker.domain.values import compare_values
from erc.workers.checker.domain.zipped import Zipped, ZippedError

UNPACKED_BYTES = 128 << 20
"""How large an object file may be unpacked."""
ARRAY_VALUES = 2_000_000
_ENTITIES = (b"<!ENTITY", b"<!entity")
_COMPRESSED: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lzma.LZMADecompressor,
}


class DataError(ValueError):
    """Why a data file cannot be compared, in words."""


def compare_data(published: bytes, reproduced: bytes, terms: Terms, read: Callable[[bytes], Any]) -> Compared | None:
    """Compare two data files by their values; None when one cannot be read, for its text may still be compared."""
    try:
        return compare_values(read(published), read(reproduced), terms)
    except DataError as error:
        return Compared("data", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0)
    except (ValueError, RecursionError):
        return None


def read_json(content: bytes) -> Any:
    """Return the value of a JSON document, or the list of those of JSON lines; raises ValueError."""
    text = decoded(content)
    if text is None:
        raise ValueError("no text")
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [json.loads(line, object_pairs_hook=_object) for line in lines]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; a name that comes again is told apart by its number, for readers may take either."""
    made: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for name, value in pairs:
        seen[name] += 1
        made[name if seen[name] == 1 else f"{name} ({seen[name]})"] = value
    return made


def read_xml(content: bytes) -> Any:
    """Return the elements of an XML document; raises ValueError, DataError when it declares entities."""
    if any(one in content for one in _ENTITIES):
        raise DataError("it declares entities, which are not read")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.LxmlError as error:
        raise ValueError("no XML") from error
    return {str(root.tag): _element(root)}


def _element(element: Any) -> Any:
    """Return an element as a value: its words, or a list of its words and children in order; beside its attributes."""
    content: list[Any] = [" ".join((element.text or "").split())]
    for child in element:
        content += [{str(child.tag): _element(child)}, " ".join((child.tail or "").split())]
    held = content[0] if len(content) == 1 else [one for one in content if one]
    attributes = {f"@{name}": text for name, text in element.attrib.items()}
    return {**attributes, "content": held} if attributes else held


def read_numpy(content: bytes) -> Any:
    """Return the arrays of an .npy or .npz file; raises DataError."""
    if content.startswith(b"\x93NUMPY"):
        return _array(content)
    try:
        held = Zipped(content)
        held.refuse_excess()
        return {name.removesuffix(".npy"): _array(held.read(name) or b"") for name in held.names()}
    except ZippedError as error:
        raise DataError(str(error)) from error


def _array(content: bytes) -> Any:
    """Return an array as nested lists with its shape."""
    try:
        _refuse_array(content)
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except DataError:
        raise
    except (ValueError, EOFError, OSError, TypeError, KeyError, SyntaxError) as error:
        raise DataError("it cannot be read as an array") from error
    return {"shape": " × ".join(map(str, array.shape)) or "one value", "values": plain_array(array)}


def _refuse_array(content: bytes) -> None:
    """Hold what an array says of its size against what is there, before memory is taken for it."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    count = math.prod(shape)
    if dtype.hasobject:
        raise DataError("it holds Python objects, which are never loaded")
    if count > ARRAY_VALUES:
        raise DataError(f"it holds {count:,} values; {ARRAY_VALUES:,} are compared")
    if count * dtype.itemsize > len(content):
        raise DataError("it is cut off")


def plain_array(array: Any) -> Any:
    """Return an array of numbers or words as nested lists of plain values, one of records by their fields' names."""
    if array.dtype.names:
        return {name: plain_array(array[name]) for name in array.dtype.names}
    if array.dtype.kind in "cmMV":
        return array.astype(str).tolist()
    return array.tolist()


def read_r_file(content: bytes) -> Any:
    """Return the objects of an .rds or .RData file; raises DataError."""
    try:
        return read_r(unpacked(content))
    except RObjectError as error:
        raise DataError(str(error)) from error


def unpacked(content: bytes) -> bytes:
    """Return what a gzip, bzip2 or xz file holds, other bytes as they are; raises DataError when it is too much."""
    make = next((make for magic, make in _COMPRESSED.items() if content.startswith(magic)), None)
    if make is None:
        return content
    try:
        held: bytes = make().decompress(content, UNPACKED_BYTES + 1)
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise DataError("it cannot be unpacked") from error
    if len(held) > UNPACKED_BYTES:
        raise DataError(f"it is larger than {UNPACKED_BYTES >> 20} MiB unpacked")
    return held
