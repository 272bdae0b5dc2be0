"""Connects to the container engine; shared by the two workers that may speak to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from erc.events.errors import Unavailable

LABEL_JOB = "org.erc.job"
"""On containers: the id of the job that they belong to."""
LABEL_ENVIRONMENT = "org.erc.environment"
"""On images: the environment that they hold, or the tag that they were built for."""
LABEL_BASE = "org.erc.base"
"""On base images: the suite of the distribution."""

SERVICE_UID = 61234
"""Whose files a run may change when the service itself is root: a number that no account of Debian's has."""

NEWEST_API = (1, 47)
"""The newest version of the engine's API that this service was written for; older engines get their own."""

_ANSWER_SECONDS = 10.0
_HELP = "Start it (on Debian: apt-get install docker.io) or name its socket in DOCKER_HOST"


async def connect(url: str | None = None) -> aiodocker.Docker:
    """Return a connection to the engine, which the caller closes.

    `url` such as `unix:///run/docker.sock` or `tcp://host:2375`; None takes DOCKER_HOST, then the usual sockets.
    Speaks the newest API version that both sides know. Raises `Unavailable` with what to do when no engine answers.
    """
    try:
        engine = aiodocker.Docker(url)
    except (AssertionError, ValueError, OSError) as error:
        raise Unavailable(f"No container engine was found. {_HELP}.") from error
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await engine._query_json("version", versioned_api=False)  # noqa: SLF001 - no public way
    except (DockerError, aiohttp.ClientError, OSError, TimeoutError) as error:
        await engine.close()
        raise Unavailable(f"The container engine does not answer at {engine.docker_host}. {_HELP}.") from error
    engine.api_version = negotiate(str(answer["ApiVersion"]), str(answer.get("MinAPIVersion", "1.12")))
    return engine


async def tell_engine(url: str | None, about: dict[str, Any]) -> None:
    """Put what the engine says of itself and its machine into `about`, in the words of the web API, once it answers."""
    while True:
        with contextlib.suppress(Unavailable, DockerError, aiohttp.ClientError, OSError, TimeoutError):
            async with await connect(url) as engine, asyncio.timeout(_ANSWER_SECONDS):
                about |= engine_about(await engine.version(), await engine.system.info())
                return
        await asyncio.sleep(_ANSWER_SECONDS)


def engine_about(version: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the machine and the runtime of containers, from what the engine answers to `version` and `info`."""
    made_by = str((version.get("Components") or [{}])[0].get("Name", ""))
    runtime = {
        "name": "podman" if "podman" in made_by.lower() else "docker",
        "api_version": str(version["ApiVersion"]),
        "version": str(version["Version"]),
    }
    system = {"name": str(info["OperatingSystem"]), "version": str(info.get("OSVersion") or info["KernelVersion"])}
    return {"architecture": str(version["Arch"]), "os": system, "container_runtime": runtime}


def negotiate(newest: str, oldest: str) -> str:
    """Return the API version to speak (`v1.41`) with an engine that knows those from `oldest` to `newest`."""
    chosen = max(min(NEWEST_API, _numbers(newest)), _numbers(oldest))
    return f"v{chosen[0]}.{chosen[1]}"


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)
