"""Each recorded failure is explained by its cause, its subject and its place in the author's code."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.failures.cases import CASES, Case
from support.failures.record import LOGS

from erc.schemas.diagnosis import Cause, Diagnosis
from erc.workers.diagnosis import diagnose


def explained(log: str, case: Case) -> Diagnosis | None:
    return diagnose(log, case.main, case.files.get, case.files.__contains__)


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_failure_is_explained(name: str) -> None:
    case = CASES[name]
    log = (LOGS / f"{name}.txt").read_text(encoding="utf-8")
    found = explained(log, case)
    assert found is not None
    assert (found.cause, found.path, found.line, found.cell) == (case.cause, case.path, case.line, case.cell)
    assert case.subject in {found.subject, ""}
    assert found.evidence in log
    assert {edit.path: edit.content for edit in found.edits} == (
        case.mended or {e.path: e.content for e in found.edits}
    )


def test_there_are_sixty_logs_and_each_is_of_a_program() -> None:
    assert {path.stem for path in LOGS.glob("*.txt")} == {*CASES}
    assert len(CASES) >= 60
    assert {case.cause for case in CASES.values()} >= {*Cause} - {
        Cause.TIME,
        Cause.DISK,
        Cause.ACCELERATOR,
        Cause.PACKAGE_VERSION,
        Cause.PACKAGE_NOT_FOUND,
        Cause.PACKAGE_CONFLICT,
        Cause.HASH_MISMATCH,
    }


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock", "binder/requirements.txt", ".binder/environment.yml"])
def test_nothing_is_proposed_where_another_file_counts(lock: str) -> None:
    case = CASES["py_package"]
    found = diagnose("ModuleNotFoundError: No module named 'seaborn'", case.main, {lock: "x"}.get, lambda _: True)
    assert found is not None
    assert (found.subject, found.edits) == ("seaborn", [])


def test_a_log_that_tells_nothing_is_not_explained() -> None:
    assert explained("", CASES["py_code"]) is None
    assert explained("reading\nwriting\ndone\n", CASES["py_code"]) is None


def test_colours_hide_nothing() -> None:
    log = "\x1b[0;31mModuleNotFoundError\x1b[0m: No module named 'seaborn'\n"
    found = explained(log, CASES["py_package"])
    assert found is not None
    assert found.subject == "seaborn"


def test_a_package_name_that_could_be_code_is_not_proposed() -> None:
    found = explained('Error in library(x) : there is no package called ‘a"); system("id’\n', CASES["r_package"])
    assert found is None or not found.edits


@given(
    st.lists(
        st.sampled_from([*"aZ0'\"‘’():/\\.[]{} \t-`<>=", "Error", "File", "cannot open ", "Unable to "]), max_size=300
    )
)
def test_no_log_is_too_odd(pieces: list[str]) -> None:
    explained("".join(pieces) + "\nError: " + "".join(pieces), CASES["rmd_code"])


@pytest.mark.parametrize(
    "piece", ["Error: ", "'a' ", "/", "could not find function ", "a.", "licen", "‘", "(", " requires "]
)
def test_long_lines_cost_little(piece: str) -> None:
    began = time.process_time()
    explained((piece * 200_000)[:400_000], CASES["py_code"])
    explained("\n".join([(piece * 500)[:500]] * 2000), CASES["py_code"])
    assert time.process_time() - began < 20
