"""Brokers o2r metadata to other schemes by tables, and tells what they have no place for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erc.gateway.json_reading import pointer_to


@dataclass(frozen=True)
class Rule:
    """Where a value goes. `source` and `target` are paths; `members` renames what the objects of a list hold.

    A rule with `members` keeps nothing else of these objects; `constant` is added to each.
    """

    source: tuple[str, ...]
    target: str
    members: Mapping[str, str] = field(default_factory=dict)
    constant: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scheme:
    """A scheme: its rules in their order, the member that wraps all, and what is always there."""

    rules: Sequence[Rule]
    root: str = ""
    constant: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Brokered:
    """A document of a scheme, and the pointers of what of the source it does not hold."""

    document: dict[str, Any]
    unmapped: list[str]


def _same(*names: str) -> list[Rule]:
    return [Rule((name,), name) for name in names]


_ZENODO = Scheme(
    [
        *_same("access_right", "publication_date", "publication_type", "title", "keywords", "upload_type"),
        Rule(("creators",), "creators", {name: name for name in ("name", "affiliation", "orcid", "gnd")}),
        Rule(("communities",), "communities", {"identifier": "identifier"}),
        Rule(("abstract",), "description"),
        Rule(("description",), "description"),
        Rule(("license", "text"), "license"),
    ],
    root="metadata",
)
_B2SHARE = Scheme(
    _same(
        *("access_right", "codefiles", "communities", "creators", "depends", "description", "displayfile"),
        *("displayfile_candidates", "identifier", "inputfiles", "interaction", "keywords", "license", "mainfile"),
        *("mainfile_candidates", "paperLanguage", "publication_date", "publication_type", "spatial", "temporal"),
        *("title", "upload_type"),
    )
)
_CODEMETA = Scheme(
    [
        Rule(
            ("creators",),
            "author",
            {"name": "name", "affiliation": "affiliation", "orcid": "@id"},
            {"@type": "Person"},
        ),
        Rule(("identifier", "doiurl"), "codeRepository"),
        *_same("description", "keywords"),
        Rule(("publication_date",), "dateCreated"),
        Rule(("license", "text"), "license"),
        Rule(("title",), "name"),
    ],
    constant={"@context": "https://doi.org/10.5063/schema/codemeta-2.0", "@type": "SoftwareSourceCode"},
)

SCHEMES: dict[str, Scheme] = {
    "zenodo": _ZENODO,
    "zenodo_sandbox": _ZENODO,
    "b2share": _B2SHARE,
    "b2share_sandbox": _B2SHARE,
    "codemeta": _CODEMETA,
}
KEPT = ("zenodo", "zenodo_sandbox", "codemeta")
"""The schemes whose documents are kept with a compendium."""


def sections(o2r: dict[str, Any]) -> dict[str, Any]:
    """Return the documents that are kept beside the o2r metadata, by the name of their scheme."""
    return {name: broker(name, o2r).document for name in KEPT}


def broker(name: str, o2r: dict[str, Any]) -> Brokered:
    """Return o2r metadata in the terms of a scheme of SCHEMES; of two rules for one target the later wins."""
    scheme = SCHEMES[name]
    document: dict[str, Any] = dict(scheme.constant)
    taken: dict[str, set[str]] = {}
    for rule in scheme.rules:
        pointer, value = _found(o2r, rule.source)
        if value is None:
            continue
        document[rule.target], taken[rule.target] = (
            _objects(rule, pointer, value) if rule.members else (value, {pointer})
        )
    everything = set().union(*taken.values())
    left = _left(o2r, "", everything, _ancestors(everything))
    return Brokered({scheme.root: document} if scheme.root else document, left)


def _found(o2r: dict[str, Any], path: tuple[str, ...]) -> tuple[str, Any]:
    """Return pointer and value of a path; of `license.text`, a licence that is one text for everything will do."""
    first = o2r.get(path[0])
    if len(path) == 1 or (path == ("license", "text") and isinstance(first, str)):
        return f"/{path[0]}", first
    return f"/{path[0]}/{path[1]}", first.get(path[1]) if isinstance(first, dict) else None


def _objects(rule: Rule, pointer: str, value: Any) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the objects of a list (or a single one) with the members of the rule, and the pointers of these."""
    result, taken = [], set()
    for place, item in enumerate(value if isinstance(value, list) else [value]):
        here = pointer_to(pointer, place) if isinstance(value, list) else pointer
        members = item if isinstance(item, dict) else {}
        known = {name: members[name] for name in rule.members if members.get(name) is not None}
        taken |= {pointer_to(here, name) for name in known}
        if known:
            result.append({**rule.constant, **{rule.members[name]: one for name, one in known.items()}})
    return result, taken


def _ancestors(pointers: set[str]) -> set[str]:
    result = {""}
    for pointer in pointers:
        while pointer not in result:
            result.add(pointer)
            pointer = pointer.rpartition("/")[0]  # noqa: PLW2901
    return result


def _left(value: Any, pointer: str, taken: set[str], above: set[str]) -> list[str]:
    """Return the pointers of the largest parts of which nothing was taken; null and empty parts say nothing."""
    if pointer in taken or value in (None, "", [], {}):
        return []
    if pointer not in above:
        return [pointer]
    members = value.items() if isinstance(value, dict) else enumerate(value)
    return [left for key, item in members for left in _left(item, pointer_to(pointer, key), taken, above)]
