"""Queries as conditions on the rows of compendia and jobs. Every value is a bound parameter."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    text,
    true,
)

from erc.gateway.searching import (
    COMPENDIA,
    JOBS,
    AllOf,
    AnyOf,
    Between,
    Everything,
    NoneOf,
    OneOf,
    Placed,
    Query,
    Words,
)
from erc.gateway.shapes import Box
from erc.schemas import tables

Condition = ColumnElement[bool]

_DOCUMENT, _COMPENDIUM, _JOB = tables.search_document, tables.compendium, tables.job
_O2R = _DOCUMENT.c.document["metadata"]["o2r"]
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"]+", re.ASCII)
_ENGLISH: ColumnElement[Any] = literal_column("'english'::regconfig")
_SIMPLE: ColumnElement[Any] = literal_column("'simple'::regconfig")


def words_in(query: Query) -> list[str]:
    """Return the words that a query looks for, for the order of its hits; not those that it excludes."""
    if isinstance(query, Words):
        return [query.text]
    if isinstance(query, AllOf | AnyOf):
        return [word for part in query.parts for word in words_in(part)]
    return []


def rank(words: list[str]) -> ColumnElement[float]:
    """Return how well the words match a compendium; 1 without words."""
    if not words:
        return cast(literal(1.0), Float)
    return cast(func.ts_rank(_DOCUMENT.c.words, _asked(" ".join(words))), Float)


def compendium_matches(query: Query) -> Condition:
    """Return the condition on a compendium and its search document."""
    return _combined(query, _compendium_leaf)


def job_matches(query: Query) -> Condition:
    """Return the condition on a job."""
    return _combined(query, _job_leaf)


def _combined(query: Query, leaf: Callable[[Query], Condition]) -> Condition:
    match query:
        case Everything():
            return true()
        case AllOf(parts):
            return and_(true(), *(_combined(part, leaf) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(_combined(part, leaf) for part in parts))
        case NoneOf(parts):
            # What is not there is no match, rather than unknown.
            return not_(func.coalesce(or_(false(), *(_combined(part, leaf) for part in parts)), false()))
        case _:
            return leaf(query)


def _compendium_leaf(query: Query) -> Condition:
    match query:
        case Words(words, field):
            return _contains(words, field.removeprefix("metadata.o2r."))
        case OneOf(field, values):
            return _has(field.removeprefix("metadata.o2r."), values)
        case Between(field, first, last):
            return _between(field.removeprefix("metadata.o2r."), first, last)
        case Placed(box, relation):
            return _placed(box, relation)
        case _:
            return false()


def _contains(words: str, field: str) -> Condition:
    if field in {"title", "description"}:
        return func.to_tsvector(_ENGLISH, _O2R[field].astext).bool_op("@@")(_asked(words))
    doi = _DOI.search(words)
    found = _DOCUMENT.c.words.bool_op("@@")(_asked(words))
    return or_(found, _COMPENDIUM.c.doi == doi[0]) if doi else found


def _asked(words: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery(_ENGLISH, words).op("||")(func.websearch_to_tsquery(_SIMPLE, words))


def _has(field: str, values: tuple[str, ...]) -> Condition:
    columns = {"compendium_id": _COMPENDIUM.c.id, "user": _COMPENDIUM.c.owner}
    if field == "_index":
        return literal(COMPENDIA in values)
    if field in columns:
        return columns[field].in_(values)
    if field in {"identifier.doi", "_special"}:
        return _COMPENDIUM.c.doi.in_([_doi(value) for value in values])
    if field == "keywords":
        return or_(*(_O2R["keywords"].contains([value]) for value in values))
    return false()


def _doi(value: str) -> str:
    found = _DOI.search(value)
    return found[0] if found else value


def _between(field: str, first: date | None, last: date | None) -> Condition:
    column = _DOCUMENT.c.document["created"].astext if field == "created" else _at(field)
    day = func.left(column, 10)
    bounds = [day >= first.isoformat() if first else true(), day <= last.isoformat() if last else true()]
    return and_(day.op("~")("^\\d{4}-\\d{2}-\\d{2}$"), *bounds)


def _at(field: str) -> ColumnElement[str]:
    value: Any = _O2R
    for part in field.split("."):
        value = value[part]
    found: ColumnElement[str] = value.astext
    return found


def _job_leaf(query: Query) -> Condition:
    match query:
        case Words(words, "" | "_all"):
            return and_(*(_job_has(word) for word in words.split()[:20]))
        case OneOf("_index", values):
            return literal(JOBS in values)
        case OneOf(field, values):
            column = _JOB_COLUMNS.get(field)
            return false() if column is None else column.in_(values)
        case _:
            return false()


_JOB_COLUMNS = {
    "job_id": _JOB.c.id,
    "compendium_id": _JOB.c.compendium_id,
    "status": _JOB.c.status,
    "user": _JOB.c.owner,
}


def _job_has(word: str) -> Condition:
    return or_(
        *(column == word for column in _JOB_COLUMNS.values()),
        _JOB.c.status == word.lower(),
        _JOB.c.document["verdict"].astext == word.lower(),
    )


_PLACE = """EXISTS (SELECT FROM (
    SELECT min((p->>0)::numeric) AS west, min((p->>1)::numeric) AS south,
        max((p->>0)::numeric) AS east, max((p->>1)::numeric) AS north
    FROM (
        SELECT jsonb_path_query(search_document.document,
            'strict $.metadata.o2r.spatial.union.geojson.geometry.coordinates.**
            ? (@.type() == "array" && @[0].type() == "number" && @[1].type() == "number")', '{}', true) AS p
        UNION ALL SELECT jsonb_path_query(search_document.document,
            'strict $.metadata.o2r.spatial.geometry.coordinates.**
            ? (@.type() == "array" && @[0].type() == "number" && @[1].type() == "number")', '{}', true) AS p
    ) AS positions
) AS box WHERE {})"""
_RELATIONS = {
    relation: _PLACE.replace("WHERE {}", f"WHERE {condition}")
    for relation, condition in {
        "within": "west >= :w AND south >= :s AND east <= :e AND north <= :n",
        "contains": "west <= :w AND south <= :s AND east >= :e AND north >= :n",
        "intersects": "west <= :e AND east >= :w AND south <= :n AND north >= :s",
        "disjoint": "NOT (west <= :e AND east >= :w AND south <= :n AND north >= :s)",
    }.items()
}
"""Conditions on the box around a compendium's place; what has no place has none of these relations."""


def _placed(box: Box, relation: str) -> Condition:
    values = (bindparam(name, value, Float, unique=True) for name, value in zip("wsen", box, strict=True))
    return and_(true(), text(_RELATIONS[relation]).bindparams(*values))
