"""Lets go of environments that nobody needs: `python -m erc.workers.builder.collect [--dry-run] [--all]`.

Images go from the engine only; what is kept as a blob stays, and comes back from there without being built.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select

from erc.events.blob_place import BlobPlace
from erc.events.blobs import BlobStore, size_of
from erc.events.errors import Unavailable
from erc.events.outbox import Database, create_engine, utc_now
from erc.schemas import tables
from erc.schemas.ids import Digest
from erc.schemas.job import JobStatus
from erc.workers.builder.domain.collection import (
    Collection,
    KeptEnvironment,
    Needs,
    Watermarks,
    collect,
    needed,
    report,
)
from erc.workers.docker import connect
from erc.workers.engine.shelf import Shelf
from erc.workers.held import held

_OVER = [JobStatus.SUCCESS.value, JobStatus.FAILURE.value]


class Collector:
    """Reads who needs what, and removes images."""

    def __init__(self, database: Database, shelf: Shelf, blobs: BlobStore) -> None:
        self._database, self._shelf, self._blobs = database, shelf, blobs

    async def decide(self, marks: Watermarks, now: datetime, *, everything: bool = False) -> Collection:
        """Return what would go at this moment. Raises Unavailable when engine or database do not answer."""
        free = await self._shelf.free_bytes()
        if free is None:
            raise Unavailable("The folder of the container engine is not on this machine: run this where it is.")
        return collect(await self.kept(), await self.needs(), free, marks, now, everything=everything)

    async def kept(self, *keys: Digest) -> list[KeptEnvironment]:
        """Return the environments that the engine holds, all or those of these keys."""
        query, found = select(tables.built), []
        for row in await self._database.rows(query.where(tables.built.c.key.in_(keys)) if keys else query):
            if image := await self._shelf.inspect(row["image_id"]):
                saved = bool(row["image"]) and await size_of(self._blobs, row["image"]) is not None
                size = int(image["Size"])
                found.append(KeptEnvironment(row["key"], row["image_id"], size, row["used"], saved))
        return found

    async def needs(self) -> Needs:
        """Return the keys that jobs under way and published compendia need."""
        job, compendium = tables.job, tables.compendium
        key = job.c.document["environment_key"].astext.label("key")
        running = await self._database.rows(select(key).where(job.c.status.not_in(_OVER)).distinct())
        public = job.join(compendium, compendium.c.id == job.c.compendium_id)
        published = await self._database.rows(
            select(key).select_from(public).where(compendium.c.candidate.is_(False)).distinct()
        )
        return Needs(_keys(running), _keys(published))

    async def let_go(self, collection: Collection) -> list[KeptEnvironment]:
        """Remove images, forget those that are kept nowhere else, return what went: what was used meanwhile stays."""
        gone = []
        for one in collection.gone:
            # A job that has not ended may be building it for an hour, which need not be waited for.
            if one.key not in (await self.needs()).running:
                async with held(self._database.engine, one.key):
                    gone += [one] if await self._went(one) else []
        return gone

    async def _went(self, one: KeptEnvironment) -> bool:
        """Remove an environment whose lock is held; return whether it went."""
        # Who takes an environment holds its lock too and notes its use meanwhile: whatever changed, it stays.
        changed = await self.kept(one.key) != [one] or needed(one, await self.needs())
        if changed or not await self._shelf.remove(one.image_id):
            return False
        if not one.saved:
            async with self._database.transaction() as transaction:
                await transaction.connection.execute(delete(tables.built).where(tables.built.c.key == one.key))
        return True


def _keys(rows: list[dict[str, str | None]]) -> frozenset[Digest]:
    return frozenset(row["key"] for row in rows if row["key"])


@dataclass(frozen=True)
class _Asked:
    dry_run: bool
    everything: bool
    marks: Watermarks


def _asked(arguments: list[str]) -> _Asked:
    default = Watermarks()
    parser = argparse.ArgumentParser(prog="python -m erc.workers.builder.collect", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and let nothing go")
    parser.add_argument("--all", action="store_true", help="let everything go that nobody needs, however full the disk")
    asked = parser.parse_args(arguments)
    low = int(os.environ.get("BUILDER_COLLECT_LOW_BYTES", default.low_bytes))
    high = int(os.environ.get("BUILDER_COLLECT_HIGH_BYTES", default.high_bytes))
    return _Asked(asked.dry_run, asked.all, Watermarks(low, max(low, high), default.grace))


async def main(arguments: list[str]) -> int:
    """Decide, let go, and report; returns the exit code."""
    asked, home = _asked(arguments), Path(os.environ.get("ERC_HOME", Path.home() / ".erc"))
    database = Database(create_engine(os.environ["DATABASE_URL"], size=2), _nobody)
    try:
        async with await connect(os.environ.get("DOCKER_HOST") or None) as engine:
            collector = Collector(database, Shelf(engine), BlobPlace.read(home).store())
            decided = await collector.decide(asked.marks, utc_now(), everything=asked.everything)
            gone = list(decided.gone) if asked.dry_run else await collector.let_go(decided)
    except Unavailable as error:
        sys.stdout.write(f"{error}\n")
        return 1
    finally:
        await database.close()
    sys.stdout.write("".join(f"{line}\n" for line in report(decided, gone, dry_run=asked.dry_run)))
    return 0


async def _nobody() -> None:
    """Wake nobody: nothing is published."""


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
