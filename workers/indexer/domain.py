"""What of a compendium is searched, and with which weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from erc.schemas.compendium import Compendium

TEXT_CHARACTERS = 100_000


@dataclass(frozen=True)
class SearchDocument:
    """What is shown of a hit, and its words by weight: title (A), people and keywords (B), description (C)."""

    source: dict[str, Any]
    title: str
    names: str
    text: str


def search_document(compendium: Compendium) -> SearchDocument:
    """Return the search document of a compendium."""
    about = compendium.metadata.get("o2r", {})
    people = [str(person.get("name", "")) for person in _listed(about, "creators") if isinstance(person, dict)]
    keywords = [str(word) for word in _listed(about, "keywords")]
    source = {
        "compendium_id": compendium.id,
        "title": str(about.get("title") or ""),
        "metadata": {"o2r": about},
        "created": compendium.created.isoformat(),
        "user": compendium.owner,
    }
    return SearchDocument(
        source=source,
        title=str(about.get("title") or "")[:TEXT_CHARACTERS],
        names=" ".join([*people, *keywords, compendium.id])[:TEXT_CHARACTERS],
        text=str(about.get("description") or "")[:TEXT_CHARACTERS],
    )


def _listed(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []
