"""Reads R's own format (`.RData`, `.rda`, `.rds`) with a parser that evaluates nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rdata.parser import RObject, RObjectType, parse_file

from erc.gateway.inspecting.r_values import shape_of, told, word_for
from erc.gateway.inspecting.r_words import symbol


def objects(path: Path, extension: str, names: frozenset[str], most_rows: int | None) -> list[dict[str, Any]]:
    """Return the objects of a file as jsonlite would write them; that of an `.rds` is called `object`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = parse_file(path, extension=f".{extension}").object
    found = [("object", parsed)] if extension == "rds" else _saved(parsed)
    return [
        {"name": name, "kind": word_for(value), "shape": shape_of(value), "value": told(value, most_rows)}
        for name, value in found
        if not names or name in names
    ]


def _saved(pairs: RObject) -> Iterator[tuple[str, RObject]]:
    """Yield names and values of what `save` wrote: a list of pairs."""
    if pairs.info.type not in {RObjectType.LIST, RObjectType.NILVALUE}:
        raise ValueError("it holds no named objects; is it an .rds?")
    while pairs.info.type is RObjectType.LIST:
        value, rest = pairs.value
        yield symbol(pairs.tag), value
        pairs = rest
