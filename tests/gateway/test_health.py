"""What keeps the service from its work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from erc.events.inspection import StreamState
from erc.events.streams import WORKERS
from erc.gateway.health import Flow, Vitals, ailments

MIB = 1 << 20
FLOW = Flow(relay="relay-1", relay_silent_seconds=0.5, slots=dict.fromkeys(WORKERS, 4))
EVENTS = StreamState("EVENTS", present=True, size_bytes=10 * MIB, most_bytes=1024 * MIB)
WELL = Vitals(FLOW, [EVENTS])


def flow(**changes: object) -> Vitals:
    return replace(WELL, flow=replace(FLOW, **changes))


def stream(**changes: object) -> Vitals:
    return replace(WELL, streams=[replace(EVENTS, **changes)])


@pytest.mark.parametrize(
    ("vitals", "codes"),
    [
        (WELL, []),
        (flow(oldest_unsent_seconds=14.9, waiting=2), []),
        (flow(oldest_unsent_seconds=15.1, waiting=2), ["relay_stalled"]),
        (flow(relay_silent_seconds=15.1), ["relay_silent"]),
        (flow(relay_silent_seconds=None, relay=None), ["relay_silent"]),
        (flow(relay_silent_seconds=60.0, oldest_unsent_seconds=60.0), ["relay_silent", "relay_stalled"]),
        (flow(slots={**FLOW.slots, "builder": 0}), ["no_capacity"]),
        (flow(slots={}), ["no_capacity"]),
        (stream(size_bytes=972 * MIB), []),
        (stream(size_bytes=973 * MIB), ["nats_full"]),
        (stream(size_bytes=1024 * MIB, drops=True), []),
        (stream(size_bytes=1024 * MIB, most_bytes=-1), []),
        (stream(size_bytes=1000, most_bytes=10_000), ["nats_full"]),
        (replace(WELL, missing=["EVENTS/gateway"]), ["consumer_missing"]),
        (replace(WELL, streams=None), ["nats_unreachable"]),
        (replace(WELL, flow=None), ["postgres_unreachable"]),
        (Vitals(None, None), ["nats_unreachable", "postgres_unreachable"]),
    ],
)
def test_what_is_wrong(vitals: Vitals, codes: list[str]) -> None:
    assert [problem.code for problem in ailments(vitals, 15.0)] == codes


def test_an_operator_is_told_what_to_look_at() -> None:
    missing = replace(flow(slots={}, relay_silent_seconds=20.0), missing=["EVENTS/gateway", "DEAD"])
    consumers, silent, idle = (problem.detail for problem in ailments(missing, 15.0))
    assert "Missing: EVENTS/gateway, DEAD." in consumers
    assert "The relay relay-1 was last heard 20 s ago." in silent
    assert "loader, metadata, builder, executor, checker, shipper" in idle
