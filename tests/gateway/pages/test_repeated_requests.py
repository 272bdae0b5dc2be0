"""The header `Idempotency-Key` on uploads, jobs and shipments."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from support.service import TEXT_PAPER, packed

ARCHIVE = packed(TEXT_PAPER)


async def upload(
    client: httpx2.AsyncClient, key: str, archive: bytes = ARCHIVE, kind: str = "workspace"
) -> httpx2.Response:
    return await client.post(
        "/api/v1/compendium",
        files={"compendium": ("paper.tar.gz", archive)},
        data={"content_type": kind},
        headers={"Idempotency-Key": key, "Prefer": "respond-async"},
    )


def same(first: httpx2.Response, again: httpx2.Response) -> bool:
    kept = ("location", "content-type")
    heads = [{name: answer.headers[name] for name in kept} for answer in (first, again)]
    return (first.status_code, first.content, heads[0]) == (again.status_code, again.content, heads[1])


async def test_an_upload_that_is_sent_again_is_one_compendium(operator: httpx2.AsyncClient) -> None:
    first, again = await upload(operator, "u"), await upload(operator, "u")
    assert first.status_code == 202
    assert same(first, again)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert (await operator.get("/api/v1/compendium?user=operator")).json()["results"] == [first.json()["id"]]


async def test_another_archive_or_field_under_the_same_key_is_refused(operator: httpx2.AsyncClient) -> None:
    await upload(operator, "u")
    for answer in (
        await upload(operator, "u", packed({**TEXT_PAPER, "more.txt": "x"})),
        await upload(operator, "u", kind="compendium"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await operator.get("/api/v1/compendium?user=operator")).json()["results"]) == 1


@pytest.mark.parametrize(("path", "name", "listed"), [("job", "job_id", 1), ("shipment", "id", 0)])
async def test_a_job_or_shipment_that_is_asked_for_again_is_one(
    operator: httpx2.AsyncClient, world: Any, path: str, name: str, listed: int
) -> None:
    compendium = await world.compendium()

    async def ask(key: str, **more: str) -> httpx2.Response:
        body = {"compendium_id": compendium.id, **more}
        return await operator.post(f"/api/v1/{path}", json=body, headers={"Idempotency-Key": key})

    first, again = await ask("k"), await ask("k")
    assert same(first, again)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await ask("k", more="x")).status_code == 422
    assert (await ask("another")).json()[name] != first.json()[name]
    assert len((await operator.get("/api/v1/job")).json()["results"]) == 2 * listed


async def test_a_refusal_is_judged_anew(operator: httpx2.AsyncClient, world: Any) -> None:
    coming = await world.compendium(status="loading")
    asked = {"json": {"compendium_id": coming.id}, "headers": {"Idempotency-Key": "early"}}
    assert (await operator.post("/api/v1/job", **asked)).status_code == 409
    await world.services.records.move_compendium(coming.id, world.made_ready)
    assert (await operator.post("/api/v1/job", **asked)).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "two words"])
async def test_a_key_that_is_none_is_refused_before_anything_is_read(operator: httpx2.AsyncClient, key: str) -> None:
    answer = await upload(operator, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


async def test_without_a_key_every_request_counts(operator: httpx2.AsyncClient, world: Any) -> None:
    compendium = await world.compendium()
    asked = {"compendium_id": compendium.id}
    jobs = {(await operator.post("/api/v1/job", json=asked)).json()["job_id"] for _ in range(2)}
    assert len(jobs) == 2
