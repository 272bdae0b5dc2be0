"""The form of the metadata: its fields from a document, and a document from its fields. Pure.

What the form does not show, and what was not changed in it, stays in the document as it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from erc.gateway.o2r import LICENSED, Fault
from erc.schemas.spatial import box_of, feature

Fields = dict[str, str]
"""What is typed, by the name of its field; authors are `creator-0-name`, `creator-0-orcid`, `creator-0-affiliation`."""

PLACE = ("west", "south", "east", "north")
PERSON = ("name", "orcid", "affiliation")
MOST_PEOPLE = 500
SPARE_ROWS = 1
LICENCES = {
    "text": ("CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0"),
    "data": ("CC0-1.0", "CC-BY-4.0", "ODbL-1.0", "PDDL-1.0"),
    "code": ("MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later"),
    "metadata": ("CC0-1.0", "CC-BY-4.0"),
}
"""Licences that are proposed for what."""
_DOI_PREFIX = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)\s*", re.IGNORECASE)
_ORCID_PREFIX = re.compile(r"^https?://orcid\.org/", re.IGNORECASE)
_PERSON_FIELD = re.compile(r"creator-([0-9]{1,3})-(?:name|orcid|affiliation)")


@dataclass(frozen=True)
class Typed:
    """The document that a filled-in form makes, and what cannot be understood of it."""

    document: dict[str, Any]
    faults: list[Fault]


def fields_of(document: Mapping[str, Any]) -> Fields:
    """Return the form's fields for a document, whatever its shape."""
    licence, temporal = document.get("license"), _mapping(document.get("temporal"))
    box = box_of(_mapping(document.get("spatial")).get("union"))
    fields = {
        **{name: _text(document.get(name)) for name in ("title", "description", "publication_date")},
        "mainfile": _text(document.get("mainfile")),
        "displayfile": _text(document.get("displayfile")),
        "keywords": "\n".join(map(_text, _listed(document.get("keywords")))),
        "languages": ", ".join(map(_text, _listed(document.get("paperLanguage")))),
        "doi": _text(_mapping(document.get("identifier")).get("doi")),
        **{f"license-{part}": _text(_mapping(licence).get(part)) or _text(licence) for part in LICENSED},
        **{name: f"{box[place]:g}" if box else "" for place, name in enumerate(PLACE)},
        **{name: _text(temporal.get(name)) for name in ("begin", "end")},
    }
    for place, person in enumerate(_listed(document.get("creators"))[:MOST_PEOPLE]):
        fields |= {f"creator-{place}-{name}": _joined(_mapping(person).get(name)) for name in PERSON}
    return fields


def people_of(fields: Fields, spare: int = SPARE_ROWS) -> list[int]:
    """Return the numbers of the rows of authors, with some empty ones at the end."""
    found = [int(match.group(1)) for name in fields if (match := _PERSON_FIELD.fullmatch(name))]
    filled = [row for row in found if any(fields.get(f"creator-{row}-{name}") for name in PERSON)]
    return list(range(min(max([*filled, -1]) + 1 + spare, MOST_PEOPLE)))


def document_of(fields: Fields, before: Mapping[str, Any]) -> Typed:
    """Return the document with what was changed in the form."""
    old = {name: _tidy(text) for name, text in fields_of(before).items()}
    new = {name: _tidy(text) for name, text in fields.items()}
    document, faults = dict(before), list[Fault]()
    for names, put in _PARTS:
        if any(new.get(name, "") != old.get(name, "") for name in names):
            faults += put(document, new)
    if _people(new) != _people(old):
        document["creators"] = _creators(new, _listed(before.get("creators")))
    return Typed(document, faults)


def brought_together(typed: Fields, base: Mapping[str, Any], newer: Mapping[str, Any]) -> Fields:
    """Return the fields of a newer document with what was typed over those of the document that was typed into."""
    old = {name: _tidy(text) for name, text in fields_of(base).items()}
    return {**fields_of(newer), **{name: text for name, text in typed.items() if _tidy(text) != old.get(name, "")}}


def _put_text(name: str) -> Callable[[dict[str, Any], Fields], list[Fault]]:
    def put(document: dict[str, Any], fields: Fields) -> list[Fault]:
        document[name] = fields.get(name, "")
        return []

    return put


def _put_display(document: dict[str, Any], fields: Fields) -> list[Fault]:
    document["displayfile"] = fields.get("displayfile") or None
    return []


