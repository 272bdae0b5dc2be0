"""Every workspace of the table is planned, built and executed for real, or refused with its code."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from environments.workspaces import WORKSPACES, Workspace

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.workers.builder.domain.rules import Order
from erc.workers.builder.images import EngineImages
from erc.workers.builder.settings import BuilderSettings
from erc.workers.docker import connect

pytestmark = [pytest.mark.environments, pytest.mark.engine]


@pytest.mark.parametrize("workspace", WORKSPACES, ids=[workspace.name for workspace in WORKSPACES])
async def test_a_workspace_gets_an_environment_in_which_its_code_runs(
    workspace: Workspace, images: EngineImages, counted: Counter[str], tmp_path: Path
) -> None:
    plan = workspace.plan()
    if workspace.refused:
        with pytest.raises(Rejected) as refusal:
            await built(workspace, plan, images)
        assert refusal.value.problem.code == workspace.refused
        counted["refused"] += 1
        return
    image_id = await built(workspace, plan, images)
    counted["built"] += 1
    shown = await executed(workspace, plan, image_id, tmp_path)
    assert workspace.shows in shown
    counted["executed"] += 1


async def built(workspace: Workspace, plan: Plan, images: EngineImages) -> str:
    """Build an environment, named by what it is made of: a second run of the tests builds nothing."""
    log: list[str] = []
    rules = BuilderSettings.read().rules
    base = await images.base(plan)
    scripts = tuple((script.path, workspace.contents[script.path]) for script in plan.scripts)
    tag = f"erc-environment:{plan.key(base.image_id, rules.platform)[:40]}"

    async def on_log(line: str) -> None:
        log.append(line)

    image_id = await images.find(tag)
    if image_id is None:
        image_id = await images.build(Order(plan, base, tag, scripts), on_log, rules.limits, rules.ca_bundle)
        assert sum(line.startswith("[erc phase=") for line in log) >= 2
    return image_id


async def executed(workspace: Workspace, plan: Plan, image_id: str, folder: Path) -> str:
    """Run a plan's command over a workspace, shut in as a run is, and return the text of the display file."""
    display = next(path for path in workspace.files if PurePosixPath(path).stem == "display")
    user = BuilderSettings.read().user[0]
    unpacked(workspace, folder, display, user)
    config = {
        "Image": image_id,
        "Entrypoint": plan.command[:1],
        "Cmd": plan.command[1:],
        "User": f"{user}:{user}",
        "WorkingDir": "/erc",
        "Env": ["HOME=/tmp"],
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 256,
            "Memory": 2 << 30,
            "Mounts": [{"Type": "bind", "Source": str(folder), "Target": "/erc"}],
            "Tmpfs": {"/tmp": "rw,exec,size=256m,mode=1777"},
        },
    }
    async with await connect(BuilderSettings.read().engine) as engine:
        container = await engine.containers.create(config)
        try:
            await container.start()
            status = (await container.wait())["StatusCode"]
            assert status == 0, "".join(await container.log(stdout=True, stderr=True))[-2000:]
        finally:
            await container.delete(force=True, v=True)
    return (folder / display).read_text(errors="replace")


def unpacked(workspace: Workspace, folder: Path, display: str, user: int) -> None:
    """Write a workspace without its display file into a folder that belongs to the run's user."""
    for path, data in workspace.contents.items():
        if path != display:
            (folder / path).write_bytes(data)
    if os.geteuid() == 0:
        for owned in [folder, *folder.iterdir()]:
            os.chown(owned, user, user)
        # The folders above it are for this user alone otherwise.
        folder.chmod(0o755)
