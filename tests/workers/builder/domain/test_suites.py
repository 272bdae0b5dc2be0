"""The suite that comes nearest to what is wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.workers.builder.domain.r_archive import archive_name, is_listed, suites_with
from erc.workers.builder.domain.suites import SUITES, Wish, Wishes, choose, satisfies, suite_named


def wishes(*needed: str, suite: str = "", python: str = "", r: str = "", date: str = "") -> Wishes:
    def wish(value: str) -> Wish | None:
        return Wish(value, "runtime.txt", 1) if value else None

    return Wishes(needed, wish(suite), wish(python), wish(r), wish(date))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_the_version_of_a_suite_leads_to_a_suite_that_has_it(suite) -> None:
    assert satisfies(choose(wishes("python", python=suite.python)).suite.python, suite.python)
    assert choose(wishes("r", r=suite.r)).suite.r == suite.r
    assert choose(wishes("r", r=suite.r)).deviations == []
    assert choose(wishes("r", suite=suite.name)).suite == suite


@pytest.mark.parametrize(
    ("wanted", "suite"),
    [
        (wishes("r"), "bookworm"),
        (wishes("r", python="3.9"), "bookworm"),
        (wishes("r", r="4.2"), "bookworm"),
        (wishes("r", r="4.4.1"), "trixie"),
        (wishes("r", r="3.4.4"), "focal"),
        (wishes("r", r="4.7"), "forky"),
        (wishes("r", r=">=3.5"), "bookworm"),
        (wishes("r", r=">=4.3"), "noble"),
        (wishes("python", python=">=3.8,<3.10"), "bullseye"),
        (wishes("python", python="3.7"), "focal"),
        (wishes("python", python="2.7.18"), "focal"),
        (wishes("python", python="3.13"), "trixie"),
        (wishes("python", python="3.13", date="2025-12-01"), "questing"),
        (wishes("python", date="2022-06-01"), "jammy"),
        (wishes("python", date="2015-01-01"), "focal"),
        (wishes("r", "python", r="4.1", python="3.13"), "jammy"),
        (wishes("python", "r", r="4.1", python="3.13"), "trixie"),
    ],
)
def test_the_nearest_suite_is_taken(wanted: Wishes, suite: str) -> None:
    assert choose(wanted).suite.name == suite


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (wishes("r", r="4.1.0"), ("R", "4.1.0", "4.1.2")),
        (wishes("r", r="4.4.1"), ("R", "4.4.1", "4.5.0")),
        (wishes("python", python="3.10.4"), ("Python", "3.10.4", "3.10")),
        (wishes("python", python="3.7"), ("Python", "3.7", "3.8")),
        (wishes("python", date="2015-01-01"), ("date", "2015-01-01", "focal of 2020-04-23")),
        (wishes("python", suite="hardy"), ("base", "hardy", "bookworm")),
        (wishes("python", suite="trixie", python="3.11"), ("Python", "3.11", "3.13")),
    ],
)
def test_what_cannot_be_had_is_said(wanted: Wishes, said: tuple[str, str, str]) -> None:
    found = choose(wanted).deviations
    assert [(one.subject, one.wanted, one.got) for one in found] == [said]
    assert all(one.path == "runtime.txt" and one.line == 1 for one in found)


def test_another_suite_that_has_it_is_named() -> None:
    (deviation,) = choose(wishes("python", suite="trixie", python="3.11")).deviations
    assert "`suite: bookworm`" in deviation.reason


text = st.text("0123456789.*<>=!~, abc-", max_size=12)
days = st.dates().map(str)


@given(st.sampled_from([("r",), ("python",), ("r", "python"), ()]), text, text, text, days | st.just(""))
def test_whatever_is_wanted_a_suite_is_found_and_what_it_lacks_is_said(needed, suite, python, r, date) -> None:
    found = choose(wishes(*needed, suite=suite, python=python, r=r, date=date))

    assert found.suite in SUITES
    said = {deviation.subject for deviation in found.deviations}
    for language, name, wanted in (("python", "Python", python), ("r", "R", r)):
        if language in needed and wanted and not satisfies(found.suite.version_of(language), wanted):
            assert name in said


@pytest.mark.parametrize(
    ("name", "suite"),
    [("22.04", "jammy"), ("12", "bookworm"), ("Trixie", "trixie"), ("unstable", "sid"), ("potato", "")],
)
def test_a_suite_has_a_name_and_a_number(name: str, suite: str) -> None:
    found = suite_named(name)
    assert (found.name if found else "") == suite


def test_the_table_knows_which_suite_has_which_r_package() -> None:
    assert archive_name("ggplot2", "bookworm") == "r-cran-ggplot2"
    assert archive_name("DESeq2", "jammy") == "r-bioc-deseq2"
    assert archive_name("nosuchpackage", "jammy") is None
    assert suites_with("r-cran-sf") == [suite.name for suite in SUITES if is_listed(suite.name)]
    assert not is_listed("sid")
