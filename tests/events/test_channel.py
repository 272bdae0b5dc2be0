"""A channel: whatever the order of pushes and readers, each reader gets each wanted message once, in order."""

from __future__ import annotations

import asyncio
import bisect

from hypothesis import given
from hypothesis import strategies as st

from erc.events.channel import Channel, Reader
from erc.events.pull import Message

READERS = 4


def take(message: Message) -> bytes | None:
    """Want two of three messages."""
    return b"%d," % message.sequence if message.sequence % 3 else None


def message(sequence: int) -> Message:
    return Message(sequence, "erc.event.job.x.changed", "x", b"", 0, 0)


steps = st.lists(
    st.tuples(st.just("push"), st.integers(1, 4)) | st.tuples(st.just("read"), st.integers(0, READERS - 1)),
    max_size=60,
)


@given(steps, st.integers(0, 5))
def test_every_reader_gets_each_wanted_message_once_and_in_order(steps: list[tuple[str, int]], begin: int) -> None:
    messages = [message(sequence) for sequence in range(1, begin + 1)]
    channel = Channel(take, begin)
    places, got = [0] * READERS, [b""] * READERS

    def newer(place: int) -> list[Message]:
        return messages[bisect.bisect_right(messages, place, key=lambda it: it.sequence) :]

    def read(reader: int) -> None:
        found = channel.news(places[reader], newer)
        assert found is not None
        data, places[reader] = found
        got[reader] += data

    for step, number in steps:
        if step == "push":
            fresh = [message(len(messages) + extra) for extra in range(1, number + 1)]
            messages += fresh
            channel.push(fresh, messages[-1].sequence)
        else:
            read(number)
    for reader in range(READERS):
        read(reader)
        assert got[reader] == b"".join(filter(None, map(take, messages)))
        assert places[reader] == channel.checked


def test_a_reader_whose_place_is_not_kept_any_more_is_told_so() -> None:
    channel = Channel(take, 0)
    channel.push([message(1)], 1)
    channel.push([message(2)], 2)
    assert channel.news(0, lambda _place: None) is not None, "what nobody has read yet is still in one piece"
    channel.push([message(4)], 4)
    assert channel.news(0, lambda _place: None) is None


async def test_only_what_is_wanted_wakes_the_readers() -> None:
    channel, reader = Channel(take, 0), Reader()
    channel.readers.add(reader)
    waiting = asyncio.ensure_future(reader.wait())
    await asyncio.sleep(0)
    channel.push([message(3)], 3)
    await asyncio.sleep(0)
    assert not waiting.done()
    channel.push([message(4)], 4)
    await waiting
