"""What operators see and do, and what mends itself: on the whole service, with real servers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import asyncpg
import httpx2
import nats
import pytest
from nats.js import JetStreamContext
from support.kernel import descendants, name
from support.service import TEXT_PAPER, Service, packed, running

from erc.schemas.compendium import Compendium
from erc.workers.indexer.domain import search_document

pytestmark = pytest.mark.engine

T = TypeVar("T")

PROBLEM = {"code": "unavailable", "title": "The service could not do this", "detail": "Try again."}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("operators") / "home"
    home.mkdir()
    environment = {"EVENTS_ACK_WAIT_SECONDS": "2", "EVENTS_HEARTBEAT_SECONDS": "0.5", "GATEWAY_STALLED_SECONDS": "3"}
    environment["RELAY_PUBLISH_SECONDS"] = "1"
    with running(home, **environment) as service:
        until(lambda: ready(service) == [], 30)
        yield service


def until(holds: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
    return found


def ready(service: Service) -> list[str]:
    """Return the codes of what is wrong."""
    with service.client() as client:
        answer = client.get("/health/ready")
    return [one["code"] for one in answer.json().get("problems", [])]


def in_nats(service: Service, do: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    async def doing() -> T:
        client = await nats.connect(service.servers()[1])
        try:
            return await do(client.jetstream(timeout=10))
        finally:
            await client.close()

    return asyncio.run(doing())


def in_postgres(service: Service, query: str) -> list[Any]:
    async def asking() -> list[Any]:
        connection = await asyncpg.connect(service.servers()[0])
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    return asyncio.run(asking())


def process(service: Service, short: str) -> int:
    return next(pid for pid in descendants(service.process.pid) if name(pid) == short)


def index_hashes(service: Service) -> dict[str, str]:
    rows = in_postgres(service, "SELECT compendium_id, version, owner, candidate, document, words FROM search_document")
    return {row["compendium_id"]: hashlib.sha256(repr(tuple(row)).encode()).hexdigest() for row in rows}


def in_index(service: Service, compendium: str) -> bool:
    return compendium in index_hashes(service)


def rebuilt(service: Service, what: str) -> dict[str, Any]:
    asked = service.post(f"/api/v1/admin/rebuild/{what}", {})
    assert asked.get("ended", "?") is None, asked
    return service.until(f"/api/v1/admin/rebuild/{what}", lambda it: it["ended"], 30)


async def stream_ids(js: JetStreamContext, stream: str) -> list[str]:
    last = (await js.stream_info(stream)).state.last_seq
    return [(await js.get_msg(stream, number)).headers["Nats-Msg-Id"] for number in range(1, last + 1)]


def logged_ids(service: Service) -> list[str]:
    query = "SELECT message_id FROM event WHERE stream = 'EVENTS' AND sent IS NOT NULL ORDER BY position"
    return [row["message_id"] for row in in_postgres(service, query)]


def test_the_index_is_the_same_live_rebuilt_and_replayed_and_as_the_compendia_say(service: Service) -> None:
    mine = [service.ready(packed({**TEXT_PAPER, "README.md": f"# Lake {n}"})) for n in range(3)]
    until(lambda: all(in_index(service, one) for one in mine))
    live = index_hashes(service)

    in_postgres(service, "UPDATE search_document SET document = '{}', words = '' RETURNING 1")
    in_postgres(
        service,
        "INSERT INTO search_document (compendium_id, version, owner, candidate, document, words) "
        "VALUES ('ghost', 1, 'o', true, '{}', '') RETURNING 1",
    )
    progress = rebuilt(service, "index")
    assert (progress["removed"], progress["unreadable"]) == (1, 0)
    assert index_hashes(service) == live

    in_postgres(service, "DELETE FROM search_document RETURNING 1")
    in_nats(service, lambda js: js.delete_consumer("EVENTS", "indexer"))
    until(lambda: index_hashes(service) == live, 40)

    documents = {
        row["compendium_id"]: json.loads(row["document"])
        for row in in_postgres(service, "SELECT compendium_id, document FROM search_document")
    }
    for row in in_postgres(service, "SELECT id, document FROM compendium WHERE status = 'ready'"):
        assert documents.pop(row["id"]) == search_document(Compendium.model_validate_json(row["document"])).source
    assert not documents


def test_the_streams_are_filled_again_while_the_service_runs(service: Service) -> None:
    before = in_nats(service, lambda js: js.stream_info("EVENTS")).created
    progress = rebuilt(service, "events")
    assert progress["streams"]["EVENTS"]["messages"] == progress["streams"]["EVENTS"]["of"] > 0
    assert in_nats(service, lambda js: js.stream_info("EVENTS")).created != before
    service.ready(packed(TEXT_PAPER))
    until(lambda: in_nats(service, lambda js: stream_ids(js, "EVENTS")) == logged_ids(service))


@pytest.mark.parametrize("consumer", ["EVENTS/gateway", "EVENTS/indexer", "COMMANDS/loader-default", "DEAD/undertaker"])
def test_a_deleted_consumer_is_noticed_and_made_again_and_work_goes_on(service: Service, consumer: str) -> None:
    stream, durable = consumer.split("/")
    relay = process(service, "erc-relay")
    os.kill(relay, signal.SIGSTOP)
    try:
        in_nats(service, lambda js: js.delete_consumer(stream, durable))
        until(lambda: "consumer_missing" in ready(service))
    finally:
        os.kill(relay, signal.SIGCONT)
    until(lambda: ready(service) == [], 40)
    until(lambda: in_index(service, service.ready(packed(TEXT_PAPER))), 40)


def test_a_nats_that_lost_everything_is_filled_and_work_goes_on(service: Service) -> None:
    compendium = service.upload(packed(TEXT_PAPER))
    shutil.rmtree(service.home / "nats" / "jetstream")
    os.kill(process(service, "nats-server"), signal.SIGKILL)
    service.until(f"/api/v1/compendium/{compendium}", lambda it: it["status"] == "ready", 60)
    until(lambda: ready(service) == [], 60)
    until(lambda: in_nats(service, lambda js: stream_ids(js, "EVENTS")) == logged_ids(service))
    until(lambda: in_index(service, service.ready(packed(TEXT_PAPER))), 40)


def test_a_stopped_relay_is_noticed(service: Service) -> None:
    relay = process(service, "erc-relay")
    os.kill(relay, signal.SIGSTOP)
    try:
        until(lambda: ready(service) == ["relay_silent"])
        service.upload(packed(TEXT_PAPER))
        until(lambda: ready(service) == ["relay_silent", "relay_stalled"])
    finally:
        os.kill(relay, signal.SIGCONT)
    until(lambda: ready(service) == [])


def test_a_full_stream_is_noticed(service: Service) -> None:
    async def limit(js: JetStreamContext, most: int) -> int:
        config = (await js.stream_info("EVENTS")).config
        before, config.max_bytes = config.max_bytes, most
        await js.update_stream(config)
        return before

    async def room(js: JetStreamContext) -> int:
        return (await js.stream_info("EVENTS")).state.bytes + 10

    before = in_nats(service, lambda js: limit(js, 1 << 30))
    in_nats(service, lambda js: _tight(js, limit, room))
    try:
        until(lambda: ready(service) == ["nats_full"])
        compendium = service.upload(packed(TEXT_PAPER))
        until(lambda: set(ready(service)) == {"nats_full", "relay_stalled"})
    finally:
        in_nats(service, lambda js: limit(js, before))
    service.until(f"/api/v1/compendium/{compendium}", lambda it: it["status"] == "ready", 60)
    until(lambda: ready(service) == [])


async def _tight(js: JetStreamContext, limit: Any, room: Any) -> None:
    await limit(js, await room(js))


def test_a_nats_that_could_not_write_is_started_again_once_there_is_room(service: Service) -> None:
    server = process(service, "nats-server")
    _, most = resource.prlimit(server, resource.RLIMIT_FSIZE)
    resource.prlimit(server, resource.RLIMIT_FSIZE, (0, most))
    compendium = service.upload(packed(TEXT_PAPER))
    until(lambda: "relay_stalled" in ready(service))
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(server, resource.RLIMIT_FSIZE, (most, most))
    service.until(f"/api/v1/compendium/{compendium}", lambda it: it["status"] == "ready", 60)
    assert process(service, "nats-server") != server
    until(lambda: ready(service) == [], 40)
    until(lambda: in_nats(service, lambda js: stream_ids(js, "EVENTS")) == logged_ids(service))


def test_a_missing_worker_is_noticed(service: Service) -> None:
    shipper = process(service, "erc-shipper")
    os.kill(shipper, signal.SIGSTOP)
    try:
        in_postgres(service, "UPDATE capacity SET seen = now() - interval '1 min' WHERE worker = 'shipper' RETURNING 1")
        until(lambda: ready(service) == ["no_capacity"])
    finally:
        os.kill(shipper, signal.SIGCONT)
    until(lambda: ready(service) == [])


def test_strangers_learn_what_is_wrong_and_no_details(service: Service) -> None:
    relay = process(service, "erc-relay")
    os.kill(relay, signal.SIGSTOP)
    try:
        until(lambda: ready(service))
        stranger = httpx2.get(f"{service.url}/health/ready")
        with service.client() as client:
            operator = client.get("/healthz")
    finally:
        os.kill(relay, signal.SIGCONT)
    assert stranger.status_code == operator.status_code == 503
    assert stranger.headers["content-type"] == "application/problem+json"
    assert stranger.json()["problems"] == [{"code": "relay_silent", "title": "Nobody publishes messages"}]
    assert "was last heard" in operator.json()["problems"][0]["detail"]
    assert httpx2.get(f"{service.url}/health/live").json() == {"status": "ok"}


def bury(service: Service, worker: str, verb: str, work: str, **data: Any) -> int:
    """Put a command into the dead-letter stream and return the number of the letter."""
    command = {
        "id": "x", "source": "erc/gateway", "type": f"{worker}.{verb}.v1", "subject": work,
        "time": "2026-01-01T00:00:00Z", "data": data,
    }  # fmt: skip
    body = json.dumps({"problem": PROBLEM, "message": json.dumps(command)}).encode()
    subject = f"erc.dead.erc.command.{worker}.default.{verb}.{work}"
    return int(in_nats(service, lambda js: js.publish(subject, body)).seq)


@contextlib.contextmanager
def without(service: Service, short: str) -> Iterator[None]:
    pid = process(service, short)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_dead_load_is_shown_and_done_again(service: Service) -> None:
    with without(service, "erc-loader"):
        compendium = service.upload(packed(TEXT_PAPER))
        row = until(
            lambda: in_postgres(
                service, f"SELECT body FROM event WHERE sent IS NOT NULL AND message_id LIKE 'command:{compendium}:%'"
            )
        )[0]
        letter = bury(service, "loader", "load", compendium, **json.loads(row["body"])["data"])
        service.until(f"/api/v1/compendium/{compendium}", lambda it: it["status"] == "rejected")
    listed = service.get("/api/v1/admin/dead?limit=100")["results"]
    assert [one["aggregate"] for one in listed if one["dead"] == letter] == [compendium]
    shown = service.get(f"/api/v1/admin/dead/{letter}")
    assert shown["problem"] == PROBLEM
    assert json.loads(shown["message"])["type"] == "loader.load.v1"

    sent = service.post(f"/api/v1/admin/dead/{letter}/retry", {})["sent"]
    service.until(f"/api/v1/compendium/{compendium}", lambda it: it["status"] == "ready")
    assert service.get(f"/api/v1/admin/events/{sent}")["message"]["subject"] == compendium
    assert service.get(f"/api/v1/admin/dead/{letter}")["status"] == 404
    assert service.get("/api/v1/admin/operations?limit=1")["results"][0]["action"] == "retry_dead_letter"

    again = bury(service, "loader", "load", compendium, **json.loads(row["body"])["data"])
    assert service.post(f"/api/v1/admin/dead/{again}/retry", {})["code"] == "compendium_ready"


def test_a_letter_is_dropped_and_who_did_it_is_kept(service: Service) -> None:
    digest = "a" * 64
    letter = bury(
        service, "checker", "check", "0" * 26, job_id="0" * 26, manifest=digest, outputs=digest, description=digest
    )
    assert service.post(f"/api/v1/admin/dead/{letter}/retry", {})["code"] == "job_ended"
    with service.client() as client:
        assert client.delete(f"/api/v1/admin/dead/{letter}").json() == {"dead": letter}
        assert client.delete(f"/api/v1/admin/dead/{letter}").status_code == 404
    done = service.get("/api/v1/admin/operations?limit=1")["results"][0]
    assert (done["principal"], done["action"], done["document"]["dead"]) == ("operator", "drop_dead_letter", letter)
    assert done["ended"] is not None


def test_the_event_log_is_paged_filtered_and_shown(service: Service) -> None:
    compendium = service.ready(packed(TEXT_PAPER))
    query = f"/api/v1/admin/events?stream=EVENTS&aggregate={compendium}"
    found = service.get(query)["results"]
    assert found[0]["message"]["data"]["status"] == "loading"
    assert [one["position"] for one in found] == sorted(one["position"] for one in found)
    paged, after = [], 0
    while results := (page := service.get(f"{query}&limit=2&after={after}"))["results"]:
        paged.extend(results)
        after = page["next"]
    assert paged == found
    assert service.get(f"{query}&last=1")["results"] == found[-1:]
    assert service.get(f"/api/v1/admin/events/{found[0]['id']}") == found[0]
    assert service.get(f"/api/v1/admin/events/{found[0]['position']}") == found[0]
    assert service.get("/api/v1/admin/events/nothing")["status"] == 404
    assert service.get("/api/v1/admin/events?after=x")["status"] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "streams"), ("GET", "events"), ("GET", "events/1"), ("GET", "dead"), ("GET", "dead/1"), ("DELETE", "dead/1"),
        ("POST", "dead/1/retry"), ("POST", "rebuild/index"), ("GET", "rebuild/events"), ("GET", "operations"),
    ],
)  # fmt: skip
def test_nobody_else_operates(service: Service, method: str, path: str) -> None:
    answer = httpx2.request(method, f"{service.url}/api/v1/admin/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
