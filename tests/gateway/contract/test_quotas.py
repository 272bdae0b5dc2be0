"""Quotas hold, also for requests that come at the same moment, and say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import pytest

from erc.gateway.auth import ADMIN, Principal
from erc.gateway.errors import Refused
from erc.gateway.quota import readable
from erc.gateway.routes.compendium import accept
from erc.gateway.routes.job import begin, stop
from erc.gateway.routes.publication import make_public
from erc.gateway.services import Services
from erc.gateway.store.quotas import Quotas
from erc.gateway.upload import Upload
from erc.schemas.compendium import Compendium
from erc.schemas.job import Job
from erc.schemas.limits import Quota

ADA, ROOT = Principal("ada", 100), Principal("root", ADMIN)
READY = {"manifest": "0" * 64, "description": "0" * 64}


@pytest.fixture
def services(gateway) -> Services:
    database = gateway.services.records.database
    gateway.services.quotas = Quotas(database, Quota(candidates=3, size_bytes=1000, jobs=2))
    return gateway.services


def upload(services: Services, size_bytes: int = 7, **fields: str) -> Upload:
    return Upload(fields, services.blobs.put(b"archive"), size_bytes, "a.zip")


async def outcomes(*asked: Awaitable[Compendium | Job]) -> tuple[int, Sequence[Refused]]:
    """Return how many came through, and the refusals of the others."""
    found = await asyncio.gather(*asked, return_exceptions=True)
    refused = [one for one in found if isinstance(one, Refused)]
    assert len(refused) + sum(isinstance(one, (Compendium, Job)) for one in found) == len(found), found
    return len(found) - len(refused), refused


async def test_no_more_candidates_than_allowed_come_in_at_once(services) -> None:
    many = [accept(services, ADA, upload(services)) for _ in range(12)]
    came, refused = await outcomes(*many)
    assert came == 3
    assert {(one.status, one.problem.code) for one in refused} == {(403, "quota_candidates")}
    assert "publish or delete one" in refused[0].problem.detail
    assert await accept(services, Principal("bob", 100), upload(services))


async def test_no_more_bytes_than_allowed_come_in_at_once(services) -> None:
    came, refused = await outcomes(*[accept(services, ADA, upload(services, 400)) for _ in range(3)])
    assert came == 2
    assert refused[0].problem.code == "quota_bytes"
    assert "400 bytes do not fit into what is left, 200 bytes of 1000 bytes" in refused[0].problem.detail
    with pytest.raises(Refused, match="Your storage is full"):
        await services.quotas.foresee(ADA, 201)
    await services.quotas.foresee(ADA, 200)


async def test_what_is_published_is_no_candidate_any_more_but_keeps_its_bytes(gateway, services) -> None:
    made = [await gateway.compendium("ada", **READY, size_bytes=10) for _ in range(3)]
    with pytest.raises(Refused, match="too many candidates"):
        await accept(services, ADA, upload(services))
    await make_public(services, ADA, made[0].id)
    assert await accept(services, ADA, upload(services))
    use = await services.quotas.use("ada")
    assert (use.candidates, use.size_bytes) == (3, 37)


async def test_no_more_jobs_than_allowed_go_on_at_once(gateway, services) -> None:
    compendium = await gateway.compendium("ada", **READY)
    came, refused = await outcomes(*[begin(services, ADA, compendium) for _ in range(8)])
    assert came == 2
    assert {(one.status, one.headers["Retry-After"]) for one in refused} == {(429, "60")}
    going = (await services.records.jobs(ADA))[0]
    await stop(services, going.id)
    assert await begin(services, ADA, compendium)


async def test_administrators_have_no_quota(gateway, services) -> None:
    compendium = await gateway.compendium("root", **READY)
    came, _ = await outcomes(
        *[accept(services, ROOT, upload(services, 900)) for _ in range(5)],
        *[begin(services, ROOT, compendium) for _ in range(5)],
    )
    assert came == 10


async def test_no_quota_is_no_limit(gateway, services) -> None:
    services.quotas = Quotas(gateway.services.records.database, Quota(candidates=0, size_bytes=0, jobs=0))
    compendium = await gateway.compendium("ada", **READY)
    came, _ = await outcomes(*[accept(services, ADA, upload(services, 1 << 50)) for _ in range(5)])
    assert came == 5
    came, _ = await outcomes(*[begin(services, ADA, compendium) for _ in range(5)])
    assert came == 5


async def test_everybody_sees_what_is_left(gateway, services) -> None:
    await gateway.compendium("operator", size_bytes=5)
    async with gateway.operator() as client, gateway.client() as nobody:
        assert (await client.get("/api/v1/quota")).json() == {
            "candidates": {"used": 1, "limit": None},
            "bytes": {"used": 5, "limit": None},
            "jobs": {"used": 0, "limit": None},
        }
        assert (await nobody.get("/api/v1/quota")).status_code == 401


def test_a_size_is_read_by_people() -> None:
    assert [readable(size) for size in (0, 1023, 1024, 1536, 100 << 30)] == [
        "0 bytes",
        "1023 bytes",
        "1 KiB",
        "1.5 KiB",
        "100 GiB",
    ]
