"""Builds, finds and saves environment images through the container engine."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import tarfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
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
from erc.workers.builder.domain.dockerfile import (
    CA_FILE,
    REQUIREMENTS_FILE,
    dockerfile,
    requirements_file,
    stage_label,
)
from erc.workers.builder.domain.failure import explain
from erc.workers.docker import LABEL_ENVIRONMENT

OnLog = Callable[[str], Awaitable[None]]

STAGE = "org.erc.stage"
_CHUNK_BYTES = 1 << 20
_TAIL_LINES = 40
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "ftp_proxy")
_SHM_BYTES = 64 << 20
_NOT_SHOWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
"""Colours and control characters: a log is text for people, never commands to a terminal."""


class ImageBuilder:
    """Turns plans into images. Cancelling the awaiting task stops the build in the engine too."""

    def __init__(self, engine: aiodocker.Docker) -> None:
        self._engine = engine

    async def build(
        self, plan: Plan, base: str, tag: str, on_log: OnLog, limits: BuildLimits, ca_bundle: Path | None = None
    ) -> str:
        """Build the environment of a plan on a base image, name it `tag` and return its id (`sha256:…`).

        `on_log` gets each line of the log as it comes, up to the limit. `ca_bundle` holds the certificates that
        fetching Python packages needs here; they are not in the image. Raises `Rejected` with what to change
        (`package_not_found`, `build_failed`, `build_timeout`, `image_too_large`), `Unavailable` when the engine or
        an archive does not answer or the disk is full.
        """
        certificates = await asyncio.to_thread(ca_bundle.read_bytes) if ca_bundle else None
        context = build_context(plan, base, certificates)
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        try:
            async with asyncio.timeout(limits.wall_clock.total_seconds()):
                image_id = await self.build_image(context, tag, _capped(on_log, tail, limits.log_bytes), limits)
            await self._measure(image_id, tag, limits)
        except TimeoutError as error:
            raise _too_slow(limits) from error
        except DockerStreamError as error:
            raise explain(error.message, list(tail), plan) from error
        except (DockerError, aiohttp.ClientError, OSError, ValueError) as error:
            _engine_failed(error)
        finally:
            await self._sweep(stage_label(plan, base))
        return image_id

    async def build_image(self, context: bytes, tag: str, on_log: OnLog, limits: BuildLimits) -> str:
        """Have the engine build a context (a tar archive) under limits, hand over its log, return the image's id.

        Raises aiodocker's `DockerError` when the engine refuses, its `DockerStreamError` when a step fails.
        """
        async with self._query("build", "POST", params=_parameters(tag, limits), data=context) as response:
            lines, image_id = _Lines(on_log), ""
            async for message in json_stream_stream(response):
                image_id = (message.get("aux") or {}).get("ID", image_id)
                await lines.add(str(message.get("stream") or message.get("status") or ""))
            await lines.end()
        if not image_id:
            raise DockerError(900, "the engine ended the build without an image")
        return str(image_id)

    async def find(self, tag: str) -> str | None:
        """Return the id of the image with this name or id, None when the engine has none."""
        try:
            return str((await self._engine.images.inspect(tag))["Id"])
        except DockerError as error:
            if error.status == 404:
                return None
            _engine_failed(error)
        except (aiohttp.ClientError, OSError) as error:
            _engine_failed(error)

    async def save(self, image_id: str, write: Callable[[bytes], None]) -> None:
        """Hand over the image as `docker save` writes it, piece by piece, at constant memory.

        `write` may block: it is called in a thread. Raises `Rejected` when there is no such image.
        """
        try:
            async with self._query(f"images/{image_id}/get", "GET") as response:
                async for piece in response.content.iter_chunked(_CHUNK_BYTES):
                    await asyncio.to_thread(write, piece)
        except DockerError as error:
            if error.status == 404:
                raise Rejected(
                    "The image is no longer there", "Run the job again to build it.", code="image_missing"
                ) from error
            _engine_failed(error)
        except aiohttp.ClientError as error:
            _engine_failed(error)

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
            raise Rejected(
                "The environment is too large",
                f"It takes {size >> 20} MiB, at most {limits.image_bytes >> 20} MiB are kept. Use fewer packages.",
                code="image_too_large",
            )

    async def sweep(self) -> None:
        """Remove what stages of builds that were killed left in the engine; builds that may go on are spared."""
        await self._sweep(STAGE, "6h")

    async def _sweep(self, label: str, older_than: str = "") -> None:
        """Remove what the stage that fetched packages left in the engine."""
        until = {"until": [older_than]} if older_than else {}
        try:
            await self._engine.images.prune(filters={"dangling": ["true"], "label": [label], **until})
        except (DockerError, aiohttp.ClientError, OSError):
            return


def build_context(plan: Plan, base: str, certificates: bytes | None = None) -> bytes:
    """Return the tar archive that the engine builds from: a Dockerfile, and what it copies; equal for equal input."""
    files = {"Dockerfile": dockerfile(plan, base, ca_bundle=certificates is not None).encode()}
    if plan.requirements:
        files[REQUIREMENTS_FILE] = requirements_file(plan)
        if certificates is not None:
            files[CA_FILE] = certificates
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class _Lines:
    """Cuts the engine's pieces of text into lines."""

    def __init__(self, on_line: OnLog) -> None:
        self._on_line, self._pending = on_line, ""

    async def add(self, text: str) -> None:
        *lines, self._pending = (self._pending + text).split("\n")
        for line in lines:
            await self._give(line)

    async def end(self) -> None:
        await self._give(self._pending)
        self._pending = ""

    async def _give(self, line: str) -> None:
        shown = _NOT_SHOWN.sub("", line).rstrip()
        if shown.strip():
            await self._on_line(shown)


def _capped(on_log: OnLog, tail: deque[str], limit_bytes: int) -> OnLog:
    left = limit_bytes

    async def take(line: str) -> None:
        nonlocal left
        tail.append(line)
        if left <= 0:
            return
        left -= len(line.encode()) + 1
        await on_log(line if left > 0 else f"[the log is cut here: it is longer than {limit_bytes} bytes]")

    return take


def _parameters(tag: str, limits: BuildLimits) -> dict[str, Any]:
    # Proxy settings are predefined build arguments: the engine keeps them neither in the image nor in its history.
    proxies = {name: os.environ[name] for name in [*_PROXIES, *map(str.upper, _PROXIES)] if os.environ.get(name)}
    return {
        "t": tag,
        "version": "1",
        "rm": True,
        "forcerm": True,
        "nocache": False,
        "memory": limits.memory_bytes,
        "memswap": limits.memory_bytes,
        "shmsize": _SHM_BYTES,
        "networkmode": "default",
        "labels": json.dumps({LABEL_ENVIRONMENT: tag}),
        "buildargs": json.dumps(proxies),
    }


def _too_slow(limits: BuildLimits) -> Rejected:
    return Rejected(
        "Building the environment took too long",
        f"It was stopped after {limits.wall_clock}. Use fewer or smaller packages.",
        code="build_timeout",
    )


def _engine_failed(error: Exception) -> NoReturn:
    raise Unavailable(f"The container engine does not answer as it should: {error}") from error
