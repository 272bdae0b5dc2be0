"""Base images of a suite: kept in the engine, made from the distribution's own archive where none is kept.

As a program (`python -m erc.workers.builder.bases [DISTRIBUTION SUITE]`) it prepares one and says what it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import NoReturn

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError
from aiodocker.jsonstream import json_stream_stream

from erc.events.errors import Rejected, Unavailable
from erc.workers.builder.bootstrap import ToolFailed, bootstrapped, tools
from erc.workers.builder.domain.archives import Archive, BaseWanted, TimeMachine, archive, check_suite, refuse_triggers
from erc.workers.builder.domain.rules import Base
from erc.workers.docker import LABEL_BASE, connect

SUITE = "bookworm"

_HELP = (
    "Install debootstrap and run this service as root, or install mmdebstrap and uidmap (on Debian: apt-get install), "
    "or name an image in BUILDER_BASE"
)


class Bases:
    """Finds or makes base images; `configured` is BUILDER_BASE (a name or digest), empty for none."""

    def __init__(
        self,
        engine: aiodocker.Docker,
        configured: str = "",
        progress: Callable[[str], None] = lambda _: None,
        machine: TimeMachine | None = None,
    ) -> None:
        self._engine, self._configured, self._progress = engine, configured, progress
        self._machine = machine or TimeMachine()

    async def prepare(self, distribution: str = "debian", suite: str = SUITE, day: str = "") -> Base:
        """Return the base image of a suite, at a day where a snapshot service is set.

        Raises `Rejected` when the configured image does not exist or the suite is none, `Unavailable` with what to
        install when there is no way to a base image.
        """
        return await self.provide(BaseWanted(distribution, suite, day, self._configured))

    async def provide(self, wanted: BaseWanted) -> Base:
        """Return a base image: as named, else kept, else made by debootstrap or mmdebstrap, else pulled."""
        if wanted.image:
            return await self._named(wanted.image)
        check_suite(wanted)
        if kept := await self.find(wanted.name):
            self._progress(f"The base image {wanted.name} is there.")
            return kept
        source = archive(wanted, self._machine)
        return await self._made(source, wanted.name) or await self._pulled(source, wanted)

    async def find(self, name: str) -> Base | None:
        """Return the image of this name when the engine has it; raises `Rejected` when it has triggers."""
        try:
            image = await self._engine.images.inspect(name)
        except DockerError as error:
            if error.status == 404:
                return None
            raise Unavailable(f"The container engine does not answer: {error.message}") from error
        refuse_triggers(name, image)
        return Base(name, str(image["Id"]))

    async def _named(self, name: str) -> Base:
        if found := await self.find(name):
            return found
        self._progress(f"Fetching {name} …")
        try:
            await self._engine.images.pull(name)
        except DockerError as error:
            self._not_fetched(name, error)
        if found := await self.find(name):
            return found
        raise Unavailable(f"The base image {name} was fetched, but the engine does not have it")

    def _not_fetched(self, name: str, error: DockerError) -> NoReturn:
        whose = f"BUILDER_BASE is {name}" if name == self._configured else f"It is {name}"
        raise Rejected(
            "The configured base image cannot be fetched" if name == self._configured else "The base image is not had",
            f"{whose}: {error.message}. Load that image into the engine or name another one.",
            code="base_missing",
        ) from error

    async def _made(self, source: Archive, name: str) -> Base | None:
        for tool in tools():
            self._progress(f"Making the base image {name} with {tool} (about half a minute) …")
            said: list[str] = []
            try:
                await self._import(_listened(bootstrapped(tool, source), said), source, name)
            except (DockerError, ToolFailed, aiohttp.ClientError) as error:
                self._progress(f"{tool} did not succeed: {said[0] if said else error}")
                continue
            return await self.find(name)
        return None

    async def _import(self, content: AsyncGenerator[bytes, None], source: Archive, name: str) -> None:
        repository, _, tag = name.partition(":")
        changes = f"LABEL {LABEL_BASE}={source.suite}"
        # The engine hangs up on who says nothing for minutes: it is asked when there is something to say.
        begun = await anext(content)
        async with (
            _closing(content),
            self._engine._query(  # noqa: SLF001 - aiodocker has no import from a stream
                "images/create",
                "POST",
                params={"fromSrc": "-", "repo": repository, "tag": tag, "changes": changes},
                headers={"Content-Type": "application/x-tar"},
                data=_joined(begun, content),
                timeout=None,
            ) as response,
        ):
            async for _ in json_stream_stream(response):
                pass

    async def _pulled(self, source: Archive, wanted: BaseWanted) -> Base:
        if source.dated:
            raise Unavailable(f"There is no base image of {source.suite} as it was. {_HELP}.")
        image = f"debian:{source.suite}-slim" if source.distribution == "debian" else f"ubuntu:{source.suite}"
        self._progress(f"Fetching {image} from the image registry …")
        repository, _, tag = wanted.name.partition(":")
        try:
            await self._engine.images.pull(image)
            await self._engine.images.tag(image, repository, tag=tag)
        except DockerError as error:
            raise Unavailable(f"There is no base image. {_HELP}.") from error
        found = await self.find(wanted.name)
        if found is None:
            raise Unavailable(f"There is no base image. {_HELP}.")
        return found


async def _joined(begun: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield begun
    async for piece in rest:
        yield piece


@contextlib.asynccontextmanager
async def _closing(pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        # When the engine went away, the client is still at it, and ends it itself.
        with contextlib.suppress(RuntimeError):
            await pieces.aclose()


async def _listened(pieces: AsyncGenerator[bytes, None], said: list[str]) -> AsyncGenerator[bytes, None]:
    # The HTTP client reports a failing body as a lost connection; what the tool said is kept here.
    async with contextlib.aclosing(pieces):
        try:
            async for piece in pieces:
                yield piece
        except ToolFailed as failure:
            said.append(str(failure))
            raise


async def main(arguments: list[str]) -> int:
    """Prepare a base image and report it; returns the exit code."""

    def progress(sentence: str) -> None:
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()

    configured = "" if arguments else os.environ.get("BUILDER_BASE", "")
    try:
        async with await connect() as engine:
            base = await Bases(engine, configured, progress).prepare(*arguments[:2])
    except Unavailable as error:
        progress(str(error))
        return 1
    except Rejected as error:
        progress(error.problem.sentence())
        return 1
    progress(f"Base image: {base.name} ({base.image_id[:19]})")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
