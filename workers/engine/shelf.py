"""The images that the engine keeps: found, saved, loaded again, removed."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError, DockerStreamError
from aiodocker.jsonstream import json_stream_stream

from erc.events.errors import Rejected, Unavailable
from erc.workers.containers import engine_errors

_CHUNK_BYTES = 1 << 20
_LOADED = "Loaded image ID: "
_LOADED_BY_NAME = "Loaded image: "


class Unloadable(Unavailable):
    """The engine does not take an archive for an image."""


class Shelf:
    """The images of an engine. Every failure of the engine is `Unavailable`."""

    def __init__(self, engine: aiodocker.Docker) -> None:
        self._engine = engine

    async def find(self, name: str) -> str | None:
        """Return the id of the image with this name or id, None when the engine has none."""
        image = await self.inspect(name)
        return str(image["Id"]) if image else None

    async def inspect(self, name: str) -> dict[str, Any] | None:
        """Return what the engine knows of an image, None when it has none of this name or id."""
        with engine_errors():
            try:
                return dict(await self._engine.images.inspect(name))
            except DockerError as error:
                if error.status == 404:
                    return None
                raise

    async def tag(self, image_id: str, name: str) -> None:
        """Give an image a name (`repository:tag`)."""
        repository, _, tag = name.partition(":")
        with engine_errors():
            await self._engine.images.tag(image_id, repository, tag=tag)

    async def save(self, image_id: str, write: Callable[[bytes], object]) -> None:
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
            raise Unavailable(f"The container engine does not answer as it should: {error}") from error
        except aiohttp.ClientError as error:
            raise Unavailable(f"The container engine does not answer as it should: {error}") from error

    async def load(self, archive: Iterator[bytes], name: str) -> str:
        """Give the engine an image that was saved, piece by piece, under a name of ours, and return its id.

        The archive must not name the image itself. Raises `Unavailable` when the engine does not take it, `Unloadable`
        when that is the archive's fault.
        """
        said = ""
        try:
            async with self._query("images/load", "POST", data=_pieces(archive)) as response:
                async for message in json_stream_stream(response):
                    said += str(message.get("stream") or "")
        except DockerStreamError as error:
            raise Unloadable(f"The saved image cannot be loaded: {error.message}") from error
        except (DockerError, aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(f"The saved image cannot be loaded: {error}") from error
        reference = next((ref for line in said.splitlines() for ref in _loaded(line)), "")
        image_id = await self.find(reference) if reference else None
        if image_id is None:
            raise Unloadable(f"The saved image cannot be loaded: {said[-200:] or 'the engine says nothing'}")
        await self.tag(image_id, name)
        return image_id

    async def remove(self, name: str) -> bool:
        """Remove an image and what only it needs; return whether it was removed: one in use by a run is not."""
        try:
            await self._engine.images.delete(name)
        except DockerError as error:
            if error.status in {404, 409}:
                return error.status == 404
            raise Unavailable(f"The container engine does not answer as it should: {error}") from error
        return True

    async def with_label(self, label: str) -> list[dict[str, Any]]:
        """Return the images that have a label, as the engine lists them."""
        with engine_errors():
            return list(await self._engine.images.list(filters={"label": [label]}))

    async def layers(self, image_id: str) -> list[str]:
        """Return the digests of an image's layers, from the lowest; none for an image that is not there."""
        image = await self.inspect(image_id)
        return list((image or {}).get("RootFS", {}).get("Layers") or [])

    async def free_bytes(self) -> int | None:
        """Return how much of the engine's disk is free, None when its folder is not on this machine."""
        with engine_errors():
            root = Path(str((await self._engine.system.info())["DockerRootDir"]))
        try:
            return (await asyncio.to_thread(shutil.disk_usage, root)).free
        except OSError:
            return None

    async def prune(self, labels: Iterable[str], older_than: str = "") -> None:
        """Remove the unnamed images that have all these labels; what is in the way is left alone."""
        until = {"until": [older_than]} if older_than else {}
        filters = {"dangling": ["true"], "label": list(labels), **until}
        with contextlib.suppress(DockerError, aiohttp.ClientError, OSError):
            await self._engine.images.prune(filters=filters)

    @asynccontextmanager
    async def _query(self, path: str, method: str, **request: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Content-Type": "application/x-tar"}
        async with self._engine._query(path, method, headers=headers, timeout=None, **request) as response:  # noqa: SLF001
            with contextlib.closing(response):
                yield response


async def _pieces(archive: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, archive, None)) is not None:
        yield piece


def _loaded(line: str) -> list[str]:
    """Return what a line of the engine's says was loaded."""
    for words in (_LOADED, _LOADED_BY_NAME):
        if line.startswith(words):
            return [line.removeprefix(words).strip()]
    return []
