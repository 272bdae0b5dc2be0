"""Whether o2r metadata can be saved, what would make them better, and their spatial part as GeoJSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from erc.gateway.documents.metadata import O2rMetadata
from erc.gateway.json_reading import pointer_to
from erc.schemas.spatial import as_geojson

_SAID = {
    "missing": "is missing",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
}
_NULLABLE = {"/displayfile"}
_NULL_OF = {"string_type": "must be a text or null"}
LICENSED = ("text", "data", "code", "metadata")
_ORCID = re.compile(r"(?:https?://orcid\.org/)?([0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X])")
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")


@dataclass(frozen=True)
class Fault:
    """What is wrong and where: `pointer` is one into the o2r document (RFC 6901)."""

    pointer: str
    message: str

    def sentence(self) -> str:
        """Return it as a text: `/title must be a text`."""
        return f"{self.pointer or 'o2r'} {self.message}"


def faults_of(document: Any) -> list[Fault]:
    """Return what the o2r schema forbids in a document; empty when it is valid."""
    try:
        O2rMetadata.model_validate(document)
    except ValidationError as error:
        return [_fault(one["loc"], one["type"], one["msg"]) for one in error.errors(include_url=False)]
    spatial = document.get("spatial")
    if spatial is not None and as_geojson(spatial) is None:
        return [Fault("/spatial/union", "must be GeoJSON or [west, south, east, north], in degrees")]
    return []


def _fault(place: tuple[int | str, ...], kind: str, said: str) -> Fault:
    pointer = ""
    for key in place:
        pointer = pointer_to(pointer, key)
    words = _NULL_OF if pointer in _NULLABLE else _SAID
    return Fault(pointer, words.get(kind) or _SAID.get(kind, said))


def missing_fields(document: Any) -> list[str]:
    """Return the required fields that a document lacks, in the order of the schema."""
    if not isinstance(document, dict):
        return []
    return [name for name, field in O2rMetadata.model_fields.items() if field.is_required() and name not in document]


def stored(document: dict[str, Any]) -> dict[str, Any]:
    """Return a valid document as it is kept: with the spatial part as GeoJSON."""
    spatial = document.get("spatial")
    placed = as_geojson(spatial) if isinstance(spatial, dict) else None
    return {**document, "spatial": placed} if placed is not None else document


def suggestions(document: dict[str, Any]) -> list[Fault]:
    """Return what a reader of valid metadata would miss or doubt."""
    return [
        *(Fault(f"/{name}", "is empty") for name in ("title", "description", "keywords") if not document.get(name)),
        *_people(document.get("creators")),
        *_dates(document),
        *_licences(document.get("license")),
        *_identifier(document.get("identifier")),
    ]


def _people(creators: Any) -> Iterator[Fault]:
    people = creators if isinstance(creators, list) else []
    if not people:
        yield Fault("/creators", "names nobody")
    for place, person in enumerate(people):
        if isinstance(person, dict):
            if not person.get("name"):
                yield Fault(f"/creators/{place}/name", "is empty")
            if person.get("orcid") and not is_orcid(person["orcid"]):
                yield Fault(f"/creators/{place}/orcid", "is no ORCID iD: its last digit does not fit")


def is_orcid(text: Any) -> bool:
    """Return whether a text is an ORCID iD, whose last character is a check digit (ISO 7064 MOD 11-2)."""
    found = _ORCID.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return False
    total, number = 0, found.group(1).replace("-", "")
    for digit in number[:-1]:
        total = (total + int(digit)) * 2
    return number[-1] == "0123456789X"[(12 - total % 11) % 11]


def _dates(document: dict[str, Any]) -> Iterator[Fault]:
    if not is_date(document.get("publication_date")):
        yield Fault("/publication_date", "is no date such as 2026-11-25")
    temporal = document.get("temporal")
    begin, end = (temporal.get(key) for key in ("begin", "end")) if isinstance(temporal, dict) else (None, None)
    if isinstance(begin, str) and isinstance(end, str) and begin and end and begin[:10] > end[:10]:
        yield Fault("/temporal/end", "is before its begin")


def is_date(value: Any) -> bool:
    """Return whether a value is an ISO date, a year, or a year and a month."""
    if not isinstance(value, str):
        return False
    whole = value + "-01-01"[{4: 0, 7: 3}.get(len(value), 6) :]
    try:
        date.fromisoformat(whole[:10])
    except ValueError:
        return False
    return value.isascii()


def _licences(license_: Any) -> Iterator[Fault]:
    if isinstance(license_, dict):
        for part in LICENSED:
            if not license_.get(part):
                yield Fault(f"/license/{part}", "names no licence")
    elif not license_:
        yield Fault("/license", "names no licence")


def _identifier(identifier: Any) -> Iterator[Fault]:
    doi = identifier.get("doi") if isinstance(identifier, dict) else None
    if doi and not (isinstance(doi, str) and _DOI.fullmatch(doi)):
        yield Fault("/identifier/doi", "is no DOI such as 10.5281/zenodo.1234567")
