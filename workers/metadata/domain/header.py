"""The metadata of a paper, read from the header above its text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from erc.workers.code.text import clean, plain
from erc.workers.metadata.domain.erc_yml import LICENCES
from erc.workers.metadata.domain.people import Person, read_people

_DOI = re.compile(r"10\.[0-9]{4,9}/[^\s\"'<>{}\\^`]{1,300}")
_ISO = re.compile(r"(?<![0-9])([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?![0-9])")
_YEAR_MONTH = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)?[ ]{1,3}([A-Za-z]{3,9})\.?,?[ ]{1,3}([0-9]{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.?[ ]{1,3}([0-9]{1,2})(?:st|nd|rd|th)?,?[ ]{1,3}([0-9]{4})")
_MONTH = re.compile(r"([A-Za-z]{3,9})\.?,?[ ]{1,3}([0-9]{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


@dataclass(frozen=True)
class Header:
    """What a header says about the paper; what it does not say is empty."""

    title: str = ""
    creators: tuple[Person, ...] = ()
    description: str = ""
    date: str = ""
    """As the author wrote it."""
    iso_date: str = ""
    """`2019-05-01`, `2019-05` or `2019`, when `date` says so."""
    keywords: tuple[str, ...] = ()
    doi: str = ""
    language: str = ""
    version: str = ""
    licenses: dict[str, str] = field(default_factory=dict)
    interaction: list[Any] = field(default_factory=list)


def read_header_values(header: dict[str, Any]) -> Header:
    """Return the metadata in a header's mapping; a value of the wrong shape counts as not said. Never raises."""
    values = {key.lower(): value for key, value in header.items()}
    written = _text(values, "date", "date-released")
    interaction = values.get("interaction")
    return Header(
        title=plain(_text(values, "title")),
        creators=tuple(_creators(values)),
        description=clean(_text(values, "abstract", "description")).strip(),
        date=clean(written, 200),
        iso_date=iso_date(written),
        keywords=tuple(_keywords(values.get("keywords", values.get("keyword")))),
        doi=find_doi(_text(values, "doi")),
        language=plain(_text(values, "lang", "language"), 50),
        version=plain(_text(values, "version"), 100),
        licenses=_licenses(values.get("licenses", values.get("license", values.get("licence")))),
        interaction=interaction if isinstance(interaction, list) else [],
    )


def find_doi(text: str) -> str:
    """Return the DOI in a text, without its resolver and without punctuation behind it, or ''."""
    match = _DOI.search(text[:2000])
    return match.group().rstrip(".,;:)]") if match else ""


def iso_date(text: str) -> str:
    """Return the date of a text in ISO 8601, as exact as it is said (`2019-05-01`, `2019-05`, `2019`), or ''."""
    text = " ".join(text[:200].split())
    if match := _ISO.search(text):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_FIRST.fullmatch(text):
        return _day(int(match[3]), _month(match[2]), int(match[1]))
    if match := _MONTH_FIRST.fullmatch(text):
        return _day(int(match[3]), _month(match[1]), int(match[2]))
    if match := _YEAR_MONTH.fullmatch(text):
        return _day(int(match[1]), int(match[2]), 1)[:7]
    if match := _MONTH.fullmatch(text):
        return _day(int(match[2]), _month(match[1]), 1)[:7]
    return text if re.fullmatch(r"[1-9][0-9]{3}", text) else ""


def _day(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _month(word: str) -> int:
    """Return the number of an English month, 0 for another word."""
    name = word.lower()
    if name in _NAMES:
        return _NAMES.index(name) + 1
    return _MONTHS.index(name[:3]) + 1 if name in _MONTHS or name == "sept" else 0


def _text(values: dict[str, Any], *keys: str) -> str:
    """Return the first of these values that is a text or a number; a list of texts is joined."""
    for key in keys:
        value = values.get(key)
        if isinstance(value, list):
            value = "\n\n".join(part for part in value if isinstance(part, str))
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return ""


def _creators(values: dict[str, Any]) -> list[Person]:
    affiliations = next((values[key] for key in ("affiliations", "affiliation", "institute") if values.get(key)), None)
    named = next((values[key] for key in ("author", "authors", "creator", "creators") if values.get(key)), None)
    people = read_people(named, affiliations)
    if isinstance(affiliations, str):
        return [Person(one.name, one.orcid, one.affiliation or plain(affiliations)) for one in people]
    return people


def _keywords(value: Any) -> list[str]:
    if isinstance(value, str):
        value = re.split(r"[,;\n]", value[:20_000])
    words = [plain(str(word), 200) for word in value if isinstance(word, str | int)] if isinstance(value, list) else []
    return list(dict.fromkeys(word for word in words if word))[:200]


def _licenses(value: Any) -> dict[str, str]:
    if isinstance(value, str) and value.strip():
        return {"text": plain(value, 200)}
    part = value if isinstance(value, dict) else {}
    return {key: plain(part[key], 200) for key in LICENCES if isinstance(part.get(key), str) and part[key].strip()}
