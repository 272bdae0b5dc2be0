from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import nats
import pytest
from nats.errors import Error as NatsError
from support.kernel import alive, descendants, name, until

from erc.deploy.processes import PROCESSES

ONLY = "relay,loader,metadata"


class Started:
    def __init__(self, home: Path, *options: str, **environment: str) -> None:
        self.home = home
        clean = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "NATS_URL"}}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "erc.deploy", "--home", str(home), *options],
            env=clean | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ready(self) -> Started:
        assert until(lambda: self.process.poll() is not None or self._announced(), 60)
        assert self.process.poll() is None, self.said()
        return self

    def _announced(self) -> bool:
        try:
            return json.loads((self.home / "service.json").read_text())["pid"] == self.process.pid
        except OSError:
            return False

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def children(self, short: str) -> list[int]:
        return [pid for pid in descendants(self.process.pid) if name(pid) == short and self._is_child(pid)]

    def _is_child(self, pid: int) -> bool:
        try:
            return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == self.process.pid
        except FileNotFoundError:
            return False

    def stop(self) -> str:
        self.process.terminate()
        assert self.process.wait(8) == 0
        return self.said()


Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Started] = []

    def begin(*options: str, **environment: str) -> Started:
        running.append(Started(tmp_path / "home", *options, **environment))
        return running[-1]

    yield begin
    for started in running:
        started.process.kill()
        started.process.wait()


def secret(home: Path, which: str) -> str:
    return (home / "secrets" / which).read_text().strip()


def ports(home: Path) -> dict[str, int]:
    return json.loads((home / "ports.json").read_text())


def database_url(home: Path, role: str = "postgres", which: str = "postgres") -> str:
    return f"postgresql://{role}:{quote(secret(home, which))}@127.0.0.1:{ports(home)['postgres']}/postgres"


async def test_it_starts_everything_and_says_where(start: Start, tmp_path: Path) -> None:
    started = start("--only", ONLY).ready()
    home = tmp_path / "home"
    assert json.loads((home / "service.json").read_text())["pid"] == started.process.pid
    connection = await asyncpg.connect(database_url(home, "erc_loader", "role_loader"))
    assert await connection.fetchval("SELECT count(*) FROM job") == 0
    await connection.close()
    client = await nats.connect(f"nats://erc:{secret(home, 'nats')}@127.0.0.1:{ports(home)['nats']}")
    assert (await client.jetstream().stream_info("COMMANDS")).config.name == "COMMANDS"
    await client.close()
    said = started.stop()
    assert "started  postgres nats loader metadata relay" in said
    assert str(home) in said
    assert not (home / "service.json").exists()


