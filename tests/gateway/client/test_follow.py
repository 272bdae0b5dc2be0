from __future__ import annotations

import io
import threading
import time

import pytest
from support import fake_gateway as fake

from erc.gateway.client import Client, ClientError, Unreachable
from erc.gateway.client.discovery import Service
from erc.gateway.client.failures import TimedOut
from erc.gateway.client.pack import Packed, Reader
from erc.gateway.client.sse import Deadline, Patience, follow


def _patience(limit_seconds: float = 60, seconds: float | None = None, told: list[str] | None = None) -> Patience:
    return Patience(Deadline(seconds), (told if told is not None else []).append, limit_seconds)


def test_a_restart_of_the_service_loses_and_repeats_nothing(gateway) -> None:
    gateway.streams = [
        [fake.changed(1, check="running"), fake.HANGS],
        [fake.changed(2, check="success"), fake.ended(3)],
    ]
    told: list[str] = []
    with Client(lambda: Service(gateway.url)) as client:
        heard = follow(client, fake.JOB, _patience(told=told))
        first = next(heard)
        gateway.stop()
        threading.Timer(1.0, gateway.start_again).start()
        rest = list(heard)
    states = [heard.document["data"]["steps"] for heard in [first, *rest]]
    assert states == [{"check": "running"}, {"check": "success"}, {"cleanup": "success"}]
    assert gateway.places == ["", "epoch.1.0"]
    assert told == [f"No service answers at {gateway.url}. Trying again …", ""]


def test_a_service_that_comes_back_elsewhere_is_found(gateway) -> None:
    gateway.jobs = [fake.a_job(status="running")]
    gateway.streams = [[fake.changed(1, check="running"), fake.BREAKS]]
    other = fake.FakeGateway()
    other.streams = [[fake.ended(2)]]
    places = [Service(gateway.url), Service(other.url)]
    with Client(lambda: places[0] if len(places) == 1 else places.pop(0)) as client:
        kinds = [heard.kind for heard in follow(client, fake.JOB, _patience())]
    other.stop()
    assert kinds == ["job", "end"]
    assert other.places == ["epoch.1.0"]


def test_patience_with_a_dead_service_has_an_end(gateway) -> None:
    with Client(lambda: Service(gateway.url)) as client:
        gateway.stop()
        with pytest.raises(Unreachable, match="No service answers"):
            list(follow(client, fake.JOB, _patience(limit_seconds=0.5)))
    gateway.start_again()


def test_the_deadline_holds_while_the_service_is_away(gateway) -> None:
    with Client(lambda: Service(gateway.url)) as client:
        gateway.stop()
        began = time.monotonic()
        with pytest.raises(TimedOut):
            list(follow(client, fake.JOB, _patience(seconds=0.7)))
    assert time.monotonic() - began < 3
    gateway.start_again()


def test_a_refusal_is_not_tried_again(gateway) -> None:
    gateway.refuse("GET", f"/api/v1/job/{fake.JOB}/events", 404, title="no job with this id")
    with Client(lambda: Service(gateway.url)) as client, pytest.raises(Exception, match="no job with this id"):
        list(follow(client, fake.JOB, _patience()))
    assert len(gateway.asked) == 1


def test_a_page_instead_of_events_is_no_service(gateway) -> None:
    with Client(lambda: Service(gateway.url)) as client:
        gateway.kind = "text/html"
        with pytest.raises(Unreachable, match="does not speak as this service does"):
            list(follow(client, fake.JOB, _patience(limit_seconds=0.3)))


def test_a_file_that_changes_while_it_is_sent_ends_the_upload(gateway, workspace) -> None:
    packed = Packed(workspace)
    (workspace / "main.R").write_text("something longer\n")
    reader = io.BufferedReader(Reader(packed.pieces(), packed.size_bytes, lambda _added: None))
    with Client(lambda: Service(gateway.url)) as client, pytest.raises(ClientError, match="changed while it was sent"):
        client.upload(reader, "paper.tar", "workspace", "a-key")
