"""`python -m erc.events`: the tools for the day when nothing else runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg
import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, RetentionPolicy, StreamConfig
from support.servers import nats as nats_server
from support.servers import postgres

from erc.events.__main__ import main
from erc.migrations.__main__ import upgrade

T = TypeVar("T")


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str


@dataclass
class Servers:
    database_url: str
    nats_url: str
    environment: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]
    logged: pytest.LogCaptureFixture

    def run(self, *arguments: str, **environment: str) -> Ran:
        """Call the command line in this process."""
        for name, value in ({"DATABASE_URL": self.database_url, "NATS_URL": self.nats_url} | environment).items():
            self.environment.setenv(name, value)
        self.captured.readouterr()
        self.logged.clear()
        code: object = 0
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
        said = self.captured.readouterr()
        sentence = code if isinstance(code, str) else ""
        return Ran(code if isinstance(code, int) else 1, said.out, f"{said.err}{self.logged.text}{sentence}")

    def ask(self, do: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        async def doing() -> T:
            client = await nats.connect(self.nats_url)
            try:
                return await do(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(doing())


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as server:
        upgrade(server.url, {})
        asyncio.run(_logged(server.url))
        yield server.url


async def _logged(url: str) -> None:
    connection = await asyncpg.connect(url)
    for number in (1, 2, 3):
        await connection.execute(
            "INSERT INTO event (stream, subject, message_id, aggregate, aggregate_id, sequence, body, sent, position) "
            "VALUES ('EVENTS', 'erc.event.check.x.made', $1, 'check', $2, $3, $4, now(), $5)",
            f"check:{number}",
            f"job{number % 2}",
            number,
            json.dumps({"number": number}),
            number,
        )
    await connection.close()


@pytest.fixture
def servers(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Servers]:
    with nats_server(tmp_path) as server:
        yield Servers(database_url, server.url, monkeypatch, capsys, caplog)


def test_provisioning_twice_changes_what_is_declared_otherwise(servers: Servers) -> None:
    assert servers.run("provision", EVENTS_ACK_WAIT_SECONDS="7").code == 0

    async def drift(js: JetStreamContext) -> None:
        config = (await js.stream_info("EVENTS")).config
        config.subjects = ["erc.event.>", "old.>"]
        config.max_bytes = 5_000_000
        await js.update_stream(config)
        await js.delete_consumer("EVENTS", "indexer")

    servers.ask(drift)
    assert servers.run("provision", EVENTS_ACK_WAIT_SECONDS="11").code == 0
    config = servers.ask(lambda js: js.stream_info("EVENTS")).config
    assert (config.subjects, config.max_bytes) == (["erc.event.>"], 1 << 30)
    for consumer in ("gateway", "indexer"):
        assert servers.ask(lambda js, name=consumer: js.consumer_info("EVENTS", name)).config.ack_wait == 11


def test_what_cannot_be_changed_is_explained_and_made_anew(servers: Servers) -> None:
    async def otherwise(js: JetStreamContext) -> None:
        await js.add_stream(StreamConfig(name="COMMANDS", subjects=["erc.command.>"], retention=RetentionPolicy.LIMITS))

    servers.ask(otherwise)
    refused = servers.run("provision")
    assert refused.code == 1
    assert "NATS refused the stream COMMANDS" in refused.stderr
    assert "python -m erc.events rebuild --stream COMMANDS" in refused.stderr
    assert "Traceback" not in refused.stderr
    rebuilt = servers.run("rebuild", "--stream", "COMMANDS")
    assert rebuilt.code == 0, rebuilt.stderr
    assert servers.ask(lambda js: js.stream_info("COMMANDS")).config.retention == RetentionPolicy.WORK_QUEUE


def test_a_consumer_that_cannot_be_changed_is_explained(servers: Servers) -> None:
    assert servers.run("provision").code == 0

    async def otherwise(js: JetStreamContext) -> None:
        await js.delete_consumer("EVENTS", "indexer")
        await js.add_consumer("EVENTS", ConsumerConfig(durable_name="indexer", ack_policy="none"))  # type: ignore[arg-type]

    servers.ask(otherwise)
    refused = servers.run("provision")
    assert refused.code == 1
    assert "NATS refused the consumer indexer of EVENTS" in refused.stderr


def test_the_status_tells_everything_and_fails_when_something_is_missing(servers: Servers) -> None:
    missing = servers.run("status")
    assert missing.code == 1
    assert "Missing: COMMANDS, EVENTS" in missing.stderr
    servers.run("provision")
    found = servers.run("status")
    assert found.code == 0, found.stderr
    assert "EVENTS/gateway" in found.stdout
    assert "outbox    0 messages wait" in found.stdout


def test_the_log_is_replayed_as_lines(servers: Servers) -> None:
    lines = [json.loads(line) for line in servers.run("replay", "--after", "1").stdout.splitlines()]
    assert lines == [{"position": number, "stream": "EVENTS", "message": {"number": number}} for number in (2, 3)]
    (line,) = servers.run("replay", "--aggregate", "job0").stdout.splitlines()
    assert json.loads(line)["position"] == 2


def test_streams_are_rebuilt_from_the_log_alone(servers: Servers) -> None:
    rebuilt = servers.run("rebuild")
    assert rebuilt.code == 0, rebuilt.stderr
    assert "EVENTS holds 3 messages" in rebuilt.stdout
    assert servers.ask(lambda js: js.get_msg("EVENTS", 3)).headers["Nats-Msg-Id"] == "check:3"
    assert servers.ask(lambda js: js.consumer_info("EVENTS", "gateway")).num_pending == 3


def test_a_missing_setting_is_told(servers: Servers) -> None:
    assert "DATABASE_URL is not set" in servers.run("replay", DATABASE_URL="").stderr
