from __future__ import annotations

import pytest
from support import fake_gateway as fake

HOSTILE = (
    "\x1b[31mred\x1b[0m\t[bold]x[/bold] :smile:\r\n\x1b]8;;http://evil\x07click\x1b]8;;\x07\x9b2J\x00\x07 \u202eend"
)
CLEAN = "red\t[bold]x[/bold] :smile:\nclick end"


def _finished(**steps: str) -> dict:
    logged = {name: {"status": "success", "log": f"/api/v1/job/{fake.JOB}/log/{name}"} for name in steps}
    return fake.a_job(steps=logged)


def test_the_kept_logs_of_a_finished_job_are_printed(gateway, erc) -> None:
    gateway.logs = {"image_build": "built\n", "image_execute": "ran\nwell"}
    gateway.jobs = [_finished(**gateway.logs)]
    ran = erc("logs", fake.JOB, url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, "built\nran\nwell\n")
    assert "── image_build\n" in ran.stderr


def test_only_the_log_of_one_step_is_printed(gateway, erc) -> None:
    gateway.logs = {"image_build": "built\n", "image_execute": "ran\n"}
    gateway.jobs = [_finished(**gateway.logs)]
    assert erc("logs", fake.JOB, "--step", "image_execute", url=gateway.url).stdout == "ran\n"


def test_the_build_alone_and_the_last_lines_alone_are_printed(gateway, erc) -> None:
    gateway.logs = {"image_build": "a\nb\nc\n", "image_execute": "ran\n"}
    gateway.jobs = [_finished(**gateway.logs)]
    assert erc("logs", fake.JOB, "--build", url=gateway.url).stdout == "a\nb\nc\n"
    assert erc("logs", fake.JOB, "--build", "-n", "2", url=gateway.url).stdout == "b\nc\n"
    assert erc("logs", fake.JOB, "--lines", 2, url=gateway.url).stdout == "c\nran\n"


@pytest.mark.parametrize("options", [("--build", "--step", "check"), ("-f", "-n", "2"), ("-n", "0")])
def test_options_that_do_not_go_together_are_wrong_use(gateway, erc, options) -> None:
    assert erc("logs", fake.JOB, *options, url=gateway.url).exit_code == 2


def test_a_step_without_a_log_is_not_found(gateway, erc) -> None:
    assert erc("logs", fake.JOB, "--step", "check", url=gateway.url).exit_code == 4


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_in_a_log_commands_the_terminal(gateway, erc, follow) -> None:
    gateway.logs = {"image_execute": HOSTILE}
    gateway.jobs = [fake.a_job(status="running"), fake.a_job()] if follow else [_finished(image_execute="")]
    gateway.streams = [[fake.log(1, HOSTILE), fake.ended(2)]]
    assert erc("logs", fake.JOB, "-f", url=gateway.url).stdout.replace(" " * 5, "\t") == f"{CLEAN}\n"


def test_following_prints_each_chunk_once_and_joins_lines(gateway, erc) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None)]
    gateway.streams = [
        [fake.log(1, "one\ntw", chunk=1), fake.BREAKS],
        [fake.event(2, "reset", {}), fake.log(3, "one\ntw", chunk=1), fake.log(4, "o\nthree", chunk=2), fake.ended(5)],
    ]
    ran = erc("logs", fake.JOB, "-f", url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, "one\ntwo\nthree\n")
    assert gateway.places == ["", "epoch.1.0"]


def test_a_step_that_was_tried_again_is_told_from_its_beginning(gateway, erc) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None)]
    gateway.streams = [[fake.log(1, "a\n", chunk=2), fake.log(2, "b\n", attempt=2), fake.ended(3)]]
    ran = erc("logs", fake.JOB, "-f", url=gateway.url)
    assert ran.stdout == "a\nb\n"
    assert "image_execute begins again" in ran.stderr


def test_the_log_so_far_of_a_running_job_is_printed_without_waiting(gateway, erc) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None)]
    gateway.streams = [[fake.log(1, "so far\n"), fake.HANGS]]
    ran = erc("logs", fake.JOB, url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, "so far\n")


def test_a_chunk_that_cannot_be_read_is_no_crash(gateway, erc) -> None:
    gateway.jobs = [fake.a_job(status="running", verdict=None)]
    gateway.streams = [
        ["event: log\ndata: nonsense\n\n", fake.event(1, "log", {"text": 5, "chunk": "x"}), fake.ended(2)]
    ]
    assert erc("logs", fake.JOB, "-f", url=gateway.url).exit_code == 0
