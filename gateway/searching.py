"""The query language of searches: what of Elasticsearch's is understood, and nothing more. Pure.

A query becomes a tree of our own, from which the store makes its own search: no part of it reaches a database as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from erc.gateway.identifiers import is_text
from erc.gateway.shapes import RELATIONS, Box, box_of

COMPENDIA, JOBS = "compendia", "jobs"
KINDS = frozenset({COMPENDIA, JOBS})
CHARACTERS, DEPTH, PARTS, VALUES = 500, 8, 64, 100
MOST, FURTHEST = 100, 10_000
"""How many hits one answer has at most, and how far into the hits one may page."""

_O2R = "metadata.o2r."
TEXTS = frozenset({"", "_all", "_special", "texts", f"{_O2R}title", f"{_O2R}description"})
KEYWORDS = frozenset(
    {"_index", "compendium_id", "job_id", "user", "status", f"{_O2R}identifier.doi", f"{_O2R}keywords", "_special"}
)
DATES = frozenset({f"{_O2R}temporal.begin", f"{_O2R}temporal.end", f"{_O2R}publicationDate", "created"})
PLACES = frozenset({f"{_O2R}spatial.geometry", f"{_O2R}spatial.union.geojson.geometry"})

_SCHEME = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}:(?=//)")


class NotUnderstood(ValueError):  # noqa: N818 - says what is wrong
    """The query has a part that is not understood; the text names it."""


@dataclass(frozen=True)
class Everything:
    """Matches all."""


@dataclass(frozen=True)
class Words:
    """Matches what these words are in: in a field, or anywhere when it has no name."""

    text: str
    field: str = ""


@dataclass(frozen=True)
class OneOf:
    """Matches what has one of these values in a field."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """Matches what has a day in a field that is not before one and not after the other."""

    field: str
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Placed:
    """Matches what lies somewhere in relation to a box."""

    box: Box
    relation: str


@dataclass(frozen=True)
class AllOf:
    """Matches what all parts match."""

    parts: tuple[Query, ...]


@dataclass(frozen=True)
class AnyOf:
    """Matches what one of the parts matches."""

    parts: tuple[Query, ...]


@dataclass(frozen=True)
class NoneOf:
    """Matches what none of the parts matches."""

    parts: tuple[Query, ...]


Query = Everything | Words | OneOf | Between | Placed | AllOf | AnyOf | NoneOf


@dataclass(frozen=True)
class Search:
    """A query, in which kinds of things, and which page of the hits; `start` counts from 1."""

    query: Query
    kinds: frozenset[str] = KINDS
    start: int = 1
    limit: int = 10


def simple(words: str) -> Query:
    """Return the query of a line of words; `*` matches all, the scheme of an address is left out."""
    plain = words_of(words)
    return Everything() if plain == "*" else Words(plain)


def words_of(words: str) -> str:
    """Return a line of words without the schemes of addresses in it."""
    return _SCHEME.sub("", words).strip()


def complex_search(body: Mapping[str, Any]) -> Search:
    """Return the search that a body asks for; raises NotUnderstood."""
    if unknown := set(body) - {"query", "bool", "from", "size"}:
        raise NotUnderstood(f"“{min(unknown)[:50]}” is not understood")
    query = body.get("query", {"bool": body["bool"]} if "bool" in body else {"match_all": {}})
    start, limit = _count(body.get("from", 0), FURTHEST), _count(body.get("size", 10), MOST)
    if start + limit > FURTHEST:
        raise NotUnderstood(f"from and size reach beyond {FURTHEST}")
    return Search(_Reader().query(query), start=start + 1, limit=limit)


def _count(value: Any, most: int) -> int:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdecimal()) or len(text) > 6 or int(text) > most:
        raise NotUnderstood(f"from and size are whole numbers from 0 to {most}")
    return int(text)


class _Reader:
    """Reads one query; counts its parts."""

    def __init__(self) -> None:
        self._left, self._depth = PARTS, 0
        self._clauses: dict[str, Callable[[Any], Query]] = {
            "match_all": lambda _body: Everything(),
            "query_string": self._query_string,
            "match": self._match,
            "term": self._terms,
            "terms": self._terms,
            "range": self._range,
            "geo_shape": self._geo_shape,
            "bool": self._bool,
        }

    def query(self, body: Any) -> Query:
        """Return the query of `{clause: body}`."""
        name, inner = _only(body)
        self._left, self._depth = self._left - 1, self._depth + 1
        if self._left < 0 or self._depth > DEPTH:
            raise NotUnderstood(f"a query has at most {PARTS} parts, {DEPTH} deep")
        clause = self._clauses.get(name)
        if clause is None:
            raise NotUnderstood(f"“{name[:50]}” is no clause that is understood")
        found = clause(inner)
        self._depth -= 1
        return found

    def _bool(self, body: Any) -> Query:
        mapping = _mapping(body)
        if unknown := set(mapping) - {"must", "filter", "should", "must_not", "minimum_should_match"}:
            raise NotUnderstood(f"bool has no “{min(unknown)[:50]}”")
        if str(mapping.get("minimum_should_match", 1)) != "1":
            raise NotUnderstood("minimum_should_match can be 1 only")
        parts = {name: self._several(mapping.get(name)) for name in ("must", "filter", "should", "must_not")}
        needed = [*parts["must"], *parts["filter"]]
        if parts["should"] and (not needed or "minimum_should_match" in mapping):
            needed.append(AnyOf(tuple(parts["should"])))
        if parts["must_not"]:
            needed.append(NoneOf(tuple(parts["must_not"])))
        return AllOf(tuple(needed))

    def _several(self, body: Any) -> Sequence[Query]:
        if body in (None, ""):
            return []
        return [self.query(one) for one in (body if isinstance(body, list) else [body])]

    def _query_string(self, body: Any) -> Query:
        mapping = _mapping(body)
        if unknown := set(mapping) - {"query", "fields", "default_field", "default_operator"}:
            raise NotUnderstood(f"query_string has no “{min(unknown)[:50]}”")
        fields = mapping.get("fields", [mapping.get("default_field", "")])
        if not isinstance(fields, list) or not fields:
            raise NotUnderstood("fields is a list of fields")
        text = words_of(_text(mapping.get("query")))
        wanted = [_field(name, TEXTS) for name in fields]
        return Everything() if text == "*" else AnyOf(tuple(Words(text, name) for name in wanted))

    def _match(self, body: Any) -> Query:
        name, value = _only(body)
        if isinstance(value, Mapping):
            if set(value) - {"query", "operator"}:
                raise NotUnderstood("match has a query and an operator only")
            value = value.get("query")
        if name in KEYWORDS - TEXTS:
            return OneOf(name, (_text(value),))
        return Words(_text(value), _field(name, TEXTS))

    def _terms(self, body: Any) -> Query:
        name, value = _only(body)
        if isinstance(value, Mapping):
            value = value.get("value")
        values = value if isinstance(value, list) else [value]
        if not 1 <= len(values) <= VALUES:
            raise NotUnderstood(f"terms has 1 to {VALUES} values")
        return OneOf(_field(name, KEYWORDS), tuple(_text(one) for one in values))

    def _range(self, body: Any) -> Query:
        name, value = _only(body)
        bounds = _mapping(value)
        if unknown := set(bounds) - {"gte", "from", "lte", "to", "format"}:
            raise NotUnderstood(f"range has no “{min(unknown)[:50]}”; it has gte (from) and lte (to)")
        first, last = bounds.get("gte", bounds.get("from")), bounds.get("lte", bounds.get("to"))
        return Between(_field(name, DATES), _day(first), _day(last))

    def _geo_shape(self, body: Any) -> Query:
        name, value = _only(body)
        _field(name, PLACES)
        mapping = _mapping(value)
        relation = str(mapping.get("relation", "intersects")).lower()
        box = box_of(mapping.get("shape"))
        if relation not in RELATIONS or box is None or set(mapping) - {"shape", "relation"}:
            raise NotUnderstood(f"geo_shape has a shape in degrees and a relation: {', '.join(sorted(RELATIONS))}")
        return Placed(box, relation)


def _mapping(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise NotUnderstood("a part of the query is no object")
    return body


def _only(body: Any) -> tuple[str, Any]:
    mapping = _mapping(body)
    if len(mapping) != 1:
        raise NotUnderstood("each part of a query has one name")
    return next(iter(mapping.items()))


def _field(name: Any, known: frozenset[str]) -> str:
    if name not in known:
        raise NotUnderstood(f"“{str(name)[:50]}” is no field that is searched like this")
    return str(name)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotUnderstood("a value is no text")
    text = str(value).strip()
    if not text or len(text) > CHARACTERS or not is_text(text):
        raise NotUnderstood(f"a text is empty, longer than {CHARACTERS} characters, or none")
    return text


def _day(value: Any) -> date | None:
    if value in (None, ""):
        return None
    try:
        return datetime.fromisoformat(_text(value)).date()
    except ValueError as error:
        raise NotUnderstood("a bound of a range is no date, such as 2015-03-01") from error
