"""Authors, in the many forms in which headers name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from erc.workers.code.text import plain

MAX_PEOPLE = 1000
_ORCID = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9Xx](?![0-9])")
_AND = re.compile(r"\s(?:and|&|und)\s|;|\n|\\and")
_EMAIL = re.compile(r"<[^<>\s]{1,200}@[^<>\s]{1,200}>")
_INSTITUTION = ("name", "institution", "institute", "department", "address")
_PARTICULARS = {"affiliation", "affiliations", "institute", "orcid", "email", "url", "correspondence", "corresponding"}


@dataclass(frozen=True)
class Person:
    """An author: name, ORCID as four groups of digits, affiliation; what is unknown is empty."""

    name: str
    orcid: str = ""
    affiliation: str = ""

    def document(self) -> dict[str, str]:
        """Return the author as the reference writes one; unknown fields are left out."""
        return {key: value for key, value in vars(self).items() if value}


def read_people(value: Any, affiliations: Any = None) -> list[Person]:
    """Return the authors that a header's `author` names, each once, in order.

    It may be a text with several names, a list of texts, of mappings (`name`, `affiliation`, `orcid`) or of mappings
    from name to the rest, or one such mapping. `affiliations` is the header's list to which numbers refer.
    """
    table = _table(affiliations)
    items = value if isinstance(value, list) else [value]
    people = [person for item in items[:MAX_PEOPLE] for person in _read(item, table) if person.name]
    return list(dict.fromkeys(people))[:MAX_PEOPLE]


def _read(item: Any, table: dict[str, str]) -> list[Person]:
    if isinstance(item, str):
        return [_from_text(name) for name in _split(item)]
    if not isinstance(item, dict):
        return []
    if "name" in item or "family-names" in item or "family" in item or "literal" in item:
        return [_from_mapping(item, table)]
    named = {name: rest for name, rest in item.items() if name.lower() not in _PARTICULARS}
    return [
        _from_mapping({"name": name, **(rest if isinstance(rest, dict) else {})}, table) for name, rest in named.items()
    ]


def _split(text: str) -> list[str]:
    """Return the names of a text; commas part names only when each part has a first and a last name."""
    names = []
    for part in _AND.split(text[:20_000]):
        pieces = [piece.strip() for piece in part.split(",") if piece.strip()]
        several = len(pieces) > 1 and all(" " in piece for piece in pieces)
        names += pieces if several else [part.strip().strip(",")]
    return names


def _from_text(text: str) -> Person:
    orcid = _orcid(text)
    return Person(plain(_EMAIL.sub("", text.replace(orcid, "") if orcid else text)).strip(" ,()"), orcid)


def _from_mapping(item: dict[str, Any], table: dict[str, str]) -> Person:
    orcid = next((found for key, value in item.items() if "orcid" in key.lower() and (found := _orcid(value))), "")
    institutions = [item.get(key) for key in ("affiliation", "affiliations", "institute", "institution")]
    affiliation = next((text for value in institutions if (text := _affiliation(value, table))), "")
    return Person(_name(item), orcid, affiliation)


def _name(item: dict[str, Any]) -> str:
    name = item.get("name", item.get("literal"))
    if isinstance(name, str):
        return _from_text(name).name
    parts = name if isinstance(name, dict) else item
    if isinstance(parts.get("literal"), str):
        return plain(parts["literal"])
    keys = ("given-names", "given", "first", "name-particle", "family-names", "family", "last")
    return plain(" ".join(parts[key] for key in keys if isinstance(parts.get(key), str)))


def _orcid(value: Any) -> str:
    match = _ORCID.search(value) if isinstance(value, str) else None
    return match.group().upper() if match else ""


def _affiliation(value: Any, table: dict[str, str]) -> str:
    if isinstance(value, list):
        texts = [_affiliation(item, table) for item in value[:50]]
        return "; ".join(text for text in texts if text)
    if isinstance(value, dict):
        return _institution(value) or table.get(str(value.get("ref")), "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    numbers = [number.strip() for number in text.split(",")]
    if table and all(number in table for number in numbers):
        return "; ".join(table[number] for number in numbers)
    return plain(text)


def _institution(value: dict[str, Any]) -> str:
    texts = [plain(value[key]) for key in _INSTITUTION if isinstance(value.get(key), str)]
    return ", ".join(dict.fromkeys(texts))


def _table(affiliations: Any) -> dict[str, str]:
    """Return the header's affiliations by their `id` and by their number."""
    items = affiliations if isinstance(affiliations, list) else []
    table: dict[str, str] = {}
    for number, item in enumerate(items[:MAX_PEOPLE], 1):
        if isinstance(item, dict) and not _institution(item) and len(item) == 1:
            key, text = next(iter(item.items()))
            table[key] = plain(text) if isinstance(text, str) else ""
        elif isinstance(item, dict):
            table[str(item.get("id", item.get("code", number)))] = _institution(item)
        elif isinstance(item, str):
            table[str(number)] = plain(item)
    return table
