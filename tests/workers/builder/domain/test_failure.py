"""Why a build failed, in terms of what the author wrote."""

from __future__ import annotations

import pytest

from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Kind
from erc.schemas.problem import FailedBuild
from erc.workers.builder.domain.failure import Place, explain, script_failed
from erc.workers.builder.domain.phases import Phase

PLAN = Plan(
    kind=Kind.RMARKDOWN,
    packages=[
        PlannedPackage(name="r-cran-rare", system="apt", reason="library(rare) in main.Rmd:7", path="main.Rmd", line=7),
        PlannedPackage(
            name="scikit-rare",
            system="pip",
            version="==0.1",
            reason="requirements.txt:3",
            path="requirements.txt",
            line=3,
        ),
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


@pytest.mark.parametrize(
    "said",
    [
        "WARNING: Could not fetch URL https://index.example/simple/x/: 503 Server Error: Unavailable for url: … - skipping",
        "WARNING: Could not fetch URL https://index.example/simple/x/: 429 Client Error: Too Many Requests - skipping",
        "ERROR: HTTP error 502 while getting https://index.example/x.whl",
        "E: Some packages could not be read  Hash Sum mismatch",
        "OSError: (104, 'connection reset by peer')",
        "ConnectionResetError(104, 'Connection reset by peer')",
        "('Connection aborted.', RemoteDisconnected())",
        "('Connection broken: IncompleteRead(5 bytes read, 9 more expected)')",
        "SSLError(SSLEOFError(8, 'EOF occurred in violation of protocol'))",
    ],
)
def test_an_archive_that_answers_badly_is_not_the_fault_of_the_author(said: str) -> None:
    missing = "ERROR: No matching distribution found for scikit_rare==0.1"

    assert isinstance(explain(NON_ZERO, [said], PLAN), Unavailable)
    assert isinstance(explain(NON_ZERO, [said, missing], PLAN), Unavailable)


@pytest.mark.parametrize(
    "said", ["HTTP error 404 while getting x.whl", "404 Client Error: Not Found", "x-500 Serverless"]
)
def test_what_an_archive_does_not_have_stays_the_matter_of_the_author(said: str) -> None:
    assert isinstance(explain(NON_ZERO, [said], PLAN), Rejected)


def test_a_full_disk_is_tried_again_later() -> None:
    assert isinstance(explain("write /x: no space left on device", [], PLAN), Unavailable)


def test_a_missing_package_is_placed_in_the_manifest_and_in_the_file_of_the_author() -> None:
    tail = [f"line {number}" for number in range(50)] + ["E: Unable to locate package r-cran-rare", "x" * 5000]

    error = explain(NON_ZERO, tail, PLAN, Place(Phase.SYSTEM_PACKAGES, 4))

    assert isinstance(error, Rejected)
    build = error.problem.build
    assert build
    assert (build.phase, build.instruction, build.path, build.line) == ("system_packages", 4, "main.Rmd", 7)
    assert (len(build.log), build.log[0], len(build.log[-1])) == (40, "line 12", 300)


@pytest.mark.parametrize(
    ("said", "code", "named"),
    [
        (
            (
                "ERROR: Cannot install other==1 and scikit_rare==0.1 because these package versions have conflicting "
                "dependencies."
            ),
            "packages_conflict",
            "scikit_rare",
        ),
        (
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated …\n"
                "    scikit-rare==0.1 from https://files.example/x.whl:\n        Expected sha256 aa"
            ),
            "hash_mismatch",
            "scikit-rare",
        ),
        (
            (
                "ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. "
                "These do not:\n    scikit-rare from https://files.example/x.whl (from other==1)"
            ),
            "lock_incomplete",
            "scikit-rare",
        ),
        ("  ERROR: Failed building wheel for scikit-rare", "package_build_failed", "scikit-rare"),
        (
            "The following packages have unmet dependencies:\n r-cran-rare : Depends: r-api-3.5\nE: Unable to correct",
            "packages_conflict",
            "r-cran-rare",
        ),
    ],
)
def test_what_the_installers_say_has_a_code_and_a_line_of_the_author(said: str, code: str, named: str) -> None:
    error = explain(NON_ZERO, said.split("\n"), PLAN, Place(Phase.PYTHON_PACKAGES, 9))

    assert isinstance(error, Rejected)
    assert (error.problem.code, error.problem.build and error.problem.build.line) in [(code, 3), (code, 7)]
    assert named in error.problem.detail


@pytest.mark.parametrize("phase", [Phase.SYSTEM_PACKAGES, Phase.PYTHON_PACKAGES])
def test_each_phase_has_a_code_of_its_own(phase: Phase) -> None:
    error = explain(NON_ZERO, ["dpkg: error"], PLAN, Place(phase, 3))

    assert isinstance(error, Rejected)
    assert error.problem.code == f"{phase}_failed"


def test_a_script_that_fails_is_named_with_what_it_said() -> None:
    error = script_failed("postBuild", 3, ["no such thing"])

    assert error.problem.build == FailedBuild(phase="scripts", path="postBuild", log=["no such thing"])
    assert "exit code 3" in error.problem.detail
    assert "no such thing" in error.problem.detail


def test_a_log_without_an_end_is_read_in_time() -> None:
    said = ["Cannot install " + "a " * 100_000, " " * 100_000 + ":", "DO NOT MATCH THE HASHES" + "\n " * 50_000]

    assert isinstance(explain(NON_ZERO, said, PLAN), Rejected)


def test_any_other_failure_shows_the_last_lines() -> None:
    error = explain(NON_ZERO, ["dpkg: error processing package x"], PLAN)

    assert isinstance(error, Rejected)
    assert error.problem.code == "build_failed"
    assert "dpkg: error processing package x" in error.problem.detail


def test_a_build_that_was_killed_ran_out_of_memory() -> None:
    error = explain("The command '/bin/sh' returned a non-zero code: 137", [], PLAN)

    assert isinstance(error, Rejected)
    assert error.problem.code == "build_out_of_memory"
