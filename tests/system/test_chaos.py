"""A hundred kills at named moments under load: nothing is lost, doubled or stuck."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from system.chaos.schedule import SERVERS, WINDOWS, Fault, schedule

from erc.events.faults import Faults

TESTS = Path(__file__).parents[1]
KILLS, SEED = 100, 1


@pytest.mark.engine
def test_a_hundred_kills_lose_double_and_hold_up_nothing(
    record_property: Callable[[str, object], None],
) -> None:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-m", "system.chaos", "--kills", str(KILLS), "--seed", str(SEED)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    last = run.stdout.strip().rpartition("\n")[2]
    record_property("line", last)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    told = {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", last)}
    assert (told["lost"], told["doubled"], told["stuck"]) == (0, 0, 0)
    assert told["ended"] == told["accepted"] > 0
    assert told["kills"] >= KILLS


def test_a_seed_always_gives_the_same_faults_and_another_one_others() -> None:
    assert list(schedule(7, 200, engine=True)) == list(schedule(7, 200, engine=True))
    assert list(schedule(7, 200)) != list(schedule(8, 200))


def test_every_moment_of_every_process_is_hit_as_often_as_any_other() -> None:
    moments = sum(map(len, WINDOWS.values())) + len(SERVERS)
    kills = Counter((it.process, it.moment) for it in schedule(3, 10 * moments) if it.kind == "kill")
    assert len(kills) == moments
    assert set(kills.values()) == {10}


def test_every_moment_of_the_schedule_is_one_that_processes_reach() -> None:
    code = "".join(path.read_text() for part in ("events", "workers", "gateway") for path in _sources(part))
    reached = set(re.findall(r'faults\.reach\("(\w+)"\)', code))
    assert {moment for moments in WINDOWS.values() for moment in moments} == reached
    assert all(f'from_environment("{process}")' in code for process in ("gateway", "follower", "relay"))


def _sources(part: str) -> list[Path]:
    return sorted((TESTS.parent / part).rglob("*.py"))


def test_every_kind_of_fault_comes_in_a_long_run() -> None:
    kinds = {(it.kind, it.process) for it in islice(schedule(1, 1000, engine=True), 1000)}
    assert {("restart", "nats"), ("restart", "postgres"), ("network", "cut"), ("engine", "kill")} <= kinds
    assert {("stop", "relay"), ("stop", "executor"), ("stop", "gateway")} <= kinds
    assert isinstance(next(schedule(1, 1)), Fault)


def test_an_order_is_for_one_process_and_one_moment(tmp_path: Path) -> None:
    order = tmp_path / "checker.before_commit"
    order.touch()
    for faults, moment in (
        (Faults("builder", tmp_path), "before_commit"),
        (Faults("checker", tmp_path), "after_commit"),
    ):
        faults.reach(moment)  # type: ignore[arg-type]
        assert order.exists()
    assert not Faults("checker", None).ordered
