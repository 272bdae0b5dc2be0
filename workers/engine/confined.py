"""Runs a command in a container that is shut in: without network, without rights, with limits; for building only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiodocker

from erc.events.errors import Unavailable
from erc.schemas.limits import MIB
from erc.workers.containers import Containers, engine_errors
from erc.workers.docker import LABEL_JOB
from erc.workers.engine.frames import Frames

LABEL_BUILD = "org.erc.build"
"""On containers: that they belong to the making of an environment."""
NOBODY = "65534:65534"

_CONFINED = {
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "PidsLimit": 256,
    "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "16m", "max-file": "2"}},
}


@dataclass(frozen=True)
class Task:
    """A command, an argument list, in a container from an image. `name` is the container's: the same work, the same."""

    name: str
    image: str
    command: list[str]
    user: str = NOBODY
    environment: dict[str, str] = field(default_factory=dict)
    memory_bytes: int = 512 * MIB
    wall_clock: timedelta = timedelta(minutes=2)
    output_bytes: int = 8 * MIB
    network: bool = False
    writable: bool = False
    """Whether the root of its file system may be written."""
    files: bytes = b""
    """A tar archive that is unpacked into its root before it starts."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote to its standard output, at most `output_bytes`."""

    exit_code: int
    output: bytes


class Confined:
    """Runs tasks."""

    def __init__(self, engine: aiodocker.Docker) -> None:
        self._engine, self._containers = engine, Containers(engine)

    async def run(self, task: Task) -> Ended:
        """Run a task to its end and return how it ended.

        Raises TimeoutError after `wall_clock`, `Unavailable` when the engine does not answer.
        """
        kept = bytearray()

        async def keep(piece: bytes, *, error: bool) -> None:
            if not error and len(kept) < task.output_bytes:
                kept.extend(piece[: task.output_bytes - len(kept)])

        async with self.container(task) as name:
            return Ended(await self.follow(task, name, keep), bytes(kept))

    @asynccontextmanager
    async def container(self, task: Task) -> AsyncIterator[str]:
        """Create a task's container, hand over its name, and remove it at the end, whatever goes on in it."""
        await self._containers.remove(task.name)
        try:
            await self._containers.create(task.name, _config(task))
            if task.files:
                with engine_errors():
                    await self._engine.containers.container(task.name).put_archive("/", task.files)  # type: ignore[no-untyped-call]
            yield task.name
        finally:
            # A cancelled build must not leave its container running.
            await asyncio.shield(self._gone(task.name))

    async def _gone(self, name: str) -> None:
        with contextlib.suppress(Unavailable):
            await self._containers.remove(name)

    async def follow(self, task: Task, name: str, on_output: Callable[..., Awaitable[None]]) -> int:
        """Start a container, hand over what it writes as it comes, and return its exit code; raises TimeoutError."""
        async with asyncio.timeout(task.wall_clock.total_seconds()):
            await self._containers.start(name)
            frames = Frames()
            async with contextlib.aclosing(self._containers.log(name, follow=True)) as chunks:
                async for chunk in chunks:
                    for piece in frames.feed(chunk):
                        await on_output(piece.content, error=piece.error)
            await self._containers.wait(name)
        state = await self._containers.state(name)
        if state is None:
            raise Unavailable("A container of this build was removed by somebody else.")
        return 137 if state.get("OOMKilled") else int(state["ExitCode"])

    async def sweep(self, older_than: float) -> None:
        """Remove the containers of builds that were made before a moment (Unix time in seconds)."""
        with engine_errors():
            found = await self._engine.containers.list(all=True, filters={"label": [LABEL_BUILD]})
        for container in found:
            if is_left(container["Created"], container["Labels"], older_than):
                await self._gone(container.id)

    async def commit(self, name: str, image: dict[str, Any], tag: str) -> str:
        """Make an image of what a container holds, with the configuration of the image that it came from."""
        repository, _, version = tag.partition(":")
        params = {"container": name, "repo": repository, "tag": version, "pause": "false"}
        # The engine takes from the container whatever the configuration leaves open.
        kept = {**image["Config"], "Entrypoint": image["Config"].get("Entrypoint") or [], "User": "0:0"}
        with engine_errors():
            answer = await self._engine._query_json(  # noqa: SLF001 - aiodocker leaves the configuration out
                "commit", "POST", params=params, data=kept
            )
        return str(answer["Id"])


def is_left(created: float, labels: Mapping[str, str], older_than: float) -> bool:
    """Return whether a container with the label of builds is left of one that ended before a moment.

    What a script made is an image with the label of its container, and every run in it has that label too.
    """
    return created < older_than and LABEL_JOB not in labels


def _config(task: Task) -> dict[str, Any]:
    host = {
        **_CONFINED,
        "NetworkMode": "default" if task.network else "none",
        "ReadonlyRootfs": not task.writable,
        "Memory": task.memory_bytes,
        "MemorySwap": task.memory_bytes,
        "NanoCpus": 2_000_000_000,
        "Tmpfs": {
            "/tmp": "rw,exec,nosuid,nodev,mode=1777,size=256m",  # noqa: S108 - inside the container
            # Images name this one as a volume, which could be filled without limit.
            **({} if task.writable else {"/erc": "ro,size=1m"}),
        },
    }
    return {
        "Image": task.image,
        "Entrypoint": task.command[:1],
        "Cmd": task.command[1:],
        "Env": [f"{name}={value}" for name, value in task.environment.items()],
        "User": task.user,
        "WorkingDir": "/",
        "Hostname": "erc",
        "Labels": {LABEL_BUILD: task.name},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host,
    }