def _put_keywords(document: dict[str, Any], fields: Fields) -> list[Fault]:
    document["keywords"] = [word for line in fields.get("keywords", "").split("\n") if (word := line.strip())]
    return []


def _put_languages(document: dict[str, Any], fields: Fields) -> list[Fault]:
    document["paperLanguage"] = [word for part in fields.get("languages", "").split(",") if (word := part.strip())]
    return []


def _put_doi(document: dict[str, Any], fields: Fields) -> list[Fault]:
    doi = _DOI_PREFIX.sub("", fields.get("doi", ""))
    address = f"https://doi.org/{doi}" if doi else ""
    document["identifier"] = {**_mapping(document.get("identifier")), "doi": doi, "doiurl": address}
    return []


def _put_licences(document: dict[str, Any], fields: Fields) -> list[Fault]:
    stated = {part: fields.get(f"license-{part}", "") for part in LICENSED}
    document["license"] = {**_mapping(document.get("license")), **stated}
    return []


def _put_temporal(document: dict[str, Any], fields: Fields) -> list[Fault]:
    stated = {name: fields.get(name, "") for name in ("begin", "end")}
    document["temporal"] = {**_mapping(document.get("temporal")), **stated}
    return []


def _put_place(document: dict[str, Any], fields: Fields) -> list[Fault]:
    texts = [fields.get(name, "") for name in PLACE]
    spatial = dict(_mapping(document.get("spatial")))
    if not any(texts):
        document["spatial"] = {**spatial, "union": None}
        return []
    try:
        numbers = [float(text.replace(",", ".")) for text in texts]
    except ValueError:
        return [Fault("/spatial/union", "needs four numbers: west, south, east and north")]
    box = box_of(numbers) if all(map(math.isfinite, numbers)) else None
    if box is None:
        return [Fault("/spatial/union", "needs degrees: -180 to 180, -90 to 90, and south not above north")]
    document["spatial"] = {**spatial, "union": {"geojson": feature(box)}}
    return []


_PARTS: list[tuple[tuple[str, ...], Callable[[dict[str, Any], Fields], list[Fault]]]] = [
    *(((name,), _put_text(name)) for name in ("title", "description", "publication_date", "mainfile")),
    (("displayfile",), _put_display),
    (("keywords",), _put_keywords),
    (("languages",), _put_languages),
    (("doi",), _put_doi),
    (tuple(f"license-{part}" for part in LICENSED), _put_licences),
    (PLACE, _put_place),
    (("begin", "end"), _put_temporal),
]


def _people(fields: Fields) -> list[tuple[str, ...]]:
    rows = (tuple(fields.get(f"creator-{row}-{name}", "") for name in PERSON) for row in people_of(fields, 0))
    return [row for row in rows if any(row)]


def _creators(fields: Fields, before: list[Any]) -> list[dict[str, Any]]:
    """Return the authors of the form; what else is known of one stays, an empty row takes its author away."""
    result = []
    for row in people_of(fields, 0):
        values = {name: fields.get(f"creator-{row}-{name}", "") for name in PERSON}
        if not any(values.values()):
            continue
        values["orcid"] = _ORCID_PREFIX.sub("", values["orcid"])
        known = dict(_mapping(before[row])) if row < len(before) else {}
        same = {name for name in PERSON if values[name] == _tidy(_joined(known.get(name)))}
        result.append({**known, **{name: value for name, value in values.items() if name not in same}})
    return result


def field_of(pointer: str) -> str:
    """Return the name of the field beside which a fault is told; '' when the form has none."""
    parts = pointer.strip("/").split("/")
    match parts:
        case ["creators", row, name] if row.isdecimal() and name in PERSON:
            return f"creator-{row}-{name}"
        case ["license", part] if part in LICENSED:
            return f"license-{part}"
        case ["identifier", "doi"]:
            return "doi"
        case ["temporal", name]:
            return name
        case [name, *_]:
            return _FIELDS.get(name, "")
    return ""


_FIELDS = {
    **{name: name for name in ("title", "description", "publication_date", "mainfile", "displayfile", "keywords")},
    "paperLanguage": "languages",
    "spatial": "west",
    "creators": "creator-0-name",
    "identifier": "doi",
    "license": "license-text",
}


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _text(value: Any) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def _joined(value: Any) -> str:
    return "; ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) and value else []
