"""The images of environments and their bases, over a connection that is made when it is first needed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import aiodocker

from erc.events.blobs import BlobStore, size_of
from erc.events.errors import Rejected, Unavailable
from erc.events.outbox import utc_now
from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.limits import GIB, BuildLimits
from erc.workers.builder.bases import Bases
from erc.workers.builder.domain.archives import BaseWanted, base_of, refuse_triggers
from erc.workers.builder.domain.growth import FINAL, LABEL_GROUND
from erc.workers.builder.domain.inventory import COMMAND, FREE, PROBE, Inventory, read_free, read_inventory, read_probe
from erc.workers.builder.domain.rules import Base, BuildRules, KeptBase, OnLog, Order
from erc.workers.builder.domain.saved_image import nameless, unusable
from erc.workers.builder.engine import ImageBuilder, ground_of, proxies, too_large
from erc.workers.builder.scripts import Scripts
from erc.workers.docker import connect
from erc.workers.engine.confined import Confined, Task
from erc.workers.engine.contents import tree
from erc.workers.engine.shelf import Shelf, Unloadable

log = logging.getLogger("erc.worker")

_WATCH_SECONDS = 5.0


class BaseRows(Protocol):
    """Which base images are known in the whole cluster."""

    async def base(self, name: str) -> KeptBase | None:
        """Return what is remembered of a base image."""
        ...

    async def keep_base(self, name: str, kept: KeptBase) -> None:
        """Remember a base image."""
        ...

    def building(self, key: Digest) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold the one making of it in the whole cluster."""
        ...


