"""The relay: in order, at least once, marked only when published."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.fakes import FakeOutbox, FakeStreams

from erc.events.errors import Unavailable
from erc.events.relay import BATCH, Relay, Waiting


def rows(count: int, public: bool = False) -> list[Waiting]:
    streams = ("EVENTS", "EVENTS", "COMMANDS")
    return [
        Waiting(n, streams[n % 3], f"s.{n}", f"id-{n}", b"{}", f"erc.public.{n}" if public else None)
        for n in range(1, count + 1)
    ]


async def test_everything_goes_out_in_the_order_of_the_rows() -> None:
    outbox, streams = FakeOutbox(rows(10)), FakeStreams()
    assert await Relay(outbox, streams, asyncio.sleep).once() == 10
    assert [message.row for message in streams.messages["EVENTS"]] == [1, 3, 4, 6, 7, 9, 10]
    assert [message.row for message in streams.messages["COMMANDS"]] == [2, 5, 8]
    assert outbox.sent == list(range(1, 11))


async def test_what_is_public_goes_to_the_public_stream_too() -> None:
    streams = FakeStreams()
    await Relay(FakeOutbox(rows(2, public=True)), streams, asyncio.sleep).once()
    assert [message.subject for message in streams.messages["PUBLIC"]] == ["erc.public.1", "erc.public.2"]


async def test_nothing_is_marked_that_was_not_published() -> None:
    outbox = FakeOutbox(rows(3))
    with pytest.raises(Unavailable):
        await Relay(outbox, FakeStreams(failures=1), asyncio.sleep).once()
    assert outbox.sent == []


async def test_a_mark_that_is_lost_publishes_again_under_the_same_ids() -> None:
    outbox, streams = FakeOutbox(rows(2), fail_marking=1), FakeStreams()
    relay = Relay(outbox, streams, asyncio.sleep)
    with pytest.raises(Unavailable):
        await relay.once()
    await relay.once()
    assert sorted(message.row for kept in streams.messages.values() for message in kept) == [1, 2]


async def test_only_the_leader_publishes() -> None:
    streams = FakeStreams()
    assert await Relay(FakeOutbox(rows(2), leads=False), streams, asyncio.sleep).once() == 0
    assert not streams.messages


async def test_run_goes_on_after_failures_and_empties_the_outbox() -> None:
    outbox, streams = FakeOutbox(rows(BATCH * 2 + 5)), FakeStreams(failures=3)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def woken(_seconds: float) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Relay(outbox, streams, sleep).run(woken)
    assert len(outbox.sent) == BATCH * 2 + 5
    assert pauses == sorted(pauses)
    assert len(pauses) == 3


async def test_young_rows_are_published_without_a_question() -> None:
    streams = FakeStreams()
    await Relay(FakeOutbox(rows(6, public=True)), streams, asyncio.sleep).once()
    assert streams.asked == []


async def test_each_subject_of_an_old_row_is_asked_about_once() -> None:
    old = [replace(row, subject=f"s.{row.row % 2}", old=row.row < 4) for row in rows(6)]
    streams = FakeStreams()
    await Relay(FakeOutbox(old), streams, asyncio.sleep).once()
    assert streams.asked == [("EVENTS", "s.1"), ("COMMANDS", "s.0")]
