# ruff: noqa: SLF001 - aiodocker has no public way to the raw answers
"""Containers by name: looked for, followed, removed; every failure of the engine is `Unavailable`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator
from datetime import datetime, timedelta
from typing import Any

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from erc.events.errors import Unavailable

_ANSWER_SECONDS = 120.0
_NO_ANSWER = 900


class NotThere(Unavailable):
    """The engine does not know the image or container."""


class Gone(Unavailable):
    """The engine cannot be reached."""


class Containers:
    """The containers of an engine."""

    def __init__(self, engine: aiodocker.Docker) -> None:
        self._engine = engine

    async def state(self, name: str) -> dict[str, Any] | None:
        """Return the engine's `State` of a container, None when there is none."""
        try:
            with engine_errors():
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return dict((await self._engine.containers.container(name).show())["State"])
        except NotThere:
            return None

    async def create(self, name: str, config: dict[str, Any]) -> None:
        """Create a container; raises `NotThere` when the image is gone."""
        with engine_errors():
            await self._engine.containers.create(config, name=name)

    async def start(self, name: str) -> None:
        """Start a container that was created."""
        with engine_errors():
            await self._engine.containers.container(name).start()

    async def wait(self, name: str) -> None:
        """Return once the container has ended."""
        with engine_errors():
            await self._engine.containers.container(name).wait()

    async def kill(self, name: str) -> None:
        """Kill a container, if it goes on."""
        with engine_errors(), _gone_already():
            await self._engine.containers.container(name).kill()

    async def log(self, name: str, *, follow: bool) -> AsyncGenerator[bytes, None]:
        """Yield the log of a container that was started, in frames, from its beginning; to its end when followed."""
        params = {"stdout": "1", "stderr": "1", "follow": "1" if follow else "0"}
        with engine_errors():
            async with self._engine._query(f"containers/{name}/logs", params=params, timeout=None) as response:
                with contextlib.closing(response):
                    async for chunk in response.content.iter_any():
                        yield chunk

    async def remove(self, name: str) -> None:
        """Kill and remove a container and the volume of the same name; may be repeated."""
        with engine_errors():
            async with asyncio.timeout(_ANSWER_SECONDS):
                with _gone_already():
                    await self._engine.containers.container(name).delete(force=True, v=True)
                async with self._engine._query(f"volumes/{name}", "DELETE", params={"force": "1"}):
                    pass

    async def actions(self, name: str, since: datetime, until: datetime) -> set[str]:
        """Return what happened to a container in this time (`start`, `kill`, `die`), as far as the engine remembers.

        An engine forgets when it is restarted, and what is a few hundred events old. Answers soon after `until`.
        """
        filters = json.dumps({"type": ["container"], "container": [name]})
        # Two clocks read in a row may differ by moments; the engine refuses a time that ends before it begins.
        end = max(since, until) + timedelta(milliseconds=1)
        params = {"since": f"{since.timestamp():.6f}", "until": f"{end.timestamp():.6f}", "filters": filters}
        with engine_errors():
            async with (
                asyncio.timeout(_ANSWER_SECONDS),
                self._engine._query("events", params=params, timeout=None) as response,
            ):
                with contextlib.closing(response):
                    return {str(json.loads(line)["Action"]) async for line in response.content}

    async def labels(self, label: str, value: str) -> list[dict[str, str]]:
        """Return all labels of the containers and volumes that have this one."""
        filters = json.dumps({"label": [f"{label}={value}"]})
        with engine_errors():
            containers = await self._engine._query_json("containers/json", params={"all": "1", "filters": filters})
            volumes = await self._engine._query_json("volumes", params={"filters": filters})
        return [found["Labels"] for found in [*containers, *(volumes["Volumes"] or [])]]


@contextlib.contextmanager
def _gone_already() -> Iterator[None]:
    try:
        yield
    except DockerError as error:
        if error.status not in {404, 409}:
            raise


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Turn what the engine's client raises into `Unavailable`, its kinds where they matter."""
    try:
        yield
    except (DockerError, aiohttp.ClientError, OSError, ValueError) as error:
        status = error.status if isinstance(error, DockerError) else 0
        kind = {404: NotThere, _NO_ANSWER: Gone}.get(status, Unavailable)
        raise kind(f"The container engine does not answer as it should: {error}") from error
