"""A builder elsewhere: `python -m erc.workers.builder.apart` builds what others ask for.

It needs a container engine and the address of NATS, and has neither the database nor the blob store: plans come with
the question, bytes from the address that it names, and the image goes back the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from erc.events import telemetry
from erc.events.blobs import FileBlobStore
from erc.events.bus import connect
from erc.events.delegating import BUILD, Say, taking
from erc.events.ending import run_to_the_end
from erc.events.errors import Rejected, Unavailable
from erc.schemas.ids import Digest
from erc.workers.builder.domain.errand import BuildErrand, BuildOutcome
from erc.workers.builder.domain.rules import BuildRules, KeptBase
from erc.workers.builder.images import EngineImages, swept
from erc.workers.builder.settings import BuilderSettings
from erc.workers.handover import bring, fetch
from erc.workers.process import stop_signal

log = logging.getLogger("erc.worker")

SLOTS = 2
INBOX = "_INBOX_builder"
_SWEEP_SECONDS = 120.0


class Told:
    """The base that an errand names: nothing else is remembered here."""

    def __init__(self, errand: BuildErrand) -> None:
        self._kept = {errand.base_name: KeptBase(errand.base_id, errand.base_image)}

    async def base(self, name: str) -> KeptBase | None:
        return self._kept.get(name)

    async def keep_base(self, name: str, kept: KeptBase) -> None:
        self._kept[name] = kept

    @asynccontextmanager
    async def building(self, _key: Digest) -> AsyncIterator[None]:
        yield


class Apart:
    """Does errands, each with bytes in a folder of its own that goes with it."""

    def __init__(self, settings: BuilderSettings) -> None:
        # What is not for the image is not brought; the base comes from where the errand says.
        self._settings, self._rules = settings, replace(settings.rules, save_image=False)

    async def do(self, work: str, say: Say) -> str:
        """Build what is described, bring the image, and return the outcome; raises Unavailable."""
        try:
            errand = BuildErrand.model_validate_json(work)
        except ValidationError as error:
            raise Unavailable(f"The errand cannot be read: {error}") from error
        if errand.platform != self._rules.platform:
            raise Unavailable(f"{errand.platform} is not built on {self._rules.platform}")
        try:
            outcome = BuildOutcome(image_id=await self._built(errand, self._limited(errand), say))
        except Rejected as error:
            outcome = BuildOutcome(problem=error.problem)
        return outcome.model_dump_json()

    def _limited(self, errand: BuildErrand) -> BuildRules:
        """Return the rules of this place with the limits that the asker has, at most those of this place."""
        mine, theirs = self._rules.limits, errand.limits
        least = {name: min(getattr(mine, name), getattr(theirs, name)) for name in type(mine).model_fields}
        return replace(self._rules, limits=mine.model_copy(update=least))

    async def _built(self, errand: BuildErrand, rules: BuildRules, say: Say) -> str:
        with tempfile.TemporaryDirectory(prefix="erc-apart-") as folder:
            blobs = FileBlobStore(Path(folder))
            images = EngineImages(self._settings.engine, rules, Told(errand), blobs, errand.user)
            try:
                async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(None, sock_read=60)) as session:
                    image_id = await self._ordered(errand, rules, images, blobs, session, say)
                    saved = await images.save_blob(image_id, blobs)
                    await bring(session, errand.address, saved, blobs)
            finally:
                await images.close()
        return image_id

    async def _ordered(
        self,
        errand: BuildErrand,
        rules: BuildRules,
        images: EngineImages,
        blobs: FileBlobStore,
        session: aiohttp.ClientSession,
        say: Say,
    ) -> str:
        if errand.base_image and await images.find(errand.base_id) is None:
            await fetch(session, errand.address, errand.base_image, blobs)
        for _, digest in errand.scripts:
            await fetch(session, errand.address, digest, blobs)
        scripts = tuple((path, blobs.read(digest)) for path, digest in errand.scripts)
        return await images.build(errand.order(scripts), say, rules.limits, rules.ca_bundle)


async def serve(nats_url: str, settings: BuilderSettings, slots: int) -> None:
    """Build until a signal comes; raises Unavailable when NATS does not answer."""
    client, stop = await connect(nats_url, "erc-builder-apart", INBOX), stop_signal()
    try:
        async with taking(client, BUILD, Apart(settings).do, slots):
            while not stop.is_set():
                await swept(settings.engine, settings.rules.limits)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_SWEEP_SECONDS):
                        await stop.wait()
    finally:
        await client.close()


def main() -> None:
    """Build until SIGTERM or SIGINT."""
    with telemetry.process("builder"):
        slots = int(os.environ.get("BUILDER_SLOTS", SLOTS))
        run_to_the_end(serve(os.environ["NATS_URL"], BuilderSettings.read(), slots))


if __name__ == "__main__":
    main()
