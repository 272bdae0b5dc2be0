"""What a compendium says about itself, for its page. All of it came from a stranger: texts only, cut to size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erc.gateway.client.terminal import one_line, plain
from erc.schemas.compendium import Compendium

UNTITLED = "Untitled compendium"

_MOST = 200
_LICENCES = {"text": "Text", "data": "Data", "code": "Code", "metadata": "Metadata"}
_DOI = re.compile(r"10\.[0-9]{4,9}/[^\s\"<>\\]{1,200}")
_BLANK = re.compile(r"\n[ \t]*\n")
_ORCID = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]")


@dataclass(frozen=True)
class Author:
    """An author; `orcid` is empty or four groups of digits."""

    name: str
    affiliation: str
    orcid: str


@dataclass(frozen=True)
class Package:
    """A package that the code needs."""

    name: str
    version: str
    system: str
    source: str


@dataclass(frozen=True)
class About:
    """The metadata of a compendium; what is not known is empty."""

    title: str
    authors: list[Author]
    description: list[str]
    """Paragraphs."""
    date: str
    keywords: list[str]
    licences: dict[str, str]
    """Licence by what it covers, in readers' words."""
    doi: str
    main: str
    display: str
    packages: list[Package]


def about(compendium: Compendium) -> About:
    """Return the metadata of a compendium."""
    return about_document(compendium.metadata.get("o2r"))


def about_document(document: Any) -> About:
    """Read an o2r metadata document, whatever its shape."""
    found = _mapping(document)
    licence = _mapping(found.get("license"))
    doi = _text(_mapping(found.get("identifier")).get("doi"))
    return About(
        title=_text(found.get("title")) or UNTITLED,
        authors=[_author(person) for person in _mappings(found.get("creators")) if _text(person.get("name"))],
        description=_paragraphs(found.get("description")),
        date=_text(found.get("publication_date")),
        keywords=[text for word in _listed(found.get("keywords")) if (text := _text(word))],
        licences={word: text for key, word in _LICENCES.items() if (text := _text(licence.get(key)))},
        doi=doi if _DOI.fullmatch(doi) else "",
        main=_text(found.get("mainfile")),
        display=_text(found.get("displayfile")),
        packages=[_package(one) for one in _mappings(found.get("depends")) if _text(one.get("identifier"))],
    )


def _author(person: Mapping[str, Any]) -> Author:
    orcid = _text(person.get("orcid"))
    valid = _ORCID.fullmatch(orcid) is not None
    return Author(_text(person.get("name")), _text(person.get("affiliation")), orcid if valid else "")


def _package(one: Mapping[str, Any]) -> Package:
    values = (_text(one.get(key)) for key in ("identifier", "version", "packageSystem", "source"))
    return Package(*values)


def _text(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return one_line(str(value))[:500]
    return ""


def _paragraphs(value: Any) -> list[str]:
    if not isinstance(value, str):
        return []
    return [text for part in _BLANK.split(plain(value)[:5000]) if (text := one_line(part))]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _listed(value) if isinstance(one, dict)]
