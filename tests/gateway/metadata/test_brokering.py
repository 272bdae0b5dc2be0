"""Brokering by tables: nothing fails, nothing is lost in silence."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from erc.gateway.brokering import SCHEMES, broker
from erc.gateway.o2r import faults_of, stored

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab/~", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXTS = st.text("abc", max_size=4)
PERSON = st.dictionaries(st.sampled_from(["name", "orcid", "affiliation", "gnd", "email"]), TEXTS, max_size=5)
VALID = st.fixed_dictionaries(
    {
        "creators": st.lists(PERSON, max_size=3),
        "description": TEXTS,
        "displayfile": st.none() | TEXTS,
        "mainfile": TEXTS,
        "title": TEXTS,
        "keywords": st.lists(VALUES, max_size=2),
        "publication_date": TEXTS,
        **dict.fromkeys(("access_right", "identifier", "communities", "license", "publication_type"), VALUES),
    },
    optional={
        "abstract": VALUES,
        "spatial": st.fixed_dictionaries({"union": st.just([1, 2, 3, 4])}),
        "depends": st.lists(st.dictionaries(TEXTS, VALUES, max_size=2), max_size=2),
        "paperLanguage": TEXTS | st.lists(VALUES, max_size=2),
        "anything": VALUES,
    },
)


def leaves(value: Any, pointer: str = "") -> dict[str, Any]:
    """Return every value that says something, by its pointer."""
    if value in (None, "", [], {}):
        return {}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        return {pointer: value}
    result = {}
    for key, item in items:
        result |= leaves(item, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    return result


@settings(max_examples=60, deadline=None)
@given(VALID, st.sampled_from(sorted(SCHEMES)))
def test_valid_metadata_broker_without_error_and_without_silent_loss(o2r: dict[str, Any], name: str) -> None:
    assert faults_of(o2r) == []
    brokered = broker(name, stored(o2r))
    found = list(map(repr, leaves(brokered.document).values()))
    for pointer, value in leaves(stored(o2r)).items():
        told = any(pointer == one or pointer.startswith(f"{one}/") for one in brokered.unmapped)
        assert told or repr(value) in found, (pointer, brokered)


def test_zenodo_gets_what_the_reference_sends(o2r) -> None:
    o2r["creators"][0]["email"] = "ada@example.org"
    brokered = broker("zenodo", o2r)
    assert brokered.document == {
        "metadata": {
            "access_right": "open",
            "publication_date": "2026-11-25",
            "publication_type": "other",
            "title": "Rain by month",
            "keywords": ["rain"],
            "upload_type": "publication",
            "creators": [{"name": "Ada Lovelace", "affiliation": "Analytical Society", "orcid": "0000-0002-1825-0097"}],
            "communities": [{"identifier": "o2r"}],
            "description": "We measure rain.",
            "license": "CC-BY-4.0",
        }
    }
    assert set(brokered.unmapped) == {
        *("/creators/0/email", "/displayfile", "/mainfile", "/identifier"),
        *("/license/data", "/license/code", "/license/metadata"),
    }


def test_codemeta_names_persons(o2r) -> None:
    document = broker("codemeta", o2r).document
    assert document["@type"] == "SoftwareSourceCode"
    assert document["author"] == [
        {
            "@type": "Person",
            "name": "Ada Lovelace",
            "affiliation": "Analytical Society",
            "@id": "0000-0002-1825-0097",
        }
    ]
    assert (document["name"], document["license"]) == ("Rain by month", "CC-BY-4.0")
    assert document["codeRepository"] == "https://doi.org/10.5281/zenodo.1003346"


def test_of_two_descriptions_the_one_that_is_not_taken_is_told(o2r) -> None:
    assert "/abstract" in broker("zenodo", o2r | {"abstract": "Another."}).unmapped
    del o2r["description"]
    brokered = broker("zenodo", o2r | {"abstract": "Another."})
    assert brokered.document["metadata"]["description"] == "Another."
    assert "/abstract" not in brokered.unmapped


def test_b2share_keeps_the_names(o2r) -> None:
    assert broker("b2share", o2r).document == o2r
    assert broker("b2share", o2r | {"mine": 1}).unmapped == ["/mine"]


def test_many_creators_take_no_time(o2r) -> None:
    o2r["creators"] = [{"name": str(number), "x": 1} for number in range(15_000)]
    assert len(broker("zenodo", o2r).unmapped) > 15_000
