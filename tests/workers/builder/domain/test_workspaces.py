"""Every workspace of the table gets its environment, and every bad one is refused with the line at fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.planning import EXAMPLES, GOLDEN, example, golden, plan_of
from support.workspaces import ALONE, CONFLICTS, REFUSED, Case

from erc.events.errors import Rejected
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.plan import plan

CASES = [*ALONE, *CONFLICTS]


def planned(files: dict[str, str]) -> Plan:
    return plan_of({path: text.encode() for path, text in files.items()})


def explained(package: PlannedPackage, files: set[str]) -> bool:
    """Return whether a package has its reason, and the line of a file of the workspace; notebooks have cells."""
    placed = package.line or f"{package.path}:cell " in package.reason
    return bool(package.reason and package.path in files and placed)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_workspace_gets_what_it_asks_for(case: Case) -> None:
    made = planned(case.files)

    assert made.suite == case.suite
    assert made.date == case.date
    assert sorted(deviation.subject for deviation in made.deviations) == sorted(case.deviations)
    apt = {package.name for package in made.packages if package.system == "apt"}
    assert not case.apt or apt == case.apt
    assert case.requirements is None or made.requirements == case.requirements
    assert case.variables.items() <= made.variables.items()
    places = {f"{package.name} {package.path}:{package.line}" for package in made.packages}
    assert set(case.at) <= places
    assert not case.note or any(case.note in note for note in made.notes)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_plan_names_the_files_that_it_read_and_left_aside(case: Case) -> None:
    choices = [decision.choice for decision in planned(case.files).decisions if decision.subject == "file"]

    assert [path for path in case.read if f"{path} is read" not in choices] == []
    assert [path for path in case.aside if f"{path} is left aside" not in choices] == []


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_package_says_why_and_every_deviation_where(case: Case) -> None:
    made = planned(case.files)

    assert [package for package in made.packages if not explained(package, set(case.files))] == []
    assert all(deviation.path in case.files and deviation.reason for deviation in made.deviations)


@pytest.mark.parametrize("folder", EXAMPLES, ids=[folder.name for folder in EXAMPLES])
def test_every_package_of_an_example_says_why_and_where(folder: Path) -> None:
    files = example(folder)

    assert [package for package in plan_of(files).packages if not explained(package, set(files))] == []


@pytest.mark.parametrize(("name", "files", "code", "place"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_a_bad_file_is_refused_with_the_line_at_fault(name: str, files: dict[str, str], code: str, place: str) -> None:
    with pytest.raises(Rejected) as refusal:
        planned({"main.py": "", "display.png": "", **files})

    assert refusal.value.problem.code == code
    assert place in refusal.value.problem.detail


@pytest.mark.parametrize("folder", EXAMPLES, ids=[folder.name for folder in EXAMPLES])
def test_an_example_has_its_golden_plan(folder: Path) -> None:
    assert (GOLDEN / f"{folder.name}.json").read_text() == golden(folder), "run: python tests/support/planning.py"


def test_a_requirements_file_of_two_gigabytes_is_refused_unread() -> None:
    entries = [
        Entry(path=path, digest="0" * 64, size_bytes=size)
        for path, size in (("main.py", 0), ("requirements.txt", 2 << 30))
    ]
    description = Description(kind=Kind.PYTHON_SCRIPT, main="main.py", display="display.png", manifest="0" * 64)

    with pytest.raises(Rejected, match="too long"):
        plan(description, Manifest(entries), lambda path: {"main.py": b""}[path])
