from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.kernel import alive, descendants, until

TESTS = Path(__file__).parents[1]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor with processes of these names."""
    running: list[subprocess.Popen[str]] = []

    def begin(*names: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "support.small_stack", str(tmp_path), *names]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        assert until(lambda: len(lines(tmp_path / "started")) >= len(names), 30)
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def pids(folder: Path, name: str) -> list[int]:
    return [int(line.split()[1]) for line in lines(folder / "started") if line.split()[0] == name]


def test_a_killed_process_is_started_again(start: Start, tmp_path: Path) -> None:
    supervisor = start("steady-a", "steady-b")
    (first,) = pids(tmp_path, "steady-a")
    os.kill(first, signal.SIGKILL)
    assert until(lambda: len(pids(tmp_path, "steady-a")) == 2, 30)
    assert alive(pids(tmp_path, "steady-a")) == {pids(tmp_path, "steady-a")[1]}
    assert len(pids(tmp_path, "steady-b")) == 1
    assert supervisor.stdout is not None
    assert "steady-a ended (signal SIGKILL)" in supervisor.stdout.readline()


def test_a_process_that_is_blamed_is_started_again(start: Start, tmp_path: Path) -> None:
    start("steady-a", "steady-b", "blamer-c")
    assert until(lambda: len(pids(tmp_path, "steady-a")) == 2, 30)
    assert until(lambda: len(pids(tmp_path, "blamer-c")) == 2, 30)
    assert alive(pids(tmp_path, "steady-a")) == {pids(tmp_path, "steady-a")[1]}
    assert len(pids(tmp_path, "steady-b")) == 1


def test_a_killed_supervisor_takes_everything_with_it(start: Start) -> None:
    supervisor = start("steady-a", "stubborn-b", "steady-c")
    family = descendants(supervisor.pid)
    assert len(family) == 3
    supervisor.kill()
    assert until(lambda: not alive(family), 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    supervisor = start("steady-a", "steady-b", "steady-c")
    family = descendants(supervisor.pid)
    supervisor.send_signal(number)
    assert supervisor.wait(5) == 0
    assert lines(tmp_path / "ended") == ["steady-a", "steady-b", "steady-c"]
    assert not alive(family)


def test_whoever_does_not_stop_is_killed_after_five_seconds(start: Start, tmp_path: Path) -> None:
    supervisor = start("stubborn-a", "steady-b")
    family = descendants(supervisor.pid)
    began = time.monotonic()
    supervisor.terminate()
    supervisor.wait(8)
    assert 4 < time.monotonic() - began < 6.5
    assert lines(tmp_path / "ended") == ["steady-b"]
    assert not alive(family)


def test_a_second_signal_ends_the_patience(start: Start) -> None:
    supervisor = start("stubborn-a")
    supervisor.send_signal(signal.SIGINT)
    time.sleep(0.3)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(2) == 0


def test_a_process_that_crashes_again_and_again_waits_longer(start: Start, tmp_path: Path) -> None:
    supervisor = start("crasher-a")
    assert until(lambda: len(lines(tmp_path / "started")) >= 5, 30)
    supervisor.terminate()
    times = [float(line.split()[1]) for line in lines(tmp_path / "started")[:5]]
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4, 0.8), strict=True))
    assert pauses[0] < 0.6


def test_a_process_has_its_own_log(start: Start, tmp_path: Path) -> None:
    start("crasher-a", "steady-b")
    assert until(lambda: "RuntimeError: this is why" in (tmp_path / "crasher-a.log").read_text(), 30)
    assert (tmp_path / "steady-b.log").read_text() == ""


def test_a_process_has_its_own_session_and_name(start: Start, tmp_path: Path) -> None:
    start("steady-a", "steady-b")
    assert os.getsid(pids(tmp_path, "steady-a")[0]) != os.getsid(pids(tmp_path, "steady-b")[0])
    names = {Path(f"/proc/{pids(tmp_path, name)[0]}/comm").read_text().strip() for name in ("steady-a", "steady-b")}
    assert names == {"erc-steady-a", "erc-steady-b"}


def test_a_secret_reaches_the_process_that_it_is_meant_for_alone(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_PROVIDER_ORCID_CLIENT_SECRET", "open sesame")
    monkeypatch.setenv("GATEWAY_PROVIDERS", "orcid")
    start("gateway", "loader")
    told = {name: (tmp_path / f"told-{name}").read_text() for name in ("gateway", "loader")}
    assert "open sesame" in told["gateway"]
    assert "open sesame" not in told["loader"]
    assert "GATEWAY_PROVIDERS" in told["loader"]
