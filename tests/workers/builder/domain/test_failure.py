"""Why a build failed, in terms of what the author wrote."""

from __future__ import annotations

from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.failure import explain

PLAN = Plan(
    kind=Kind.RMARKDOWN,
    packages=[
        PlannedPackage(name="r-cran-rare", system="apt", reason="library(rare) in main.Rmd:7"),
        PlannedPackage(name="scikit-rare", system="pip", version="==0.1", reason="requirements.txt:3"),
    ],
    command=["true"],
)
NON_ZERO = "The command '/bin/sh -c …' returned a non-zero code: 100"


def test_a_missing_r_package_is_named_with_the_line_that_asks_for_it() -> None:
    error = explain(NON_ZERO, ["\x1b[91mE: Unable to locate package r-cran-rare"], PLAN)

    assert isinstance(error, Rejected)
    assert error.problem.code == "package_not_found"
    assert "R package rare is not in Debian bookworm" in error.problem.detail
    assert "main.Rmd:7" in error.problem.detail


def test_a_missing_python_package_is_named_with_its_version() -> None:
    error = explain(NON_ZERO, ["ERROR: No matching distribution found for scikit_rare==0.1"], PLAN)

    assert isinstance(error, Rejected)
    assert error.problem.code == "package_not_found"
    assert "scikit-rare==0.1" in error.problem.detail
    assert "requirements.txt:3" in error.problem.detail


def test_an_archive_that_does_not_answer_is_not_the_fault_of_the_author() -> None:
    log = ["W: Failed to fetch … Temporary failure resolving", "E: Unable to locate package r-cran-rare"]

    assert isinstance(explain(NON_ZERO, log, PLAN), Unavailable)


def test_a_full_disk_is_tried_again_later() -> None:
    assert isinstance(explain("write /x: no space left on device", [], PLAN), Unavailable)


def test_any_other_failure_shows_the_last_lines() -> None:
    error = explain(NON_ZERO, ["dpkg: error processing package x"], PLAN)

    assert isinstance(error, Rejected)
    assert error.problem.code == "build_failed"
    assert "dpkg: error processing package x" in error.problem.detail


def test_a_build_that_was_killed_ran_out_of_memory() -> None:
    error = explain("The command '/bin/sh' returned a non-zero code: 137", [], PLAN)

    assert isinstance(error, Rejected)
    assert error.problem.code == "build_out_of_memory"