async def test_nobody_gets_in_without_a_password(start: Start, tmp_path: Path) -> None:
    start("--only", ONLY).ready()
    home = tmp_path / "home"
    for url in (
        database_url(home).replace(":" + quote(secret(home, "postgres")), ":x"),
        database_url(home, "erc_loader"),
    ):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url)
    with pytest.raises((NatsError, OSError)):
        await nats.connect(f"nats://127.0.0.1:{ports(home)['nats']}", allow_reconnect=False, max_reconnect_attempts=0)
    secrets = [path.read_text() for path in (home / "secrets").iterdir()]
    of_nats = {f"nats_{what}" for what in ("provision", "subscriber", "subscriber_url", "builder", "builder_url")}
    servers = {"postgres", "nats", *of_nats}
    assert len(set(secrets)) == len(secrets) == len(PROCESSES) + len(servers)
    for path in (home / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((home / "nats" / "nats.conf").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_goes_on(start: Start) -> None:
    first = start("--only", ONLY).ready()
    family = descendants(first.process.pid)
    assert {"postgres", "nats-server", "erc-relay", "erc-loader", "erc-metadata"} <= {name(pid) for pid in family}
    first.process.kill()
    assert until(lambda: not alive(family), 1), {name(pid) for pid in alive(family)}
    start("--only", ONLY).ready().stop()


@pytest.mark.parametrize("short", ["postgres", "nats-server", "erc-relay", "erc-loader"])
def test_a_killed_process_comes_back(start: Start, short: str) -> None:
    started = start("--only", ONLY).ready()
    (before,) = started.children(short)
    os.kill(before, signal.SIGKILL)
    assert until(lambda: started.children(short) not in ([], [before]), 8)
    assert f"{short.removeprefix('erc-').removesuffix('-server')} ended (signal SIGKILL)" in started.stop()


async def test_a_second_start_finds_the_state(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = start("--only", ONLY).ready()
    connection = await asyncpg.connect(database_url(home))
    await connection.execute("INSERT INTO secret VALUES ('kept', 'x')")
    await connection.close()
    first_ports = ports(home)
    first.stop()
    second = start("--only", ONLY).ready()
    assert ports(home) == first_ports
    connection = await asyncpg.connect(database_url(home))
    assert await connection.fetchval("SELECT count(*) FROM secret WHERE name = 'kept'") == 1
    await connection.close()
    second.stop()


def test_a_second_start_at_the_same_time_is_refused(start: Start, tmp_path: Path) -> None:
    first = start("--only", ONLY).ready()
    second = start("--only", ONLY)
    assert second.process.wait(20) == 1
    assert f"A service is running already on {tmp_path / 'home'} (process {first.process.pid}" in second.said()
    assert first.process.poll() is None
    assert (tmp_path / "home" / "service.json").exists()


def test_stopping_takes_less_than_five_seconds(start: Start) -> None:
    started = start("--only", ONLY).ready()
    family = descendants(started.process.pid)
    began = time.monotonic()
    assert "Everything has stopped." in started.stop()
    assert time.monotonic() - began < 5
    assert not alive(family)


def test_once_stops_when_everything_answers_and_each_process_ends_by_itself(start: Start) -> None:
    started = start("--only", f"gateway,{ONLY}", "--once")
    assert started.process.wait(60) == 0
    assert "The service is ready after" in started.said()
    for short in ("gateway", *ONLY.split(",")):
        assert (started.home / "logs" / f"{short}.log").read_text().endswith("INFO erc.process Ended\n"), short


def test_other_servers_are_used_when_they_are_named(start: Start, tmp_path: Path) -> None:
    start("--only", ONLY).ready()
    home = tmp_path / "home"
    environment = {
        "DATABASE_URL": database_url(home),
        "NATS_URL": f"nats://erc:{secret(home, 'nats')}@127.0.0.1:{ports(home)['nats']}",
    }
    other = Started(tmp_path / "other", "--only", "loader", **environment).ready()
    try:
        assert {name(pid) for pid in descendants(other.process.pid)} >= {"erc-loader"}
        assert not {"postgres", "nats-server"} & {name(pid) for pid in descendants(other.process.pid)}
    finally:
        said = other.stop()
    assert "used     the servers of DATABASE_URL and NATS_URL" in said


def test_another_version_of_the_database_says_how_to_restore(start: Start, tmp_path: Path) -> None:
    assert start("--only", ONLY, "--once").process.wait(60) == 0
    (tmp_path / "home" / "postgres_version").write_text("12\n")
    second = start("--only", ONLY)
    assert second.process.wait(20) == 1
    said = second.said()
    assert "made by PostgreSQL 12" in said
    assert "pg_dumpall" in said


def test_an_interrupted_first_start_begins_anew(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "home" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    assert start("--only", ONLY, "--once").process.wait(60) == 0


def test_every_process_has_a_role_of_its_own() -> None:
    assert len({process.role for process in PROCESSES}) == len(PROCESSES)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a user namespace")
def test_refused_user_namespaces_are_explained(start: Start, tmp_path: Path) -> None:
    refusing = tmp_path / "bin" / "unshare"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    started = start("--only", ONLY, PATH=f"{refusing.parent}:{os.environ['PATH']}")
    assert started.process.wait(20) == 1
    said = started.said()
    assert "this machine refuses user namespaces (unshare failed: Operation not permitted)" in said
    assert "Start the service as an ordinary user, or set DATABASE_URL" in said


def test_a_gateway_that_cannot_start_is_given_up_with_its_last_words(start: Start, tmp_path: Path) -> None:
    started = start("--only", "gateway", GATEWAY_UPLOAD_BYTES="many")
    assert started.process.wait(40) == 1
    said = started.said()
    assert "gateway ended again and again. Its log" in said
    assert "invalid literal for int() with base 10: 'many'" in said
    assert not (tmp_path / "home" / "service.json").exists()
