"""Reading ends, describing containers, taking log streams apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.errors import Unavailable
from erc.schemas.limits import GIB, MIB, RunLimits
from erc.workers.executor.domain import (
    Circumstances,
    DiskFull,
    Failed,
    Frames,
    Intention,
    Mount,
    OutOfMemory,
    Owner,
    RunRequest,
    Seen,
    Stopped,
    Succeeded,
    TimedOut,
    container_config,
    is_settled,
    read_outcome,
    remaining,
)
from erc.workers.executor.domain.run import with_variables

LIMITS = RunLimits(memory_bytes=GIB, disk_bytes=2 * GIB, wall_clock=timedelta(minutes=90))
REQUEST = RunRequest("0" * 26, 1, "sha256:1", ("Rscript", "a b.R"), PurePosixPath("/trees/x"))


NATURAL = Seen(died=True, killed=False)


def ended(exit_code: int, *, out_of_memory: bool = False, error: str = "") -> dict:
    return {"ExitCode": exit_code, "OOMKilled": out_of_memory, "Error": error}


@pytest.mark.parametrize(
    ("state", "intention", "outcome"),
    [
        (ended(0), None, Succeeded()),
        (ended(1), None, Failed(1)),
        (ended(0, out_of_memory=True), None, OutOfMemory(0, GIB)),
        (ended(137, out_of_memory=True), None, OutOfMemory(137, GIB)),
        (ended(137), Intention.TIME_OUT, TimedOut(LIMITS.wall_clock, 137)),
        (ended(137), Intention.CANCEL, Stopped(137)),
        (ended(137), Intention.DISK_FULL, DiskFull(2 * GIB, 137)),
        (ended(137, out_of_memory=True), Intention.CANCEL, Stopped(137)),
    ],
)
def test_the_end_is_read_from_code_memory_and_intention(state: dict, intention: Intention, outcome: object) -> None:
    assert read_outcome(state, intention, LIMITS, NATURAL) == outcome


def test_variables_of_a_run_go_before_the_usual_ones_and_behind_what_a_repeat_varies() -> None:
    usual = with_variables(Circumstances(), {"SEED": "2", "TZ": "Europe/Berlin"})
    zone = replace(Circumstances(), environment=("HOME=/tmp", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=<+1345>-13:45"))
    varied = with_variables(zone, {"SEED": "2", "TZ": "Europe/Berlin"})

    assert dict(one.split("=", 1) for one in usual.environment) == {
        "HOME": "/tmp", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "Europe/Berlin", "SEED": "2",
    }  # fmt: skip
    assert "TZ=<+1345>-13:45" in varied.environment
    assert "SEED=2" in varied.environment
    assert len({one.split("=")[0] for one in varied.environment}) == len(varied.environment)


@pytest.mark.parametrize("code", [137, 143, 255])
def test_a_kill_is_the_scripts_own_only_when_the_engine_saw_the_end_and_nobody_asked_for_it(code: int) -> None:
    assert read_outcome(ended(code), None, LIMITS, NATURAL) == Failed(code)
    for seen in (Seen(died=False, killed=False), Seen(died=True, killed=True), Seen(died=False, killed=True)):
        with pytest.raises(Unavailable):
            read_outcome(ended(code), None, LIMITS, seen)


@pytest.mark.parametrize(
    ("state", "seen", "settled"),
    [
        (ended(0), Seen(died=False, killed=False), True),
        (ended(1), Seen(died=False, killed=False), True),
        (ended(143), Seen(died=False, killed=False), False),
        (ended(143), NATURAL, True),
        (ended(137), NATURAL, False),
        (ended(137), Seen(died=False, killed=True), True),
        (ended(137, out_of_memory=True), Seen(died=False, killed=False), True),
    ],
)
def test_the_engine_is_asked_again_while_its_word_may_still_come(state: dict, seen: Seen, *, settled: bool) -> None:
    assert is_settled(state, seen) is settled


def test_an_engine_that_ends_a_run_spoils_it_whatever_the_script_made_of_it() -> None:
    for code in (0, 1, 143):
        with pytest.raises(Unavailable):
            read_outcome(ended(code), None, LIMITS, Seen(died=True, killed=True))


def test_an_end_that_the_engine_forgot_is_told_by_its_code() -> None:
    assert read_outcome(ended(3), None, LIMITS, Seen(died=False, killed=False)) == Failed(3)
    assert read_outcome(ended(0), None, LIMITS, Seen(died=False, killed=False)) == Succeeded()


@pytest.mark.parametrize(
    ("outcome", "code", "sentence"),
    [
        (Failed(1), "script_failed", "The script ended with exit code 1. Its last lines: Error: no such file"),
        (Failed(139), "script_failed", "exit code 139 (it crashed)"),
        (Failed(137), "script_failed", "exit code 137 (it was killed: by itself, by a program that it started, or"),
        (Failed(127, "exec: no R"), "script_not_started", "The script could not be started. Name a program"),
        (OutOfMemory(0, GIB), "out_of_memory", "A run may use 1 GiB. Read less data at once"),
        (TimedOut(timedelta(minutes=90)), "run_timeout", "The script was stopped after 90 minutes."),
        (TimedOut(timedelta(hours=1)), "run_timeout", "A run may take 1 hour."),
        (Stopped(), "run_cancelled", "The run was cancelled"),
        (DiskFull(1536 * MIB), "disk_limit", "A run may write 1.5 GiB."),
    ],
)
def test_a_problem_says_what_happened_and_what_to_do(outcome: Failed, code: str, sentence: str) -> None:
    problem = outcome.problem("Error: no such file\n")

    assert problem.code == code
    assert sentence in problem.sentence()


def test_a_silent_failure_is_called_silent() -> None:
    assert Failed(1).problem().sentence() == "The script ended with exit code 1. It said nothing."


def test_a_container_is_shut_in_and_its_command_is_never_code() -> None:
    config = container_config(REQUEST, Mount("/jobs/1"), LIMITS, Owner(61234, 61235), {}, runtime="runsc")
    host = config["HostConfig"]

    assert config["Entrypoint"] + config["Cmd"] == ["Rscript", "a b.R"]
    assert config["User"] == "61234:61235"
    assert (host["NetworkMode"], host["CapDrop"], host["ReadonlyRootfs"]) == ("none", ["ALL"], True)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Memory"] == host["MemorySwap"] == GIB
    assert host["Runtime"] == "runsc"
    assert [mount["Target"] for mount in host["Mounts"]] == ["/erc"]


def test_the_rest_of_the_time_counts_from_the_start() -> None:
    state = {"StartedAt": "2024-05-01T10:00:00.123456789Z"}

    assert remaining(state, LIMITS, datetime(2024, 5, 1, 11, 0, 0, 123456, UTC)) == timedelta(minutes=30)
    assert remaining(state, LIMITS, datetime(2024, 5, 1, 12, tzinfo=UTC)) == timedelta(0)


def framed(texts: list[bytes]) -> bytes:
    return b"".join(b"\x01\0\0\0" + len(text).to_bytes(4, "big") + text for text in texts)


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 30)))
def test_a_log_stream_gives_its_text_however_it_is_cut(texts: list[bytes], sizes: list[int]) -> None:
    stream, frames, got = framed(texts), Frames(10_000), b""
    for size in [*sizes, len(stream) + 1]:
        got += frames.feed(stream[:size])
        stream = stream[size:]

    assert got == b"".join(texts)
    assert not frames.cut


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1), st.integers(0, 100))
def test_no_more_of_a_log_than_its_limit_is_let_through(texts: list[bytes], limit: int) -> None:
    frames, whole = Frames(limit), b"".join(texts)

    got = b"".join(frames.feed(framed([text])) for text in texts)

    assert got[:limit] == whole[:limit]
    assert frames.cut == (len(whole) > limit)
    assert got == whole or got[limit:] == f"\n[The log is cut here: it is longer than {limit} bytes.]\n".encode()
