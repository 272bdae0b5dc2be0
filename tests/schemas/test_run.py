from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.run import (
    SLUG_CHARACTERS,
    RunNameError,
    auto_name,
    derived_name,
    is_name,
    parse_build,
    parse_name,
    slug,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paper", ("paper", "latest")),
        ("paper@v2", ("paper", "v2")),
        ("a.b-c_d@1.0.1", ("a.b-c_d", "1.0.1")),
        ("x", ("x", "latest")),
        ("2024", ("2024", "latest")),
        ("a" * 63, ("a" * 63, "latest")),
        ("paper@latest", ("paper", "latest")),
    ],
)
def test_a_name_has_a_version_or_means_the_latest(text, expected) -> None:
    assert parse_name(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "@", "Paper", "a b", "-a", "a-", ".", "..", "a/b", "ä", "a" * 64, "0" * 26, "paper@", "paper@-1", "paper@a b",
     "paper@v1@v2", "paper\n", "paper@" + "v" * 64, "paper@\u0661"],
)  # fmt: skip
def test_what_is_no_name_is_told_how_to_be_one(text) -> None:
    with pytest.raises(RunNameError, match=r"is no (name|version) of a run"):
        parse_name(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("build://a:v1", ("a", "v1")), ("build://a", ("a", "latest")), ("build://a.b:1.0", ("a.b", "1.0"))],
)
def test_a_build_is_referred_to_by_name_and_version(text, expected) -> None:
    assert parse_build(text) == expected


@pytest.mark.parametrize("text", ["build://", "build://a@v1", "build://a:b:c", "build://A:v1", "build://a:"])
def test_what_is_no_build_is_refused(text) -> None:
    with pytest.raises(RunNameError):
        parse_build(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rain by month", "rain-by-month"),
        ("INSYDE: a synthetic, probabilistic flood damage model", "insyde-a-synthetic-probabilistic-flood"),
        ("Überschwemmung", "uberschwemmung"),
        ("雨", ""),
        ("---", ""),
        ("0" * 26, "run-" + "0" * 26),
        ("x" * 99, "x" * SLUG_CHARACTERS),
    ],
)
def test_a_title_gives_a_name(text, expected) -> None:
    assert slug(text) == expected


@given(st.text(max_size=2000))
def test_whatever_is_named_gets_a_name_that_is_one(text) -> None:
    assert slug(text) == "" or is_name(slug(text))
    assert is_name(derived_name([text], "file:///a"))
    assert is_name(auto_name(derived_name([text], text), text))


@given(st.text(max_size=200))
def test_nothing_but_the_one_error_is_raised(text) -> None:
    for parse in (parse_name, parse_build):
        try:
            name, _ = parse(text)
        except RunNameError:
            continue
        assert is_name(name)


def test_the_first_text_that_gives_a_name_is_taken() -> None:
    assert derived_name(["", "雨", "Snow", "rain"], "x") == "snow"
    assert derived_name([], "x").startswith("run-")


def test_a_free_name_is_the_same_each_time_and_another_for_another_origin() -> None:
    assert auto_name("paper", "a") == auto_name("paper", "a") != auto_name("paper", "b")
    assert is_name(auto_name("p" * 63, "a"))


def test_a_long_text_takes_no_time() -> None:
    begun = time.monotonic()
    for text in ("a" * 1_000_000, "a-" * 500_000, "-" * 1_000_000):
        slug(text)
        with pytest.raises(RunNameError):
            parse_name(text)
    assert time.monotonic() - begun < 1
