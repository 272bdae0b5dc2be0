"""Hands blobs to a process that has no access to the blob store, over HTTP, while an errand lasts.

Each errand has an address of its own that nobody can guess. It opens the blobs that the errand needs, takes one in
return, and is closed when the errand is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import aiohttp
from aiohttp import web

from erc.events.blobs import BlobStore, place_of
from erc.events.errors import Rejected, Unavailable
from erc.schemas.ids import Digest

_PIECE_BYTES = 1 << 20


@dataclass
class Errand:
    """What one errand may fetch, how much it may bring, and what it brought."""

    address: str
    blobs: frozenset[Digest]
    most_bytes: int
    brought: Digest | None = None
    taken_bytes: int = 0
    """What was written so far, also of what was not kept."""

    def take(self, size_bytes: int) -> None:
        """Count what comes; raises HTTPRequestEntityTooLarge for what is more than one image and a second try."""
        self.taken_bytes += size_bytes
        if self.taken_bytes > 2 * self.most_bytes:
            raise web.HTTPRequestEntityTooLarge(2 * self.most_bytes, self.taken_bytes)


class Handover:
    """The door of one process."""

    def __init__(self, blobs: BlobStore, host: str, port: int, address: str = "") -> None:
        """Open it at a host and port, 0 for any; `address` is how others reach it, where that is another."""
        self._blobs, self._host, self._port, self._address = blobs, host, port, address.rstrip("/")
        self._errands: dict[str, Errand] = {}
        app = web.Application(client_max_size=0)
        app.router.add_get("/{errand}/{digest:[0-9a-f]{64}}", self._give)
        app.router.add_put("/{errand}/brought", self._take)
        self._runner = web.AppRunner(app, access_log=None)

    async def open(self) -> None:
        """Begin to listen; raises Unavailable when the port is taken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            raise Unavailable(f"Blobs cannot be handed over at {self._host}:{self._port}: {error}") from error
        host, port = self._runner.addresses[0][:2]
        self._address = self._address or f"http://{host}:{port}"

    async def close(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    @contextlib.contextmanager
    def errand(self, blobs: frozenset[Digest], most_bytes: int) -> Iterator[Errand]:
        """Hand over these blobs, and take one of at most so many bytes, during the block."""
        token = secrets.token_urlsafe(32)
        errand = self._errands[token] = Errand(f"{self._address}/{token}", blobs, most_bytes)
        try:
            yield errand
        finally:
            del self._errands[token]

    def _of(self, request: web.Request) -> Errand:
        errand = self._errands.get(request.match_info["errand"])
        if errand is None:
            raise web.HTTPNotFound
        return errand

    async def _give(self, request: web.Request) -> web.StreamResponse:
        digest = request.match_info["digest"]
        if digest not in self._of(request).blobs:
            raise web.HTTPNotFound
        try:
            return web.FileResponse(await place_of(self._blobs, digest), chunk_size=_PIECE_BYTES)
        except (Rejected, Unavailable) as error:
            raise web.HTTPServiceUnavailable from error

    async def _take(self, request: web.Request) -> web.Response:
        errand = self._of(request)
        try:
            with self._blobs.writer() as writer:
                async for piece in request.content.iter_chunked(_PIECE_BYTES):
                    if writer.size_bytes + len(piece) > errand.most_bytes:
                        raise web.HTTPRequestEntityTooLarge(errand.most_bytes, writer.size_bytes + len(piece))
                    errand.take(len(piece))
                    await asyncio.to_thread(writer.write, piece)
                # The connection of a process that was killed ends like any other: only the whole is kept.
                if writer.size_bytes != request.content_length:
                    raise web.HTTPBadRequest
                errand.brought = await asyncio.to_thread(writer.commit)
        except Unavailable as error:
            raise web.HTTPServiceUnavailable from error
        return web.Response(text=errand.brought)


async def fetch(session: aiohttp.ClientSession, address: str, digest: Digest, blobs: BlobStore) -> None:
    """Keep a blob of an errand in a store; raises Unavailable, and Rejected when other bytes come."""
    try:
        async with session.get(f"{address}/{digest}") as response:
            response.raise_for_status()
            with blobs.writer() as writer:
                async for piece in response.content.iter_chunked(_PIECE_BYTES):
                    await asyncio.to_thread(writer.write, piece)
                await asyncio.to_thread(writer.commit, digest)
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"A blob cannot be fetched: {error}") from error


async def bring(session: aiohttp.ClientSession, address: str, digest: Digest, blobs: BlobStore) -> None:
    """Send a blob back; raises Unavailable when it is not taken as it is."""
    size = await asyncio.to_thread(blobs.size, digest)
    try:
        with contextlib.closing(await asyncio.to_thread(blobs.open, digest)) as file:
            headers = {"Content-Length": str(size)}
            async with session.put(f"{address}/brought", data=_pieces(file), headers=headers) as response:
                response.raise_for_status()
                if await response.text() != digest:
                    raise Unavailable("What was brought came as something else")
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"A blob cannot be brought: {error}") from error


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece
