"""Events reach a webhook at least once, in order, as its owner may see them; what fails is seen."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from support.eventually import eventually
from support.receiver import SILENCE, Receiver, receiver

from erc.events.outbox import Database, create_engine
from erc.gateway.auth import Principal
from erc.gateway.notifier.store import Leadership
from erc.gateway.routes.publication import make_public


def types(listening: Receiver) -> list[str]:
    return [json.loads(request.body)["type"] for request in listening.received]


async def test_every_event_arrives_once_in_order(notifying, listening: Receiver) -> None:
    await notifying.hook(listening.url)
    compendium = await notifying.gateway.compendium()
    job = await notifying.gateway.job(compendium)
    await notifying.rounds()
    for _ in range(30):
        await notifying.gateway.move(job)
    await notifying.rounds(2)
    sequences = [
        json.loads(r.body)["sequence"] for r in listening.received if b'"subject":"' + job.id.encode() in r.body
    ]
    assert types(listening)[:2] == ["compendium.changed.v1", "job.changed.v1"]
    assert sequences == list(range(sequences[0], sequences[0] + 31))
    assert len(set(listening.ids)) == len(listening.ids) == 32
    assert [json.loads(request.body)["id"] for request in listening.received] == listening.ids


async def test_a_failed_attempt_is_repeated_with_the_same_key_before_the_next_event(
    notifying, listening: Receiver
) -> None:
    hook = await notifying.hook(listening.url)
    first = await notifying.gateway.compendium()
    await notifying.gateway.compendium()
    listening.answers.extend([500, 503])
    await notifying.rounds(4)
    assert [identifier.split(":")[1] == first.id for identifier in listening.ids] == [True, True, True, False]
    assert await notifying.outcomes(hook) == ["answered 500", "answered 503", "delivered (204)", "delivered (204)"]
    assert (await notifying.get(f"/api/v1/webhook/{hook}"))["state"] == "active"


async def test_the_state_tells_that_a_webhook_fails_and_when_it_is_tried_again(notifying, listening: Receiver) -> None:
    hook = await notifying.hook(listening.url)
    await notifying.gateway.compendium()
    listening.answers.append(500)
    await notifying.rounds()
    about = await notifying.get(f"/api/v1/webhook/{hook}")
    assert (about["state"], about["failures"]) == ("failing", 1)
    assert about["due"]


async def test_an_event_that_never_arrives_is_given_up_and_the_next_one_is_sent(notifying, listening: Receiver) -> None:
    hook = await notifying.hook(listening.url)
    await notifying.gateway.compendium()
    second = await notifying.gateway.compendium()
    listening.answers.extend([500, 500, 500])
    await notifying.rounds(5)
    said = await notifying.outcomes(hook)
    assert said[2:] == ["answered 500; the event is given up after 3 attempts", "delivered (204)"]
    assert listening.ids[-1].split(":")[1] == second.id


async def test_a_webhook_that_fails_for_long_is_switched_off_until_a_test_arrives(
    notifying, listening: Receiver
) -> None:
    hook = await notifying.hook(listening.url)
    for _ in range(3):
        await notifying.gateway.compendium()
    listening.answers.extend([500] * 6)
    await notifying.rounds(8)
    about = await notifying.get(f"/api/v1/webhook/{hook}")
    assert (about["state"], len(listening.received)) == ("disabled", 6)
    assert about["disabled"]
    async with notifying.gateway.operator() as operator:
        assert (await operator.post(f"/api/v1/webhook/{hook}/test")).status_code == 202
    await notifying.rounds(2)
    assert types(listening)[6:] == ["webhook.tested.v1", "compendium.changed.v1"]
    assert (await notifying.get(f"/api/v1/webhook/{hook}"))["state"] == "active"


async def test_a_receiver_that_is_gone_is_left_alone(notifying, listening: Receiver) -> None:
    hook = await notifying.hook(listening.url)
    await notifying.gateway.compendium()
    listening.answers.append(410)
    await notifying.rounds(3)
    assert len(listening.received) == 1
    assert await notifying.outcomes(hook) == ["answered 410; the webhook is switched off"]


async def test_a_test_is_sent_once_even_when_there_is_nothing_else(notifying, listening: Receiver) -> None:
    hook = await notifying.hook(listening.url)
    async with notifying.gateway.operator() as operator:
        await operator.post(f"/api/v1/webhook/{hook}/test")
    await notifying.rounds(3)
    [request] = listening.received
    assert json.loads(request.body)["data"] == {"webhook_id": hook}
    assert json.loads(request.body)["id"] == request.headers["idempotency-key"]


async def test_filters_and_rights_of_the_owner_hold_for_every_event(notifying, listening: Receiver) -> None:
    gateway = notifying.gateway
    mine, theirs, hidden = await gateway.compendium(), await gateway.compendium("ada"), await gateway.compendium("ada")
    await make_public(gateway.services, Principal("ada", 100), theirs.id)
    await gateway.job(hidden)
    await notifying.hook(listening.url)
    with receiver() as filtered:
        await notifying.hook(filtered.url, types=["compendium.published.v1"])
        await notifying.rounds()
        assert types(filtered) == ["compendium.published.v1"]
    assert [json.loads(request.body)["subject"] for request in listening.received] == [mine.id, theirs.id]
    assert types(listening) == ["compendium.changed.v1", "compendium.published.v1"]


async def test_a_slow_receiver_does_not_keep_the_others_waiting(notifying, listening: Receiver) -> None:
    with receiver() as slow:
        slow.answers.append(SILENCE)
        await notifying.hook(slow.url)
        await notifying.hook(listening.url)
        await notifying.gateway.compendium()
        await notifying.gateway.settled()
        await notifying.notifier.round()

        async def arrived() -> int:
            return len(listening.received)

        await eventually(arrived)
        await notifying.notifier.finish(0)


async def test_a_webhook_that_is_deleted_gets_nothing_more_and_leaves_nothing(notifying, listening: Receiver) -> None:
    hook = await notifying.hook(listening.url)
    await notifying.gateway.compendium()
    await notifying.rounds()
    async with notifying.gateway.operator() as operator:
        await operator.delete(f"/api/v1/webhook/{hook}")
    await notifying.gateway.compendium()
    await notifying.rounds()
    assert len(listening.received) == 1
    rows = notifying.gateway.services.records.database.rows
    for table in ("webhook", "webhook_progress", "webhook_attempt"):
        assert (await rows(text(f"SELECT count(*) AS left FROM {table}")))[0]["left"] == 0


async def test_the_delivery_log_is_trimmed(notifying, listening: Receiver) -> None:
    hook = await notifying.hook(listening.url)
    job = await notifying.gateway.job(await notifying.gateway.compendium())
    for _ in range(25):
        await notifying.gateway.move(job)
    await notifying.rounds()
    assert len(listening.received) == 27
    rows = notifying.gateway.services.records.database.rows
    kept = await rows(text("SELECT count(*) AS kept FROM webhook_attempt"))
    assert kept[0]["kept"] == 20
    assert len(await notifying.outcomes(hook)) == 20


async def test_one_notifier_sends_at_a_time_and_another_takes_over(gateway) -> None:
    async def nothing() -> None:
        pass

    databases = [Database(create_engine(gateway.url_of("notifier")), nothing) for _ in range(2)]
    first, second = (Leadership(database) for database in databases)
    assert [await first.held(), await second.held(), await first.held()] == [True, False, True]
    await first.close()
    assert await second.held()
    await second.close()
    for database in databases:
        await database.close()


@pytest.mark.parametrize("process", ["loader", "indexer", "relay"])
async def test_no_other_process_reads_the_secrets(gateway, process: str) -> None:
    async def nothing() -> None:
        pass

    database = Database(create_engine(gateway.url_of(process)), nothing)
    with pytest.raises(Exception, match="permission denied"):
        await database.rows(text("SELECT document FROM webhook"))
    await database.close()
