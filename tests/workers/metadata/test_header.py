"""Titles, authors, dates and licences in the forms in which people write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.workers.code.rmarkdown import read_header
from erc.workers.metadata.domain.header import find_doi, iso_date, read_header_values
from erc.workers.metadata.domain.people import Person, read_people

ADA, CHARLES = Person("Ada Lovelace"), Person("Charles Babbage")


@pytest.mark.parametrize(
    "author",
    [
        "Ada Lovelace and Charles Babbage",
        "Ada Lovelace, Charles Babbage",
        "Ada Lovelace; Charles Babbage",
        "Ada Lovelace & Charles Babbage",
        ["Ada Lovelace", "Charles Babbage"],
        ["**Ada Lovelace** <ada@example.org>", {"name": "Charles Babbage", "email": "c@example.org"}],
        [{"name": {"given": "Ada", "family": "Lovelace"}}, {"given": "Charles", "family": "Babbage"}],
        [{"Ada Lovelace": None}, {"Charles Babbage": {"email": "c@example.org"}}],
        {"Ada Lovelace": {}, "Charles Babbage": {}},
        [{"given-names": "Ada", "family-names": "Lovelace"}, {"name": "Charles Babbage"}, "Ada Lovelace", 7, None],
    ],
)
def test_authors_are_found_in_every_form(author: Any) -> None:
    assert read_people(author) == [ADA, CHARLES]


def test_last_name_first_is_one_person() -> None:
    assert read_people("Lovelace, Ada") == [Person("Lovelace, Ada")]


@pytest.mark.parametrize(
    ("affiliation", "table", "text"),
    [
        ("Society", None, "Society"),
        (["One", "Two"], None, "One; Two"),
        ({"name": "Society", "city": "London"}, None, "Society"),
        ("1,2", [{"id": "1", "institution": "One"}, {"id": "2", "institution": "Two"}], "One; Two"),
        (2, ["One", "Two"], "Two"),
        ("soc", [{"soc": "Society"}], "Society"),
        ([{"ref": "a"}], [{"id": "a", "name": "Society"}], "Society"),
    ],
)
def test_affiliations_are_followed(affiliation: Any, table: Any, text: str) -> None:
    assert read_people({"name": "Ada", "affiliation": affiliation}, table) == [Person("Ada", "", text)]


def test_an_orcid_is_kept_as_four_groups_of_digits() -> None:
    authors = [{"name": "Ada", "orcid": "http://orcid.org/0000-0002-1694-233x"}, "Bob (0000-0002-1825-0097)"]
    assert [one.orcid for one in read_people(authors)] == ["0000-0002-1694-233X", "0000-0002-1825-0097"]
    assert [one.name for one in read_people(authors)] == ["Ada", "Bob"]
    assert read_people({"name": "Ada", "orcid": "12345"}) == [Person("Ada")]


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2019-05-01", "2019-05-01"),
        ("2019/5/1", "2019-05-01"),
        ("Last updated: 2019-05-01 12:00", "2019-05-01"),
        ("1 May 2019", "2019-05-01"),
        ("May 1st, 2019", "2019-05-01"),
        ("Sept. 3, 2019", "2019-09-03"),
        ("May 2019", "2019-05"),
        ("2019-05", "2019-05"),
        ("2019", "2019"),
        ("0000-00-00", ""),
        ("2019-02-30", ""),
        ("99999-01-01", ""),
        ("1/2/2019", ""),
        ("`r Sys.Date()`", ""),
        ("soon", ""),
    ],
)
def test_a_date_is_as_exact_as_it_is_said(written: str, iso: str) -> None:
    assert iso_date(written) == iso


@pytest.mark.parametrize(
    "text", ["10.5281/zenodo.1003346", "https://doi.org/10.5281/zenodo.1003346.", "(doi:10.5281/zenodo.1003346)"]
)
def test_a_doi_is_found_in_its_wrapping(text: str) -> None:
    assert find_doi(text) == "10.5281/zenodo.1003346"


def test_licences_may_be_one_or_four() -> None:
    assert read_header_values({"licence": "CC0-1.0"}).licenses == {"text": "CC0-1.0"}
    assert read_header_values({"licenses": {"code": "MIT", "odd": "x"}}).licenses == {"code": "MIT"}


def test_values_of_the_wrong_shape_count_as_not_said() -> None:
    header = read_header_values({"title": {"a": 1}, "author": 7, "date": True, "keywords": {"a": 1}, "license": [1]})
    assert header == read_header_values({})


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["title", "author", "date", "keywords", "license", "affiliation", "doi", "abstract"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["name", "affiliation", "id", "orcid"]), inner)
            ),
        ),
    )
)
def test_no_header_is_too_odd(values: dict[str, Any]) -> None:
    header = read_header_values(values)
    assert all(person.name for person in header.creators)


def test_a_header_larger_than_256_kib_is_a_warning() -> None:
    found = read_header("---\ntitle: a\n# " + "a" * (256 * 1024) + "\n---\n", "main.Rmd")
    assert found.header == {}
    assert "262144 bytes" in found.warnings[0]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "title: a\n", "---\ntitle: a\n", "text\n---\ntitle: a\n---\n", "--- x\n---\n"]
)
def test_no_header_is_no_warning(text: str) -> None:
    found = read_header(text, "main.Rmd")
    assert (found.header, found.warnings) == ({}, [])


def test_r_expressions_in_a_header_stay_text() -> None:
    found = read_header("---\ndate: !r Sys.Date()\ntitle: \"`r system('id')`\"\n...\n", "main.Rmd")
    assert found.header == {"date": "Sys.Date()", "title": "`r system('id')`"}


def test_control_characters_in_a_header_are_left_out() -> None:
    found = read_header("---\ntitle: a\0b\x07c\n---\n", "main.Rmd")
    assert found.header == {"title": "abc"}
    assert "control characters" in found.warnings[0]
