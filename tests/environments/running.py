"""Builds what a workspace needs, and runs its code in it, shut in as a run is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import aiodocker
from environments.workspace import Workspace

from erc.schemas.environment import Plan
from erc.schemas.limits import MIB
from erc.workers.builder.domain.rules import Order
from erc.workers.builder.images import EngineImages
from erc.workers.builder.settings import BuilderSettings
from erc.workers.docker import LABEL_ENVIRONMENT, connect
from erc.workers.engine.confined import LABEL_BUILD


class Ran(NamedTuple):
    """How code ended: its exit code, what it said, and the text of the display file."""

    exit_code: int
    said: str
    display: str


async def tag_for(plan: Plan, images: EngineImages) -> str:
    """Return the name of an environment by what it is made of: a second run of the tests builds nothing."""
    base = await images.base(plan)
    return f"erc-environment:{plan.key(base.image_id, BuilderSettings.read().rules.platform)[:40]}"


async def built(workspace: Workspace, plan: Plan, images: EngineImages, log: Callable[[str], None]) -> str:
    """Return the image of a plan's environment: the one that the engine has, else a new one."""
    rules = BuilderSettings.read().rules
    tag = await tag_for(plan, images)
    scripts = tuple((script.path, workspace.contents[script.path]) for script in plan.scripts)

    async def on_log(line: str) -> None:
        log(line)

    found = await images.find(tag)
    order = Order(plan, await images.base(plan), tag, scripts)
    return found or await images.build(order, on_log, workspace.limits, rules.ca_bundle)


async def left_behind(plan: Plan, images: EngineImages) -> list[str]:
    """Return what a build that did not succeed left in the engine: images with its name, containers, layers of it.

    What a script would have run in stays without a name, so that a mended one is tried at once; `sweep` takes it.
    """
    tag = await tag_for(plan, images)
    async with await connect(BuilderSettings.read().engine) as engine:
        named = await engine.images.list(filters={"reference": [tag]})
        labels = {"label": [f"{LABEL_BUILD}=erc-script-{tag.rpartition(':')[2]}"]}
        containers = await engine.containers.list(all=True, filters=labels)
        layers = await engine.images.list(filters={"label": [f"{LABEL_ENVIRONMENT}={tag}"], "dangling": ["true"]})
    left = [*named, *layers[len(plan.scripts) :]]
    return [str(one["Id"]) for one in left] + [str(one.id) for one in containers]


async def executed(workspace: Workspace, plan: Plan, image_id: str, folder: Path) -> Ran:
    """Run a plan's command over a workspace that has no display file yet."""
    user = BuilderSettings.read().user[0]
    unpacked(workspace, folder, user)
    async with await connect(BuilderSettings.read().engine) as engine:
        container = await engine.containers.create(_config(plan, image_id, folder, user))
        try:
            exit_code, said = await _ended(container)
        finally:
            await container.delete(force=True, v=True)
    display = folder / workspace.display
    return Ran(exit_code, said, display.read_text(errors="replace") if display.exists() else "")


async def _ended(container: aiodocker.containers.DockerContainer) -> tuple[int, str]:
    await container.start()
    exit_code = int((await container.wait())["StatusCode"])
    return exit_code, "".join(await container.log(stdout=True, stderr=True))


def _config(plan: Plan, image_id: str, folder: Path, user: int) -> dict[str, object]:
    return {
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
            "Memory": 2048 * MIB,
            "Mounts": [{"Type": "bind", "Source": str(folder), "Target": "/erc"}],
            "Tmpfs": {"/tmp": "rw,exec,size=256m,mode=1777"},
        },
    }


def unpacked(workspace: Workspace, folder: Path, user: int) -> None:
    """Write a workspace without its display file into a folder that belongs to the run's user."""
    for path, data in workspace.contents.items():
        if path != workspace.display:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    if os.geteuid() == 0:
        for owned in [folder, *folder.rglob("*")]:
            os.chown(owned, user, user)
        # The folders above it are for this user alone otherwise.
        folder.chmod(0o755)
