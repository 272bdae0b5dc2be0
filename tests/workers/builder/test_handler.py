"""How a plan comes to an environment, on a real PostgreSQL: built once, loaded again, refused for a minute."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.images import FakeEvidences, FakeImages, NoChunks
from support.in_thread import InThread
from support.saved_images import CONFIG, FILES, packed
from support.servers import postgres

from erc.events.blobs import FileBlobStore, put_document
from erc.events.catalog import EnvironmentFailed, EnvironmentReady, PrepareEnvironment, SaveImage
from erc.events.envelope import Envelope
from erc.events.errors import Rejected, Unavailable
from erc.events.outbox import Database, create_engine
from erc.migrations.__main__ import upgrade
from erc.schemas import tables
from erc.schemas.evidence import Evidence, Origin
from erc.schemas.ids import derived_id
from erc.schemas.limits import BuildLimits
from erc.schemas.metadata import Dependency, Description, Kind
from erc.schemas.problem import FailedBuild, Problem
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.builders import LocalBuilder
from erc.workers.builder.domain.rules import BuildRules, KeptBase
from erc.workers.builder.handler import Builder
from erc.workers.builder.store import BROKEN_FOR, Environments
from erc.workers.store import WorkStore

RULES = BuildRules(platform="linux/amd64", limits=BuildLimits(), ca_bundle=None, save_image=True)
NOT_FOUND = Rejected(
    "A package is not available", "Remove it.", "package_not_found", FailedBuild(phase="system_packages", line=3)
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("builder")) as server:
        upgrade(server.url)
        yield server.url


async def _no_ping() -> None:
    return


class Bench:
    """A builder with everything that it speaks to; its workspace needs a package that no other test needs."""

    def __init__(self, database: Database, folder: Path, *, rules: BuildRules = RULES) -> None:
        self.database, self.blobs = database, FileBlobStore(folder / "blobs")
        self.images, self.evidences = FakeImages(), FakeEvidences(self.blobs)
        self.now = datetime(2026, 11, 25, tzinfo=UTC)
        self.package = f"onlyhere{next(_numbers)}"
        self.environments = Environments(database, database.engine, lambda: self.now)
        self.prepared = WorkStore(database, tables.environment, "builder")
        self.saved = WorkStore(database, tables.image, "builder")
        self.builder = Builder(
            rules,
            self.images,
            LocalBuilder(self.images, rules),
            self.environments,
            InThread(self.blobs),
            self.blobs,
            NoChunks(),
            self.prepared,
            self.saved,
            self.evidences,
            lambda: self.now,
        )

    async def prepare(self, image: bytes = b"") -> EnvironmentReady | EnvironmentFailed:
        """Prepare the environment for a new job, which may bring an image, and return the last event."""
        files = {"main.R": b"1", **({"image.tar": image} if image else {})}
        manifest = Manifest(
            [Entry(path=path, digest=self.blobs.put(data), size_bytes=len(data)) for path, data in files.items()]
        )
        about = Description(
            kind=Kind.R_SCRIPT,
            main="main.R",
            display="display.png",
            manifest=self.blobs.put(manifest.document()),
            dependencies=[Dependency(name=self.package, language="r", source="main.R:1")],
        )
        job = derived_id(f"job {next(_numbers)}")
        command = PrepareEnvironment(
            job_id=job,
            compendium_id=job,
            manifest=about.manifest,
            description=put_document(self.blobs, about),
        )
        work = await self.prepared.begin(job, f"prepare-{job}")
        assert work
        await self.builder.prepare(command, work)
        query = select(tables.event).where(tables.event.c.aggregate_id == job).order_by(tables.event.c.sequence)
        return Envelope.model_validate((await self.database.rows(query))[-1]["body"]).event()  # type: ignore[return-value]

    async def save(self, ready: EnvironmentReady) -> None:
        """Save the image of an environment."""
        work = await self.saved.begin(ready.job_id, f"save-{ready.job_id}")
        assert work
        about = {"environment_key": ready.environment_key, "image_id": ready.image_id}
        await self.builder.save(SaveImage(job_id=ready.job_id, **about), work)

    def problem(self, failed: Any) -> Problem:
        return Problem.model_validate_json(self.blobs.read(failed.problem))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(create_engine(url), _no_ping)
    yield database
    await database.close()


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, tmp_path)


async def test_an_environment_is_built_once_and_tells_its_evidence_ever_after(bench: Bench) -> None:
    first, second = await bench.prepare(), await bench.prepare()

    assert isinstance(first, EnvironmentReady)
    assert isinstance(second, EnvironmentReady)
    assert (first.cached, second.cached, len(bench.images.orders)) == (False, True, 1)
    assert first.evidence == second.evidence
    assert first.evidence and bench.blobs.read(first.evidence).decode() == first.environment_key


async def test_an_image_that_another_installation_built_is_looked_into_and_said_to_be_found(bench: Bench) -> None:
    first = await bench.prepare()
    assert isinstance(first, EnvironmentReady)
    async with bench.database.transaction() as transaction:
        mine = tables.built.c.key == first.environment_key
        await transaction.connection.execute(tables.built.delete().where(mine))

    found, again = await bench.prepare(), await bench.prepare()

    assert isinstance(found, EnvironmentReady)
    assert isinstance(again, EnvironmentReady)
    assert (found.cached, found.evidence, again.evidence) == (True, first.evidence, first.evidence)
    assert bench.evidences.origins == [Origin.BUILT, Origin.FOUND], "it is looked into once"


async def test_an_image_that_could_not_be_looked_into_is_looked_into_by_the_next_run(bench: Bench) -> None:
    bench.evidences.silent = True
    first = await bench.prepare()
    bench.evidences.silent = False

    second = await bench.prepare()

    assert isinstance(first, EnvironmentReady)
    assert isinstance(second, EnvironmentReady)
    assert (first.evidence is None, second.evidence is None) == (True, False)


async def test_who_comes_while_an_image_is_looked_into_takes_no_evidence_away(bench: Bench) -> None:
    bench.evidences.going, bench.evidences.go_on = asyncio.Event(), asyncio.Event()
    building = asyncio.create_task(bench.prepare())
    await bench.evidences.going.wait()
    coming = asyncio.create_task(bench.prepare())
    await asyncio.sleep(0.3)
    bench.evidences.go_on.set()

    first, second = await building, await coming

    assert isinstance(first, EnvironmentReady)
    assert isinstance(second, EnvironmentReady)
    kept = await bench.environments.find(first.environment_key)
    assert kept and kept.evidence == first.evidence == second.evidence
    assert first.evidence is not None


async def test_many_requests_for_one_environment_are_one_build(bench: Bench) -> None:
    events = await asyncio.gather(*(bench.prepare() for _ in range(4)))

    assert len(bench.images.orders) == 1
    assert sorted(event.cached for event in events if isinstance(event, EnvironmentReady)) == [False, True, True, True]


async def test_a_saved_image_that_the_engine_lost_is_loaded_and_not_built(bench: Bench) -> None:
    first = await bench.prepare()
    assert isinstance(first, EnvironmentReady)
    await bench.save(first)
    bench.images.images.clear()

    again = await bench.prepare()

    assert isinstance(again, EnvironmentReady)
    assert (again.cached, again.image_id, again.evidence) == (True, first.image_id, first.evidence)
    assert (len(bench.images.orders), len(bench.images.loads)) == (1, 1)


async def test_an_image_that_was_never_saved_is_built_again(bench: Bench) -> None:
    await bench.prepare()
    bench.images.images.clear()

    again = await bench.prepare()

    assert isinstance(again, EnvironmentReady)
    assert not again.cached
    assert (len(bench.images.orders), bench.images.loads) == (2, [])


async def test_an_environment_that_is_there_is_taken_with_its_lock_held(bench: Bench) -> None:
    first = await bench.prepare()
    assert isinstance(first, EnvironmentReady)

    async with bench.environments.building(first.environment_key):
        taking = asyncio.create_task(bench.prepare())
        await asyncio.sleep(0.3)
        waits = not taking.done()
        bench.images.images.clear()
    again = await taking

    assert waits
    assert isinstance(again, EnvironmentReady)
    assert (again.cached, len(bench.images.orders)) == (False, 2), "what is gone by then is never told as ready"


async def test_an_environment_that_is_made_again_counts_as_used(bench: Bench) -> None:
    first = await bench.prepare()
    assert isinstance(first, EnvironmentReady)
    mine = tables.built.c.key == first.environment_key
    async with bench.database.transaction() as transaction:
        await transaction.connection.execute(tables.built.update().where(mine).values(used=LONG_AGO))

    await bench.environments.put(first.environment_key, first.image_id)

    (row,) = await bench.database.rows(select(tables.built).where(mine))
    assert row["used"] > LONG_AGO
    assert row["evidence"] == first.evidence


async def test_a_broken_environment_is_refused_at_once_for_a_minute_and_then_tried_again(bench: Bench) -> None:
    bench.images.failure = NOT_FOUND
    first, second = await bench.prepare(), await bench.prepare()
    bench.images.failure, bench.now = None, bench.now + BROKEN_FOR

    third = await bench.prepare()

    assert isinstance(first, EnvironmentFailed)
    assert isinstance(second, EnvironmentFailed)
    assert first.problem == second.problem
    problem = bench.problem(second)
    assert (problem.code, problem.build and problem.build.line) == ("package_not_found", 3)
    assert isinstance(third, EnvironmentReady)
    assert len(bench.images.orders) == 2


@pytest.mark.parametrize("code", ["build_timeout", "build_out_of_memory"])
async def test_a_limit_that_a_busy_machine_reached_is_told_and_not_remembered(bench: Bench, code: str) -> None:
    bench.images.failure = Rejected("It took too much", "Use fewer packages.", code)
    failed = await bench.prepare()
    bench.images.failure = None

    assert isinstance(failed, EnvironmentFailed)
    assert bench.problem(failed).code == code
    assert isinstance(await bench.prepare(), EnvironmentReady)


async def test_a_failure_of_the_infrastructure_is_never_remembered(bench: Bench) -> None:
    bench.images.failure = Unavailable("the archive does not answer")
    with pytest.raises(Unavailable):
        await bench.prepare()
    bench.images.failure = None

    assert isinstance(await bench.prepare(), EnvironmentReady)


async def test_a_second_build_from_nothing_is_compared_and_removed(database: Database, tmp_path: Path) -> None:
    bench = Bench(database, tmp_path, rules=replace(RULES, check_reproducible=True))

    ready = await bench.prepare()

    assert isinstance(ready, EnvironmentReady)
    assert [order.cold for order in bench.images.orders] == [False, True]
    assert bench.evidences.again == ["sha256:" + "2".zfill(64)]
    assert bench.images.removed == [bench.images.orders[1].tag]
    assert ready.image_id == "sha256:" + "1".zfill(64)


async def test_another_installation_starts_a_saved_environment_and_builds_nothing(
    bench: Bench, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = await bench.prepare()
    assert isinstance(first, EnvironmentReady)
    image = bench.blobs.put(first.image_id.encode())
    told = Evidence(
        environment_key=first.environment_key,
        image_id=first.image_id,
        base="sha256:bookworm",
        base_name="erc-base:bookworm",
        packages="a" * 64,
        provenance="b" * 64,
        drift="c" * 64,
    )
    with postgres(tmp_path_factory.mktemp("elsewhere")) as server:
        await asyncio.to_thread(upgrade, server.url)
        database = Database(create_engine(server.url), _no_ping)
        other = Bench(database, tmp_path)
        other.package = bench.package
        await other.environments.adopt(told, put_document(other.blobs, told), image)

        ready = await other.prepare()

        kept = await other.environments.base("erc-base:bookworm")
        await database.close()
    assert isinstance(ready, EnvironmentReady)
    assert (ready.cached, ready.image_id, ready.image) == (True, first.image_id, image)
    assert (other.images.orders, len(other.images.loads)) == ([], 1)
    assert kept and kept.image_id == "sha256:bookworm"


async def test_what_is_remembered_of_a_base_is_the_last_that_was_told(bench: Bench) -> None:
    from_before = await bench.environments.base("erc-base:trixie")
    for number in (1, 2):
        kept = KeptBase(f"sha256:{number}", versions={"python3": f"3.{number}"})
        await bench.environments.keep_base("erc-base:trixie", kept)

    found = await bench.environments.base("erc-base:trixie")

    assert from_before is None
    assert found and (found.image_id, found.versions) == ("sha256:2", {"python3": "3.2"})


async def test_a_compendium_that_brings_its_image_runs_in_it_and_nothing_is_built(bench: Bench) -> None:
    built = await bench.prepare()
    archive = packed(FILES).getvalue()

    first, second = await bench.prepare(image=archive), await bench.prepare(image=archive)

    assert isinstance(built, EnvironmentReady)
    assert isinstance(first, EnvironmentReady)
    assert isinstance(second, EnvironmentReady)
    assert (first.brought, first.cached, second.brought, second.cached) == (True, False, False, True)
    assert first.image == second.image == bench.blobs.put(archive)
    assert first.environment_key == second.environment_key != built.environment_key, "others never get it"
    assert (len(bench.images.orders), len(bench.images.brought)) == (1, 1)
    assert first.evidence == second.evidence is not None
    assert bench.evidences.origins == [Origin.BUILT, Origin.BROUGHT]


async def test_an_image_for_another_machine_is_refused_with_what_to_do(bench: Bench) -> None:
    config = CONFIG.replace(b"amd64", b"arm64")
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    about = [{"Config": name, "Layers": []}]

    with pytest.raises(Rejected) as refusal:
        await bench.prepare(image=packed({name: config, "manifest.json": json.dumps(about).encode()}).getvalue())

    assert refusal.value.problem.code == "image_unusable"
    assert "linux/arm64" in refusal.value.problem.detail


async def test_a_file_that_only_has_the_name_of_an_image_changes_nothing(bench: Bench) -> None:
    ready = await bench.prepare(image=b"a picture of a tar pit")

    assert isinstance(ready, EnvironmentReady)
    assert (ready.brought, len(bench.images.orders)) == (False, 1)
