"""Each recorded build that failed is explained by its cause, its subject and the line that asked for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.failures.builds import BUILDS, BuildCase
from support.failures.record_builds import LOGS

from erc.events.blobs import FileBlobStore, put_document
from erc.events.errors import Rejected, Unavailable
from erc.schemas.diagnosis import Cause, Diagnosis
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Kind
from erc.schemas.problem import FailedBuild, Problem
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.failure import Place, explain, script_failed
from erc.workers.builder.domain.phases import Phase
from erc.workers.diagnosing import explained_build
from erc.workers.diagnosis import diagnose_build

NON_ZERO = "The command '/bin/sh -c …' returned a non-zero code: 1"


def planned(case: BuildCase) -> Plan:
    sources = {package.name for package in case.packages if package.files}
    packages = []
    for path, text in case.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            name = line.split("=")[0].split(">")[0].split()[0]
            if path in {"requirements.txt", "apt.txt"} and not line.startswith("#"):
                one = PlannedPackage(name=name, system=case.system, path=path, line=number, source=name in sources)
                packages.append(one)
    if "main.R" in case.files:
        packages.append(PlannedPackage(name="r-cran-nosuchpackage", system="apt", path="main.R", line=1))
    return Plan(kind=Kind.PYTHON_SCRIPT, packages=packages, command=["true"])


def failed(name: str) -> Problem:
    """Return what the builder says of a recorded build."""
    case = BUILDS[name]
    tail = (LOGS / f"{name}.txt").read_text(encoding="utf-8").splitlines()[-40:]
    if case.system == "script":
        return script_failed(next(iter(case.files)), 1, tail).problem
    phase = Phase.PYTHON_PACKAGES if case.system == "pip" else Phase.SYSTEM_PACKAGES
    error = explain(NON_ZERO, tail, planned(case), Place(phase, 1))
    assert isinstance(error, Rejected)
    return error.problem


def explained(name: str) -> Diagnosis:
    case = BUILDS[name]
    found = diagnose_build(failed(name), planned(case), case.files.get, case.files.__contains__)
    assert found is not None
    return found


@pytest.mark.parametrize("name", BUILDS)
def test_a_recorded_build_is_explained(name: str) -> None:
    case, found = BUILDS[name], explained(name)
    assert (found.cause, found.subject) == (case.cause, case.subject)
    assert f"{found.path}:{found.line}" == case.asked
    assert found.evidence in (LOGS / f"{name}.txt").read_text(encoding="utf-8")
    assert "{" not in found.sentence + found.advice
    assert [edit.content for edit in found.edits] == ([] if case.mended is None else [case.mended])


def test_there_is_a_log_for_each_case_and_none_names_this_machine() -> None:
    assert {path.stem for path in LOGS.glob("*.txt")} == {*BUILDS}
    assert len(BUILDS) >= 15
    said = "".join(path.read_text(encoding="utf-8") for path in LOGS.glob("*.txt"))
    assert "/root" not in said
    assert "/home/" not in said


def test_the_diagnosis_is_of_its_job_and_holds_the_patch(tmp_path: Path) -> None:
    blobs = FileBlobStore(tmp_path)
    case = BUILDS["pip_version"]
    text = case.files["requirements.txt"].encode()
    entry = Entry(path="requirements.txt", digest=blobs.put(text), size_bytes=len(text))
    manifest = blobs.put(Manifest([entry]).document())
    kept = put_document(blobs, failed("pip_version"))
    found = Problem.model_validate_json(blobs.read(explained_build(kept, blobs, planned(case), manifest)))
    assert found.diagnosis is not None
    assert "-thing==1.9\n+thing==1.1\n" in found.diagnosis.edits[0].patch
    assert Problem.model_validate_json(blobs.read(kept)).diagnosis is None
    assert explained_build("0" * 64, blobs, planned(case), manifest) == "0" * 64


def test_an_archive_that_does_not_answer_is_not_held_against_the_author() -> None:
    said = [
        "WARNING: Retrying after connection broken by 'NewConnectionError('…: Failed to establish a new connection')'"
    ]
    assert isinstance(explain(NON_ZERO, said, planned(BUILDS["pip_version"])), Unavailable)


@given(
    st.lists(
        st.sampled_from([*"aZ0'\"./\\[]{}() =<>-:", "ERROR: ", "from versions: ", "Cannot install ", "fatal error: "])
    ),
    st.sampled_from([*Phase]),
)
def test_no_log_of_a_build_is_too_odd(pieces: list[str], phase: Phase) -> None:
    problem = Problem(code="x", title="x", build=FailedBuild(phase=phase.value, log=["".join(pieces)] * 3, path="a.sh"))
    diagnose_build(problem, planned(BUILDS["pip_version"]), BUILDS["pip_version"].files.get, lambda _: True)


def test_long_lines_of_a_build_cost_little() -> None:
    began = time.process_time()
    for piece in (
        "a",
        " ",
        "(from versions: ",
        "1, ",
        "Could not find a version that satisfies the requirement a",
        "a-",
        "'",
    ):
        problem = Problem(
            code="x", title="x", build=FailedBuild(phase="python_packages", log=[(piece * 5000)[:5000]] * 40)
        )
        diagnose_build(problem, planned(BUILDS["pip_version"]), BUILDS["pip_version"].files.get, lambda _: True)
    assert time.process_time() - began < 10


def test_the_causes_of_builds_are_shown_by_some_log() -> None:
    assert {case.cause for case in BUILDS.values()} >= {
        Cause.PACKAGE_NOT_FOUND, Cause.PACKAGE_VERSION, Cause.PACKAGE_CONFLICT, Cause.HASH_MISMATCH, Cause.SYSTEM_LIBRARY,
        Cause.MISSING_PROGRAM, Cause.LANGUAGE_VERSION, Cause.PYTHON_2, Cause.NEEDS_NETWORK,
    }  # fmt: skip
