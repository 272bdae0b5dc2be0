"""The containers of steps that an engine left when it was killed in a build: it gives them neither name nor label."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import aiodocker
from aiodocker.exceptions import DockerError

from erc.workers.containers import engine_errors
from erc.workers.docker import LABEL_JOB
from erc.workers.engine.confined import LABEL_BUILD

_KILLED_SECONDS, _IDLE_SECONDS = 60.0, 3600.0
"""Ages at which a step's container is left: of one that was killed, and of one that waits or becomes a layer."""


async def remove_left(engine: aiodocker.Docker, label: str, now: float) -> None:
    """Remove those that have a label of the images that they make; `now` is Unix time in seconds."""
    parameters = {"all": "1", "filters": json.dumps({"label": [label]})}
    with engine_errors():
        found = await engine._query_json("containers/json", params=parameters)  # noqa: SLF001 - with states and labels
    for container in found:
        if _is_left(container, now):
            with contextlib.suppress(DockerError):
                await engine.containers.container(container["Id"]).delete(force=True, v=True)


def _is_left(container: Mapping[str, Any], now: float) -> bool:
    """Return whether no build goes on with it: what begins is quick, what fails is removed by the engine at once."""
    labels, age = container["Labels"], now - container["Created"]
    if container["State"] == "running" or LABEL_JOB in labels or LABEL_BUILD in labels:
        return False
    killed = container["State"] in {"exited", "dead"} and "(0)" not in container["Status"]
    return bool(age > (_KILLED_SECONDS if killed else _IDLE_SECONDS))
