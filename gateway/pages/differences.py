"""What differs between two revisions of the metadata, for people. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from erc.schemas.spatial import box_of, feature

MOST = 200
_WORDS = 1500
_SIDES = ("west", "south", "east", "north")
_NAMES = {
    "creators": "Authors",
    "license": "Licence",
    "publication_date": "Date of publication",
    "mainfile": "Main file",
    "displayfile": "Display file",
    "paperLanguage": "Languages",
    "spatial": "Place",
    "union": "all",
    "temporal": "Time",
    "depends": "Packages",
    "doi": "DOI",
    "doiurl": "address of the DOI",
    "orcid": "ORCID iD",
}


@dataclass(frozen=True)
class Piece:
    """A part of a text: `same`, `gone` or `new`."""

    state: str
    text: str


@dataclass(frozen=True)
class Difference:
    """A field that differs; `pieces` is its text with what went and what came."""

    name: str
    pieces: list[Piece]


def differences(before: Any, after: Any) -> tuple[list[Difference], int]:
    """Return the first differences between two documents, field by field, and how many there are."""
    old, new = dict(_leaves(_with_box(before), ())), dict(_leaves(_with_box(after), ()))
    paths = [path for path in {**old, **new} if old.get(path, "") != new.get(path, "")]
    found = [Difference(_name(path), pieces(old.get(path, ""), new.get(path, ""))) for path in paths[:MOST]]
    return found, len(paths)


def _with_box(document: Any) -> Any:
    """Return the document with a place that is a box as one text."""
    spatial = document.get("spatial") if isinstance(document, dict) else None
    union = spatial.get("union") if isinstance(spatial, dict) else None
    box = box_of(union)
    if not isinstance(spatial, dict) or box is None or union != {"geojson": feature(box)}:
        return document
    said = ", ".join(f"{name} {degrees:g}" for name, degrees in zip(_SIDES, box, strict=True))
    return {**document, "spatial": {**spatial, "union": said}}


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and not all(isinstance(item, int | float) for item in value):
        for place, item in enumerate(value, start=1):
            yield from _leaves(item, (*path, place))
    elif value not in (None, "", [], {}):
        yield path, value if isinstance(value, str) else str(value)


def _name(path: tuple[str | int, ...]) -> str:
    """Return a path in words: `Authors, 1, ORCID iD`."""
    words = [_NAMES.get(str(key), str(key).replace("_", " ")) for key in path]
    name = ", ".join(words)
    return name[:1].upper() + name[1:]


def pieces(old: str, new: str) -> list[Piece]:
    """Return what went and what came, word by word unless the texts are long or have little in common."""
    one, other = re.findall(r"\s+|[^\s]+", old), re.findall(r"\s+|[^\s]+", new)
    whole = [Piece(state, text) for state, text in (("gone", old), ("new", new)) if text]
    if not old or not new or len(one) + len(other) > _WORDS:
        return whole
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < 0.3:
        return whole
    pieces = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(one[a:b])))
        else:
            pieces += [Piece("gone", "".join(one[a:b]))] if b > a else []
            pieces += [Piece("new", "".join(other[c:d]))] if d > c else []
    return pieces
