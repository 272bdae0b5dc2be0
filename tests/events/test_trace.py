"""Trace contexts by the grammar of W3C Trace Context."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import FakeOutbox, FakeStreams

from erc.events import trace
from erc.events.envelope import Outgoing
from erc.events.outbox import Transaction
from erc.events.relay import Relay, Waiting
from erc.events.trace import Trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def _ids(digits: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**digits - 1).map(lambda number: f"{number:0{digits}x}")


@given(_ids(32), _ids(16), st.booleans())
def test_what_is_written_can_be_read(trace_id: str, span_id: str, sampled: bool) -> None:
    place = Trace(trace_id, span_id, sampled)
    assert Trace.parse(str(place)) == place


@given(st.text(), st.integers(0, 60), st.text("0af-", max_size=3), st.integers(0, 4))
def test_whatever_is_read_is_written_by_the_grammar(other: str, where: int, piece: str, gone: int) -> None:
    for text in (other, GOOD[:where] + piece + GOOD[where + gone :]):
        _is_read_as_it_stands(text)


def _is_read_as_it_stands(text: str) -> None:
    place = Trace.parse(text)
    if place is not None:
        assert len(str(place)) == 55
        assert Trace.parse(str(place)) == place
        assert text.startswith(f"{text[:2]}-{place.trace_id}-{place.span_id}-")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        GOOD.upper(),
        f"{GOOD} ",
        f"{GOOD}\n",
        f"{GOOD}-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01.more",
        f"01-{TRACE}-{SPAN}-01-{'x' * 1000}",
        "00-\u0663bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ],
)
def test_what_breaks_the_grammar_is_no_trace(wrong: str | None) -> None:
    assert Trace.parse(wrong) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert Trace.parse(f"cc-{TRACE}-{SPAN}-03-what.the.future.brings") == Trace(TRACE, SPAN)
    assert Trace.parse(f"00-{TRACE}-{SPAN}-fe") == Trace(TRACE, SPAN, sampled=False)


def test_a_child_is_another_span_of_the_same_trace() -> None:
    place = Trace(TRACE, SPAN, sampled=False)
    child = place.child()
    assert (child.trace_id, child.sampled) == (TRACE, False)
    assert child.span_id != SPAN


async def test_tasks_do_not_see_each_others_traces() -> None:
    async def seen(parent: Trace | None) -> str:
        with trace.span("x", "consumer", parent):
            await asyncio.sleep(0)
            here = trace.current()
        assert here
        return here.trace_id

    first, second, third = await asyncio.gather(seen(Trace(TRACE, SPAN)), seen(None), seen(None))
    assert first == TRACE
    assert len({first, second, third}) == 3
    assert trace.current() is None


def test_what_belongs_to_a_trace_stays_in_it() -> None:
    assert trace.within(None) is None
    assert trace.within(GOOD) == GOOD
    with trace.at(Trace(TRACE, "1" * 16)):
        assert trace.within(GOOD) == f"00-{TRACE}-{'1' * 16}-01"
        assert trace.within(None) == f"00-{TRACE}-{'1' * 16}-01"
    with trace.at(Trace("2" * 32, "1" * 16)):
        assert trace.within(GOOD) == GOOD


def test_messages_carry_the_trace_in_which_they_are_sent() -> None:
    message = Outgoing(
        stream="EVENTS", subject="s", message_id="m", aggregate="job", aggregate_id="j", sequence=1, body={}
    )
    transaction = Transaction(None)  # type: ignore[arg-type]
    with trace.at(Trace(TRACE, SPAN)):
        transaction.send([message])
        transaction.send([message], traceparent=f"00-{'3' * 32}-{SPAN}-01")
    transaction.send([message])
    assert [row["traceparent"] for row in transaction.outgoing] == [GOOD, f"00-{'3' * 32}-{SPAN}-01", None]


async def test_what_is_public_carries_no_trace() -> None:
    row = Waiting(1, "EVENTS", "erc.event.job.j.ended", "job:j:1", b"{}", "erc.public.c.job.ended", GOOD)
    streams = FakeStreams()
    await Relay(FakeOutbox([row]), streams, asyncio.sleep).once()
    assert streams.messages["EVENTS"][0].traceparent == GOOD
    assert streams.messages["PUBLIC"][0].traceparent is None
