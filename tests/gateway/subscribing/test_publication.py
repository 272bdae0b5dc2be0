"""Publication: a candidate becomes public, its history before stays private, what comes later does not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from nats.js.api import ConsumerConfig, DeliverPolicy

from erc.gateway.auth import EDITOR, Principal
from erc.gateway.errors import Refused
from erc.gateway.routes.publication import make_public
from erc.schemas.compendium import CompendiumStatus


async def public_events(gateway: Any, compendium_id: str) -> list[dict[str, Any]]:
    """Return what the stream PUBLIC holds of a compendium, in its order."""
    await gateway.settled()
    js = gateway.broker.jetstream()
    subject = f"erc.public.{compendium_id}.>"
    kept = (await js.stream_info("PUBLIC", subjects_filter=subject)).state.subjects or {}
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
    subscription = await js.subscribe(subject, stream="PUBLIC", ordered_consumer=True, config=config)
    heard = [json.loads((await subscription.next_msg(timeout=5)).data) for _ in range(sum(kept.values()))]
    await subscription.unsubscribe()
    return heard


async def test_the_public_history_opens_with_the_publication_and_goes_on(gateway) -> None:
    compendium = await gateway.compendium()
    job = await gateway.job(compendium)
    await gateway.move(job)
    async with gateway.operator() as operator:
        answer = await operator.post(f"/api/v1/compendium/{compendium.id}/publish")
    assert answer.status_code == 200
    await gateway.move(job)
    opening, later = await public_events(gateway, compendium.id)
    assert (opening["type"], opening["sequence"]) == ("compendium.published.v1", 2)
    assert (later["type"], later["sequence"]) == ("job.changed.v1", job.version + 2)
    async with gateway.client() as stranger:
        snapshot = await stranger.get(answer.json()["snapshot"])
    assert snapshot.headers["etag"] == f'"{opening["data"]["snapshot"]}"'
    document = snapshot.json()
    assert document["sequence"] == opening["sequence"] - 1
    assert [(row["id"], row["sequence"]) for row in document["jobs"]] == [(job.id, later["sequence"] - 1)]
    assert document["metadata"] == {"o2r": {"title": "Rain by month"}}


async def test_what_jobs_do_while_a_compendium_is_published_is_in_the_snapshot_or_public_never_neither(gateway) -> None:
    compendium = await gateway.compendium()
    jobs = [await gateway.job(compendium) for _ in range(5)]

    async def moves(job: Any) -> None:
        for _ in range(10):
            await gateway.move(job)

    async def publishes() -> None:
        await asyncio.sleep(0.01)
        async with gateway.operator() as operator:
            assert (await operator.post(f"/api/v1/compendium/{compendium.id}/publish")).status_code == 200

    await asyncio.gather(publishes(), *(moves(job) for job in jobs))
    events = await public_events(gateway, compendium.id)
    assert events[0]["type"] == "compendium.published.v1"
    snapshot = json.loads(gateway.services.blobs.read(events[0]["data"]["snapshot"]))
    for job in jobs:
        before = next(row["sequence"] for row in snapshot["jobs"] if row["id"] == job.id)
        public = [event["sequence"] for event in events if event["subject"] == job.id]
        assert public == list(range(before + 1, job.version + 11))


async def test_publishing_twice_is_publishing_once(gateway) -> None:
    compendium = await gateway.compendium()
    async with gateway.operator() as operator:
        answers = await asyncio.gather(
            *(operator.post(f"/api/v1/compendium/{compendium.id}/publish") for _ in range(4))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert [event["type"] for event in await public_events(gateway, compendium.id)] == ["compendium.published.v1"]


@pytest.mark.parametrize("status", [CompendiumStatus.LOADING, CompendiumStatus.DESCRIBING, CompendiumStatus.REJECTED])
async def test_what_is_not_ready_is_not_published(gateway, status: CompendiumStatus) -> None:
    compendium = await gateway.compendium(status=status)
    async with gateway.operator() as operator:
        answer = await operator.post(f"/api/v1/compendium/{compendium.id}/publish")
    assert (answer.status_code, answer.json()["code"]) == (409, "compendium_not_ready")
    assert status.value in answer.json()["detail"]


async def test_owner_and_editors_publish_and_nobody_else(gateway) -> None:
    theirs = await gateway.compendium(owner="ada")
    for stranger in (Principal(""), Principal("bob", 100)):
        with pytest.raises(Refused) as refused:
            await make_public(gateway.services, stranger, theirs.id)
        assert refused.value.status == 404
    assert (await make_public(gateway.services, Principal("ada", 100), theirs.id)).candidate is False
    for stranger, status in ((Principal(""), 401), (Principal("bob", 100), 403)):
        with pytest.raises(Refused) as refused:
            await make_public(gateway.services, stranger, theirs.id)
        assert refused.value.status == status
    other = await gateway.compendium(owner="ada")
    assert (await make_public(gateway.services, Principal("eve", EDITOR), other.id)).published


async def test_a_candidate_has_no_snapshot(gateway) -> None:
    compendium = await gateway.compendium()
    async with gateway.operator() as operator:
        assert (await operator.get(f"/api/v1/compendium/{compendium.id}/snapshot")).status_code == 404
        assert "published" not in (await operator.get(f"/api/v1/compendium/{compendium.id}")).json()


async def test_the_deletion_of_a_published_compendium_ends_its_public_history(gateway) -> None:
    compendium = await gateway.compendium()
    job = await gateway.job(compendium)
    async with gateway.operator() as operator:
        await operator.post(f"/api/v1/compendium/{compendium.id}/publish")
        assert (await operator.delete(f"/api/v1/compendium/{compendium.id}")).status_code == 204
    await gateway.move(job)
    events = await public_events(gateway, compendium.id)
    assert [event["type"] for event in events] == ["compendium.published.v1", "compendium.deleted.v1"]
    assert [event["sequence"] for event in events] == [2, 3]


async def test_the_deletion_of_a_candidate_is_private(gateway) -> None:
    compendium = await gateway.compendium()
    async with gateway.operator() as operator:
        assert (await operator.delete(f"/api/v1/compendium/{compendium.id}")).status_code == 204
    assert await public_events(gateway, compendium.id) == []
