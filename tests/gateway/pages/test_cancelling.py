"""Cancelling through the web API: jobs, shipments, and everything of a candidate that is deleted."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from erc.gateway.errors import Refused
from erc.gateway.pipeline import start_job
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.compendium import CompendiumStatus
from erc.schemas.job import Job


async def stopped(world: Any) -> set[str]:
    rows = await world.services.records.database.rows(select(tables.cancellation.c.id))
    return {row["id"] for row in rows}


async def test_cancelling_twice_is_a_conflict_unless_it_is_the_same_request(
    operator: httpx2.AsyncClient, world: Any
) -> None:
    job = await world.job(await world.compendium())
    path, key = f"/api/v1/job/{job.id}/cancel", {"Idempotency-Key": "c"}
    first = await operator.post(path, headers=key)
    assert first.json() == {"job_id": job.id, "status": "failure", "verdict": "cancelled"}
    assert (await operator.post(path, headers=key)).content == first.content
    again = await operator.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")
    assert await stopped(world) == {job.id}


async def test_a_shipment_is_cancelled_once(operator: httpx2.AsyncClient, world: Any) -> None:
    shipment = await world.shipment(await world.compendium())
    path = f"/api/v1/shipment/{shipment.id}"
    assert (await operator.post(f"{path}/cancel")).json() == {"id": shipment.id, "status": "error"}
    document = (await operator.get(path)).json()
    assert (document["status"], document["problem"]["code"]) == ("error", "shipment_cancelled")
    assert (await operator.post(f"{path}/cancel")).status_code == 409
    assert await stopped(world) == {shipment.id}


async def test_the_page_of_a_shipment_cancels_it(operator: httpx2.AsyncClient, world: Any) -> None:
    shipment = await world.shipment(await world.compendium())
    assert "Cancel" in (await operator.get(f"/shipment/{shipment.id}")).text
    answer = await operator.post(f"/shipment/{shipment.id}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/shipment/{shipment.id}")
    assert "The shipment was cancelled" in (await operator.get(f"/shipment/{shipment.id}")).text


@pytest.mark.parametrize("status", ["loading", "describing", "ready", "rejected"])
async def test_deleting_a_candidate_ends_whatever_goes_on_for_it(
    operator: httpx2.AsyncClient, world: Any, status: str, as_failed: Any
) -> None:
    ready = await world.compendium()
    going, over = await world.job(ready), await world.job(ready, as_failed("It failed."))
    shipment = await world.shipment(ready)
    await world.services.records.move_compendium(ready.id, lambda it: _as(it, status))
    assert (await operator.delete(f"/api/v1/compendium/{ready.id}")).status_code == 204
    assert (await operator.delete(f"/api/v1/compendium/{ready.id}")).status_code == 404
    assert (await operator.get(f"/api/v1/job/{going.id}")).json()["verdict"] == "cancelled"
    assert (await operator.get(f"/api/v1/job/{over.id}")).json()["verdict"] == "failed"
    assert await stopped(world) == {ready.id, going.id, shipment.id}
    database = world.services.records.database
    assert await database.rows(select(tables.waiting)) == []
    said = select(tables.event.c.body["type"].astext.label("type")).where(tables.event.c.stream == "EVENTS")
    types = [row["type"] for row in await database.rows(said.order_by(tables.event.c.id))]
    assert types[-2:] == ["job.ended.v1", "compendium.deleted.v1"]


def _as(compendium: Any, status: str) -> Advance[Any]:
    return Advance(
        compendium.model_copy(update={"status": CompendiumStatus(status), "version": compendium.version + 1})
    )


async def test_nothing_begins_for_a_compendium_that_was_deleted_meanwhile(world: Any) -> None:
    compendium = await world.compendium()
    await world.services.records.remove_compendium(compendium.id)
    job = Job(id=compendium.id, compendium_id=compendium.id, owner="operator", created=compendium.created)
    with pytest.raises(Refused, match="no compendium"):
        await world.services.records.add_job(start_job(job, compendium))
