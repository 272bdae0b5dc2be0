"""Builds environment images through the container engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError, DockerStreamError
from aiodocker.jsonstream import json_stream_stream

from erc.events.errors import Rejected, Unavailable
from erc.schemas.environment import Plan
from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.dockerfile import LABEL_SUITE, runtime_manifest, stage_label
from erc.workers.builder.domain.failure import TAIL_LINES, explain, too_slow
from erc.workers.builder.domain.growth import LABEL_GROUND, MOST_LAYERS, grounds, grown_manifest
from erc.workers.builder.domain.log_lines import Lines, capped
from erc.workers.builder.domain.rules import OnLog, Order, tag_of
from erc.workers.builder.domain.steps import Steps, context_of
from erc.workers.docker import LABEL_ENVIRONMENT
from erc.workers.engine.left import remove_left
from erc.workers.engine.shelf import Shelf

STAGE = "org.erc.stage"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "ftp_proxy")
_SHM_BYTES = 64 << 20
_CLEARED_SECONDS = 2.0


class ImageBuilder:
    """Turns plans into images. Cancelling the awaiting task stops the build in the engine too."""

    def __init__(self, engine: aiodocker.Docker) -> None:
        self._engine = engine
        self._clearing: set[asyncio.Task[None]] = set()

    async def cleared(self) -> None:
        """Wait a moment until what builds left is removed; the rest is swept later."""
        if self._clearing:
            await asyncio.wait(self._clearing, timeout=_CLEARED_SECONDS)

    async def build(
        self,
        plan: Plan,
        base: str,
        tag: str,
        on_log: OnLog,
        limits: BuildLimits,
        ca_bundle: Path | None = None,
        *,
        cold: bool = False,
        named: bool = True,
        grown: bool = False,
    ) -> str:
        """Build the environment of a plan on a base image, name it `tag` and return its id (`sha256:…`).

        `grown` says that `base` is the image of one of the plan's grounds, to which the rest is added. `named` False
        leaves it without a name, as not the whole yet. `on_log` gets each line of the log as it comes, up to the limit,
        and one at the begin of each phase. `ca_bundle` holds certificates that fetching packages needs here; they are
        not in the image. `cold` uses nothing of earlier builds. Raises `Rejected` with what to change and where it
        failed (`package_not_found`, `build_timeout`, …), `Unavailable` for engine, archives and a full disk.
        """
        certificates = await asyncio.to_thread(ca_bundle.read_bytes) if ca_bundle else None
        manifest = (grown_manifest if grown else runtime_manifest)(plan, base, ca_bundle=certificates is not None)
        context = context_of(manifest, plan, certificates)
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        steps = Steps(manifest, capped(on_log, tail, limits.log_bytes))
        labels = {LABEL_ENVIRONMENT: tag, **({LABEL_GROUND: base} if grown else {})}
        try:
            async with asyncio.timeout(limits.wall_clock.total_seconds()):
                image_id = await self.build_image(context, tag, steps, limits, labels, cold=cold, named=named)
            await self._measure(image_id, tag if named else image_id, limits)
        except TimeoutError as error:
            raise too_slow(str(limits.wall_clock), steps.place, tail) from error
        except DockerStreamError as error:
            raise explain(error.message, list(tail), plan, steps.place) from error
        except (DockerError, aiohttp.ClientError, OSError, ValueError) as error:
            _engine_failed(error)
        finally:
            self._forget_later(stage_label(plan, base))
        return image_id

    async def build_image(
        self,
        context: bytes,
        tag: str,
        on_log: OnLog,
        limits: BuildLimits,
        labels: Mapping[str, str] | None = None,
        *,
        cold: bool = False,
        named: bool = True,
    ) -> str:
        """Have the engine build a context (a tar archive) under limits, hand over its log, return the image's id.

        Raises aiodocker's `DockerError` when the engine refuses, its `DockerStreamError` when a step fails.
        """
        parameters = _parameters(labels or {LABEL_ENVIRONMENT: tag}, limits) | {
            "nocache": cold,
            **({"t": tag} if named else {}),
        }
        async with self._query("build", "POST", params=parameters, data=context) as response:
            lines, image_id = Lines(on_log), ""
            async for message in json_stream_stream(response):
                image_id = (message.get("aux") or {}).get("ID", image_id)
                await lines.add(str(message.get("stream") or message.get("status") or ""))
            await lines.end()
        if not image_id:
            raise DockerError(900, "the engine ended the build without an image")
        return str(image_id)

    @asynccontextmanager
    async def _query(self, path: str, method: str, **request: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        # aiodocker leaves the response open, and the engine goes on building as long as it is.
        headers = {"Content-Type": "application/x-tar"}
        async with self._engine._query(path, method, headers=headers, timeout=None, **request) as response:  # noqa: SLF001
            try:
                yield response
            finally:
                response.close()

    async def _measure(self, image_id: str, tag: str, limits: BuildLimits) -> None:
        size = (await self._engine.images.inspect(image_id))["Size"]
        if size > limits.image_bytes:
            await self._engine.images.delete(tag, force=True)
            raise too_large(size, limits)

    async def sweep(self, now: float) -> None:
        """Remove what builds that were killed left in the engine; builds that may go on are spared.

        `now` is Unix time in seconds.
        """
        await remove_left(self._engine, LABEL_SUITE, now)
        for label in (STAGE, LABEL_ENVIRONMENT, LABEL_SUITE):
            with contextlib.suppress(DockerError, aiohttp.ClientError, OSError):
                await self._engine.images.prune(filters={"dangling": ["true"], "label": [label], "until": ["6h"]})

    def _forget_later(self, label: str) -> None:
        # Nobody waits for it: it takes as long as an eighth of the build.
        task = asyncio.create_task(self._forget(label))
        self._clearing.add(task)
        task.add_done_callback(self._clearing.discard)

    async def _forget(self, label: str) -> None:
        """Remove what the stage that fetched packages left in the engine, but what it stood on, for the next build."""
        with contextlib.suppress(DockerError, aiohttp.ClientError, OSError):
            for image in await self._engine.images.list(filters={"dangling": ["true"], "label": [label]}):
                await self._engine.images.delete(image["Id"], noprune=True)


async def ground_of(order: Order, shelf: Shelf, platform: str) -> str | None:
    """Return the id of an image that has all but one package of what is ordered, None where the engine has none."""
    for plan in () if order.cold or order.scripts else grounds(order.plan):
        image = await shelf.inspect(tag_of(plan.key(order.base.image_id, platform)))
        if image and len(image["RootFS"]["Layers"]) <= MOST_LAYERS:
            return str(image["Id"])
    return None


def too_large(size: int, limits: BuildLimits) -> Rejected:
    """Return the error for an image of this size in bytes."""
    return Rejected(
        "The environment is too large",
        f"It takes {size >> 20} MiB, at most {limits.image_bytes >> 20} MiB are kept. Use fewer packages.",
        code="image_too_large",
    )


def _parameters(labels: Mapping[str, str], limits: BuildLimits) -> dict[str, Any]:
    # Proxy settings are predefined build arguments: the engine keeps them neither in the image nor in its history.
    return {
        "version": "1",
        "rm": True,
        "forcerm": True,
        "memory": limits.memory_bytes,
        "memswap": limits.memory_bytes,
        "shmsize": _SHM_BYTES,
        "networkmode": "default",
        "labels": json.dumps(labels),
        "buildargs": json.dumps(proxies()),
    }


def proxies() -> dict[str, str]:
    """Return the variables by which this machine reaches archives, where it needs any."""
    return {name: os.environ[name] for name in [*_PROXIES, *map(str.upper, _PROXIES)] if os.environ.get(name)}


def _engine_failed(error: Exception) -> NoReturn:
    raise Unavailable(f"The container engine does not answer as it should: {error}") from error