class EngineImages:
    """Prepares bases, builds on them, inspects, saves and loads. Raises `Rejected` or `Unavailable` throughout."""

    def __init__(
        self,
        url: str | None,
        rules: BuildRules,
        rows: BaseRows,
        blobs: BlobStore,
        user: tuple[int, int],
        about: dict[str, Any] | None = None,
    ) -> None:
        self._url, self._rules, self._rows, self._blobs, self._user = url, rules, rows, blobs, user
        self._about = about if about is not None else {}
        self._engine: aiodocker.Docker | None = None
        self._builder: ImageBuilder | None = None
        self._lock = asyncio.Lock()

    async def _connected(self) -> aiodocker.Docker:
        async with self._lock:
            if self._engine is None:
                self._engine = await connect(self._url)
            return self._engine

    async def close(self) -> None:
        """Close the connection."""
        if self._builder is not None:
            await self._builder.cleared()
        if self._engine is not None:
            await self._engine.close()

    async def shelf(self) -> Shelf:
        """Return the images that the engine keeps."""
        return Shelf(await self._connected())

    async def base(self, plan: Plan) -> Base:
        """Return the base image of a plan: as it is remembered, else as the engine has or makes it.

        One that is remembered need not be in the engine: `build` provides it.
        """
        wanted = self._wanted(plan)
        kept = await self._rows.base(wanted.name)
        if kept and await self._holds(wanted, kept):
            self._about["base_image"] = wanted.name
            return Base(wanted.name, kept.image_id)
        async with self._rows.building(hashlib.sha256(wanted.name.encode()).hexdigest()):
            kept = await self._rows.base(wanted.name)
            if not kept or not await self._holds(wanted, kept):
                kept = await self._kept(wanted)
        self._about["base_image"] = wanted.name
        return Base(wanted.name, kept.image_id)

    def named_base(self, plan: Plan) -> str:
        """Return the name of the base image of a plan, which need not be there."""
        return self._wanted(plan).name

    def _wanted(self, plan: Plan) -> BaseWanted:
        ground = self._rules.ground
        return base_of(plan, ground.machine, ground.configured)

    async def _holds(self, wanted: BaseWanted, kept: KeptBase) -> bool:
        """Return whether what is remembered still holds: a name of an operator's may mean another image by now.

        A base of a suite is what it is remembered as even where it is not: what stands on it is found by that.
        """
        if wanted.image and wanted.image == self._rules.ground.configured:
            return await self.find(wanted.image) == kept.image_id
        return True

    async def _kept(self, wanted: BaseWanted) -> KeptBase:
        """Provide a base image, and remember it with what its suite has; one made here is kept as a blob."""
        engine = await self._connected()
        ground = self._rules.ground
        base = await Bases(engine, ground.configured, machine=ground.machine).provide(wanted)
        saving = self._rules.save_image and not wanted.image
        image = await self.save_blob(base.image_id, self._blobs) if saving else None
        kept = KeptBase(base.image_id, image, await self._versions(base.image_id))
        await self._rows.keep_base(wanted.name, kept)
        return kept

    async def _versions(self, image_id: str) -> dict[str, str]:
        task = Task(
            name=f"erc-probe-{image_id[-24:]}",
            image=image_id,
            command=PROBE,
            user="0:0",
            environment=proxies(),
            network=True,
            writable=True,
        )
        try:
            return read_probe((await Confined(await self._connected()).run(task)).output)
        except (Unavailable, TimeoutError):
            return {}

    async def versions(self, base: Base) -> dict[str, str]:
        """Return the versions that the base's suite had when it was prepared here."""
        kept = await self._rows.base(base.name)
        return kept.versions if kept else {}

    async def _provided(self, order: Order) -> None:
        """Have the base in the engine: as it is, else loaded again, else made anew under another id."""
        base, shelf = order.base, await self.shelf()
        if image := await shelf.inspect(base.image_id):
            # What is remembered, or was adopted, need not have come by way of `Bases`.
            refuse_triggers(base.name, image)
            return
        kept = await self._rows.base(base.name)
        saved = kept.image if kept and kept.image and await size_of(self._blobs, kept.image) is not None else None
        if saved and await self.load(saved, base.name, self._blobs) == base.image_id:
            return
        made = await self._kept(self._wanted(order.plan))
        if made.image_id != base.image_id:
            raise Unavailable("The base image had to be made anew; what stands on it is planned again")

    async def build(self, order: Order, on_log: OnLog, limits: BuildLimits, ca_bundle: Path | None = None) -> str:
        """Build what was ordered and return the image's id; refuses to begin when the engine's disk is nearly full."""
        await self._provided(order)
        self._refuse_full(await self._free(order))
        engine = await self._connected()
        builder = self._builder = self._builder or ImageBuilder(engine)
        about = (order.tag, on_log, limits, ca_bundle)
        if ground := await ground_of(order, await self.shelf(), self._rules.platform):
            await on_log(f"The environment stands on {ground}, which has all but one of its Python packages.")
            try:
                return await self._watched(builder.build(order.plan, ground, *about, grown=True))
            except Rejected as error:
                if error.problem.code in FINAL:
                    raise
                await on_log("What is added does not leave the rest as it is: everything is built.")
        made = builder.build(order.plan, order.base.image_id, *about, cold=order.cold, named=not order.scripts)
        image_id = await self._watched(made)
        if order.scripts:
            scripts = Scripts(Confined(engine), Shelf(engine), self._user)
            image_id = await self._watched(scripts.run(order, image_id, on_log, limits))
        return image_id

    async def _watched(self, making: Any) -> str:
        """Await a build, and end it when the disk fills meanwhile."""
        building = asyncio.ensure_future(making)
        watching = asyncio.ensure_future(self._filled())
        try:
            await asyncio.wait({building, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not building.done():
                await watching
                raise Unavailable("The disk of the container engine was filled while the environment was built")
            return str(await building)
        finally:
            for future in (building, watching):
                future.cancel()
            await asyncio.gather(building, watching, return_exceptions=True)

    async def _filled(self) -> None:
        """Return once less than half of what must be free is."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            with contextlib.suppress(Unavailable):
                free = await (await self.shelf()).free_bytes()
                if free is not None and free < self._rules.free_bytes // 2:
                    return

    def _refuse_full(self, free: int | None) -> None:
        if free is not None and free < self._rules.free_bytes:
            raise Unavailable(
                f"The disk of the container engine has {free / GIB:.1f} GiB free, and a build begins only with "
                f"{self._rules.free_bytes / GIB:.1f} GiB. Remove images that nobody needs "
                "(python -m erc.workers.builder.collect)."
            )

    async def _free(self, order: Order) -> int | None:
        """Return the free bytes of the engine's disk; of an engine elsewhere a container is asked, None if it fails."""
        free = await (await self.shelf()).free_bytes()
        if free is not None:
            return free
        # Named by what is built, as builds of others stand on the same base at the same time.
        name = f"erc-free-{order.tag.rpartition(':')[2]}"
        with contextlib.suppress(TimeoutError, Unavailable):
            task = Task(name=name, image=order.base.image_id, command=FREE)
            return read_free((await Confined(await self._connected()).run(task)).output)
        return None

    async def inventory(self, image_id: str) -> Inventory:
        """Return what an image holds, as its own tools say, asked in a container without network and rights."""
        task = Task(name=f"erc-inventory-{image_id[-24:]}", image=image_id, command=COMMAND)
        labels = (await (await self.shelf()).inspect(image_id) or {"Config": {}})["Config"].get("Labels") or {}
        try:
            read = read_inventory((await Confined(await self._connected()).run(task)).output)
            return replace(read, ground=labels.get(LABEL_GROUND, ""))
        except TimeoutError as error:
            raise Unavailable("The image does not say in time what it holds") from error

    async def find(self, tag: str) -> str | None:
        """Return the id of the image with this name or id, None when the engine has none."""
        return await (await self.shelf()).find(tag)

    async def layers(self, image_id: str) -> list[str]:
        """Return the digests of an image's layers, from the lowest."""
        return await (await self.shelf()).layers(image_id)

    async def tree(self, image_id: str) -> dict[str, str]:
        """Return what each path of an image is."""
        return await tree(await self._connected(), image_id)

    async def remove(self, image_id: str) -> None:
        """Remove an image, unless something uses it."""
        await (await self.shelf()).remove(image_id)

    async def save_blob(self, image_id: str, blobs: BlobStore) -> Digest:
        """Keep an image as a blob, as `docker save` writes it."""
        with blobs.writer() as writer:
            await (await self.shelf()).save(image_id, writer.write)
            return await asyncio.to_thread(writer.commit)

    async def load(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        """Give the engine an image that is kept as a blob, and return its id."""
        archive = await asyncio.to_thread(blobs.open, image)
        with contextlib.closing(archive):
            return await (await self.shelf()).load(nameless(archive), tag)

    async def bring(self, image: Digest, tag: str, blobs: BlobStore) -> str:
        """Give the engine an image that was made elsewhere, kept as a blob, and return its id.

        Raises `Rejected` when the engine does not take it or it is too large, `Unavailable` when the disk fills.
        """
        shelf = await self.shelf()
        self._refuse_full(await shelf.free_bytes())
        try:
            image_id = await self._watched(self.load(image, tag, blobs))
        except Unloadable as error:
            raise unusable(str(error)) from error
        size, limits = int((await shelf.inspect(image_id) or {}).get("Size", 0)), self._rules.limits
        if size > limits.image_bytes:
            await shelf.remove(tag)
            raise too_large(size, limits)
        return image_id


async def swept(url: str | None, limits: BuildLimits) -> None:
    """Remove what builds that were killed left in the engine; a warning says when it does not answer."""
    now, longest = utc_now().timestamp(), 2 * limits.wall_clock.total_seconds()
    try:
        async with await connect(url) as engine:
            await ImageBuilder(engine).sweep(now)
            await Confined(engine).sweep(now - longest)
    except Unavailable as error:
        log.warning("Sweeping waits: %s", error)
