"""The fast part of the table: what is planned for each workspace, and that it explains itself; nothing is built."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from environments.workspace import Workspace
from environments.workspaces import BAD_ADDRESSES, BAD_BUILDS, GOOD, MIXED

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.git_source import SourceError, parse_git
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.plan import plan

EACH = pytest.mark.parametrize("workspace", GOOD, ids=[workspace.name for workspace in GOOD])


CONFLICTS = [workspace for workspace in GOOD if workspace.aside]


def packages(made: Plan) -> set[tuple[str, str, str]]:
    return {(package.system, package.name, package.version) for package in made.packages}


def without(workspace: Workspace, paths: set[str]) -> Plan:
    left = {path: text for path, text in workspace.files.items() if path not in paths}
    return replace(workspace, files=left).plan()


def key(made: Plan) -> str:
    return made.key(f"{made.distribution} {made.suite}", "linux/amd64")


@EACH
def test_a_workspace_gets_the_suite_that_it_asks_for(workspace: Workspace) -> None:
    made = workspace.plan()

    assert made.suite == workspace.suite
    choices = {decision.choice for decision in made.decisions}
    assert [path for path in workspace.aside if f"{path} is left aside" not in choices] == []


@EACH
def test_every_package_says_why_by_which_line_of_which_file(workspace: Workspace) -> None:
    for package in workspace.plan().packages:
        assert package.reason, package.name
        assert package.path in workspace.files, package.name
        # Notebooks have cells instead of lines.
        assert package.line or f"{package.path}:cell " in package.reason, package.name
        assert package.line <= workspace.files[package.path].count("\n") + 1


@EACH
def test_every_decision_names_its_file_unless_no_file_asked(workspace: Workspace) -> None:
    made = workspace.plan()

    for decision in made.decisions:
        assert decision.reason
        unasked = decision.subject in {"base", "python", "r"} and made.suite == "bookworm"
        assert decision.path.partition("/")[0] in {path.partition("/")[0] for path in workspace.files} or unasked
    assert all(deviation.path in workspace.files and deviation.line for deviation in made.deviations)


@EACH
def test_without_its_declaration_a_workspace_gets_another_environment(workspace: Workspace) -> None:
    assert key(workspace.without().plan()) != key(workspace.plan())


@pytest.mark.parametrize("workspace", CONFLICTS, ids=[workspace.name for workspace in CONFLICTS])
def test_of_files_that_disagree_the_first_decides(workspace: Workspace) -> None:
    losers = {path for path in workspace.declared for said in workspace.aside if path in said.split()}
    winners = {*workspace.declared} - losers

    assert packages(without(workspace, losers)) == packages(workspace.plan()) != packages(without(workspace, winners))


def test_the_table_is_as_long_as_it_has_to_be() -> None:
    assert len(GOOD) >= 40
    assert len({workspace.name for workspace in [*GOOD, *BAD_BUILDS]}) == len(GOOD) + len(BAD_BUILDS)
    both = [workspace for workspace in MIXED if (made := workspace.plan()).python and made.r]
    assert len(both) == len(MIXED) >= 10
    suites = {
        (made.suite, language) for one in GOOD if (made := one.plan()) for language in (made.python, made.r) if language
    }
    assert {suite for suite, _ in suites} == {"focal", "bullseye", "jammy", "bookworm", "noble", "trixie"}


@pytest.mark.parametrize("workspace", BAD_BUILDS, ids=[workspace.name for workspace in BAD_BUILDS])
def test_what_only_a_build_can_refuse_is_planned_with_its_line(workspace: Workspace) -> None:
    made = workspace.plan()

    places = {f"{package.path}:{package.line}" for package in made.packages} | {script.path for script in made.scripts}
    assert any(place.startswith(workspace.at) for place in places)


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_an_option_or_a_command_is_refused(address: str) -> None:
    with pytest.raises(SourceError, match=r"\S"):
        parse_git(address)


def test_a_sparse_requirements_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import six\n")
    with (tmp_path / "requirements.txt").open("wb") as sparse:
        sparse.truncate(2 << 30)
    read: list[str] = []

    def bytes_of(path: str) -> bytes:
        read.append(path)
        return (tmp_path / path).read_bytes()

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    digest = hashlib.sha256(b"").hexdigest()
    manifest = Manifest(Entry(path=path, digest=digest, size_bytes=size) for path, size in sizes.items())
    described = Description(kind=Kind.PYTHON_SCRIPT, main="main.py", display="display.png", manifest=digest)

    with pytest.raises(Rejected) as refusal:
        plan(described, manifest, bytes_of)

    assert refusal.value.problem.code == "requirements_too_long"
    assert re.match("requirements.txt", refusal.value.problem.title)
    assert "requirements.txt" not in read
