"""The configuration file `erc.yml`."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.metadata import Description, Kind
from erc.workers.builder.domain.configuration import configuration, validate_configuration

VALID = {
    "id": "b9b0099e",
    "spec_version": "1",
    "main": "main.Rmd",
    "display": "display.html",
    "licenses": {"code": "MIT"},
}


def described(**changes: object) -> Description:
    fields = {"kind": Kind.RMARKDOWN, "main": "main.Rmd", "display": "display.html", "manifest": "0" * 64}
    return Description.model_validate(fields | changes)


def test_what_is_generated_is_valid() -> None:
    text = configuration(described(o2r={"license": {"code": "MIT"}}), "01jd")

    document = yaml.safe_load(text)
    assert validate_configuration(document) == []
    assert document["id"] == "01jd"
    assert document["licenses"] == {"text": "", "data": "", "code": "MIT", "metadata": ""}


def test_the_id_of_the_author_wins() -> None:
    assert yaml.safe_load(configuration(described(erc_id="mine"), "01jd"))["id"] == "mine"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"])))
def test_names_come_back_as_they_were(main: str, license_text: str) -> None:
    document = yaml.safe_load(configuration(described(main=main), "01jd", {"text": license_text}))

    assert document["main"] == main
    assert document["licenses"]["text"] == license_text


@pytest.mark.parametrize("key", ["id", "spec_version", "main", "display", "licenses"])
def test_each_missing_key_is_named(key: str) -> None:
    document = {name: value for name, value in VALID.items() if name != key}

    assert validate_configuration(document) == [f'"{key}" required in config file']


@pytest.mark.parametrize("version", ["0.1", 0.1, 1, "1"])
def test_known_versions_of_the_specification_are_valid(version: object) -> None:
    assert validate_configuration(VALID | {"spec_version": version}) == []


@pytest.mark.parametrize("change", [{"id": "-x"}, {"id": "a b c"}, {"spec_version": "2"}, {"display": "main.Rmd"}])
def test_a_wrong_value_is_one_error(change: dict[str, str]) -> None:
    assert len(validate_configuration(VALID | change)) == 1


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_what_is_no_mapping_is_said_so(document: object) -> None:
    assert validate_configuration(document) == ["config file is not a mapping of keys to values"]
