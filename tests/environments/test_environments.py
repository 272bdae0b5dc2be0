"""Every workspace of the table is planned, built and executed for real, or refused with its code."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from environments.running import built, executed, left_behind
from environments.workspace import Workspace
from environments.workspaces import BAD_ADDRESSES, BAD_BUILDS, BAD_PLANS, GOOD

from erc.events.errors import Rejected
from erc.schemas.git_source import SourceError, parse_git
from erc.workers.builder.images import EngineImages

pytestmark = [pytest.mark.environments, pytest.mark.engine]


def nothing(_line: str) -> None:
    """Leave a line of a log aside."""


@pytest.mark.parametrize("workspace", GOOD, ids=[workspace.name for workspace in GOOD])
async def test_a_workspace_gets_an_environment_in_which_its_code_runs_and_without_which_it_fails(
    workspace: Workspace, images: EngineImages, counted: Counter[str], tmp_path: Path
) -> None:
    plan, bare = workspace.plan(), workspace.without()
    image_id = await built(workspace, plan, images, nothing)
    counted["built"] += 1
    (tmp_path / "with").mkdir()
    ran = await executed(workspace, plan, image_id, tmp_path / "with")
    assert ran.exit_code == 0, ran.said[-2000:]
    assert workspace.shows in ran.display
    counted["executed"] += 1

    # The code as it is, where nothing of what it declares is installed.
    left = bare if workspace.declared else workspace
    plain = await built(bare, bare.plan(), images, nothing)
    (tmp_path / "without").mkdir()
    ran = await executed(left, plan, plain, tmp_path / "without")
    counted["needless" if ran.exit_code == 0 else "needed"] += 1
    assert ran.exit_code != 0
    assert [text for text in workspace.lacks if text not in ran.said] == [], ran.said[-2000:]


@pytest.mark.parametrize("workspace", BAD_BUILDS, ids=[workspace.name for workspace in BAD_BUILDS])
async def test_a_bad_build_is_refused_with_the_line_at_fault_and_leaves_nothing(
    workspace: Workspace, images: EngineImages, counted: Counter[str]
) -> None:
    plan, log = workspace.plan(), list[str]()
    with pytest.raises(Rejected) as refusal:
        await built(workspace, plan, images, log.append)

    problem = refusal.value.problem
    assert problem.code == workspace.refused, problem.sentence()
    assert problem.build is not None
    place = f"{problem.build.path}:{problem.build.line}" if problem.build.line else problem.build.path
    assert place.startswith(workspace.at)
    assert sum(line.startswith("[erc phase=") for line in log) >= 2
    assert await left_behind(plan, images) == []
    counted["refused"] += 1


@pytest.mark.parametrize("workspace", BAD_PLANS, ids=[workspace.name for workspace in BAD_PLANS])
def test_a_bad_file_is_refused_before_anything_is_built(workspace: Workspace, counted: Counter[str]) -> None:
    with pytest.raises(Rejected) as refusal:
        workspace.plan()

    assert refusal.value.problem.code == workspace.refused
    assert workspace.at in refusal.value.problem.detail
    counted["refused"] += 1


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_bad_address_is_refused_before_anything_is_fetched(address: str, counted: Counter[str]) -> None:
    with pytest.raises(SourceError):
        parse_git(address)
    counted["refused"] += 1
