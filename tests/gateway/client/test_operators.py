"""The operators' verbs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

LETTER = {
    "dead": 7,
    "buried": "2024-05-01T10:00:00+00:00",
    "subject": "erc.command.loader.default.load.c",
    "id": "command:c:loader.load:1",
    "type": "loader.load.v1",
    "aggregate": "c",
    "problem": {"code": "unavailable", "title": "The service could not do this", "detail": "Try \x1b[31mlater."},
}


def an_event(position: int, **data: Any) -> dict[str, Any]:
    return {
        "position": position,
        "id": f"job:j:{position}:job.changed.v1",
        "stream": "EVENTS",
        "subject": "erc.event.job.j.changed",
        "public": None,
        "created": "2024-05-01T10:00:00+00:00",
        "sent": "2024-05-01T10:00:01+00:00",
        "message": {"type": "job.changed.v1", "subject": "j", "data": data},
    }


def a_status(**changes: Any) -> dict[str, Any]:
    stream = {"name": "EVENTS", "present": True, "messages": 12, "size_bytes": 3400, "most_bytes": 1 << 20}
    consumer = {"stream": "EVENTS", "name": "gateway", "present": True, "pending": 3}
    return {
        "streams": [{**stream, "created": "2024-05-01T10:00:00+00:00"}],
        "consumers": [{**consumer, "unacknowledged": 1, "redelivered": 0, "waiting": 4}],
        "outbox": {"waiting": 2, "oldest_seconds": 1.25},
        "relay": {"instance": "relay-1", "silent_seconds": 0.5},
        "slots": {"loader": 4},
        "problems": [],
        **changes,
    }


def test_the_streams_are_told(gateway, erc) -> None:
    gateway.admin["GET", "streams"] = [a_status()]
    ran = erc("streams", "status", url=gateway.url)
    assert ran.exit_code == 0
    shown = ran.stdout
    assert all(word in shown for word in ("EVENTS/gateway", "1,048,576", "2 messages wait, the oldest for 1.2 s"))
    assert "relay-1, heard 0.5 s ago" in shown
    assert "Everything is well." in shown


def test_what_is_wrong_with_the_streams_ends_with_1(gateway, erc) -> None:
    missing = {"name": "EVENTS", "present": False}
    problem = {"code": "relay_silent", "title": "Nobody publishes messages", "detail": "Start the relay again."}
    relay = {"instance": None, "silent_seconds": None}
    gateway.admin["GET", "streams"] = [a_status(streams=[missing], problems=[problem], relay=relay, slots={})]
    ran = erc("streams", "status", url=gateway.url)
    assert ran.exit_code == 1
    assert all(word in ran.stdout for word in ("is missing", "was never heard", "no worker is here"))
    assert "Nobody publishes messages. Start the relay again." in ran.stdout
    assert json.loads(erc("streams", "status", "--json", url=gateway.url).stdout)["exit_code"] == 1


def test_the_event_log_is_replayed_page_by_page(gateway, erc) -> None:
    pages = [[an_event(1, status="running"), an_event(2)], [an_event(5)], []]
    gateway.admin["GET", "events"] = [{"results": page, "next": None} for page in pages]
    ran = erc("events", "replay", "--of", "j", "--after", 0, url=gateway.url)
    assert ran.exit_code == 0
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["1", "2", "5"]
    assert '{"status": "running"}' in ran.stdout
    assert [(query["aggregate"], query["after"]) for query in gateway.queries] == [("j", "0"), ("j", "2"), ("j", "5")]


def test_a_replay_as_json_is_a_document_a_line(gateway, erc) -> None:
    gateway.admin["GET", "events"] = [{"results": [an_event(1), an_event(2)]}, {"results": []}]
    ran = erc("events", "replay", "--json", url=gateway.url)
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [an_event(1), an_event(2)]


def test_an_empty_log_says_so(gateway, erc) -> None:
    gateway.admin["GET", "events"] = [{"results": []}]
    ran = erc("events", "replay", url=gateway.url)
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "There is no such event.\n")


def test_the_tail_goes_on_until_it_is_interrupted(gateway) -> None:
    gateway.admin["GET", "events"] = [
        {"results": [an_event(8)]},
        {"results": [an_event(8)]},
        {"results": []},
        {"results": [an_event(9)]},
        {"results": []},
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "erc.gateway.client", "events", "tail", "--json"],
        env={**os.environ, "ERC_URL": gateway.url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    found = [json.loads(process.stdout.readline())["position"] for _ in range(2)]
    process.send_signal(signal.SIGINT)
    assert found == [8, 9]
    assert process.wait(10) == 130
    assert [query.get("after") for query in gateway.queries[:4]] == [None, None, "8", "8"]


def test_an_event_is_shown_with_its_message(gateway, erc) -> None:
    gateway.admin["GET", "events/job:j:1:job.changed.v1"] = [an_event(1, status="running")]
    ran = erc("events", "show", "job:j:1:job.changed.v1", url=gateway.url)
    assert "position  1" in ran.stdout
    assert '"status": "running"' in ran.stdout


def test_an_event_that_is_not_there_is_not_found(gateway, erc) -> None:
    assert erc("events", "show", "nothing", url=gateway.url).exit_code == 4


def test_dead_letters_are_listed_over_all_pages(gateway, erc) -> None:
    other = {**LETTER, "dead": 9, "type": None, "aggregate": None, "subject": "erc.event.x"}
    gateway.admin["GET", "dead"] = [{"results": [LETTER], "next": 7}, {"results": [other], "next": None}]
    ran = erc("dead", "list", url=gateway.url)
    assert ran.exit_code == 0
    assert all(word in ran.stdout for word in ("7", "loader.load.v1", "9", "erc.event.x", "The service could"))
    gateway.admin["GET", "dead"] = [{"results": [LETTER, other], "next": None}]
    assert json.loads(erc("dead", "list", "--limit", 1, "--json", url=gateway.url).stdout)["dead"] == [other]


def test_no_dead_letters_is_good_news(gateway, erc) -> None:
    gateway.admin["GET", "dead"] = [{"results": [], "next": None}]
    assert "There are no dead letters" in erc("dead", "list", url=gateway.url).stdout


@pytest.mark.parametrize(("message", "shown"), [('{"id": "x"}', '  "id": "x"'), ("\x1b[2Jgarbage", "garbage")])
def test_a_dead_letter_is_shown_and_commands_the_terminal_nothing(gateway, erc, message: str, shown: str) -> None:
    gateway.admin["GET", "dead/7"] = [{**LETTER, "message": message}]
    ran = erc("dead", "show", 7, url=gateway.url)
    assert shown in ran.stdout
    assert "The service could not do this. Try later." in ran.stdout
    assert "\x1b" not in ran.stdout


def test_a_retry_tells_what_was_sent(gateway, erc) -> None:
    gateway.admin["POST", "dead/7/retry"] = [{"dead": 7, "sent": "command:c:loader.load:4"}]
    assert "command:c:loader.load:4" in erc("dead", "retry", 7, url=gateway.url).stdout


def test_a_retry_that_cannot_be_is_a_conflict_and_says_why(gateway, erc) -> None:
    gateway.refuse("POST", "/api/v1/admin/dead/7/retry", 409, title="A job ends once", detail="Start a new one.")
    ran = erc("dead", "retry", 7, url=gateway.url)
    assert (ran.exit_code, ran.stderr) == (5, "A job ends once. Start a new one.\n")


def test_a_letter_is_dropped(gateway, erc) -> None:
    gateway.admin["DELETE", "dead/7"] = [{"dead": 7}]
    assert erc("dead", "drop", 7, url=gateway.url).stdout == "The dead letter 7 is gone.\n"
    assert erc("dead", "drop", 8, url=gateway.url).exit_code == 4
    assert erc("dead", "drop", "x", url=gateway.url).exit_code == 2


def test_a_rebuild_tells_how_far_it_is_until_it_is_done(gateway, erc) -> None:
    going = {"created": "2024-05-01T10:00:00+00:00", "ended": None, "streams": {"EVENTS": {"messages": 3, "of": 9}}}
    done = {**going, "ended": "2024-05-01T10:00:05+00:00", "streams": {"EVENTS": {"messages": 9, "of": 9}}}
    gateway.admin["POST", "rebuild/events"] = [going]
    gateway.admin["GET", "rebuild/events"] = [going, done]
    ran = erc("rebuild", "events", url=gateway.url)
    assert (ran.exit_code, ran.stdout) == (0, "Done: EVENTS 9 of 9 messages.\n")
    assert "EVENTS 3 of 9 messages" in ran.stderr


def test_a_rebuild_may_only_be_begun(gateway, erc) -> None:
    gateway.admin["POST", "rebuild/index"] = [{"created": "x", "ended": None, "compendia": 0}]
    ran = erc("rebuild", "index", "--no-wait", "--json", url=gateway.url)
    assert json.loads(ran.stdout) == {"created": "x", "ended": None, "compendia": 0, "exit_code": 0}


def test_a_rebuild_that_takes_too_long_is_left_alone(gateway, erc) -> None:
    going = {"created": "x", "ended": None, "compendia": 4, "removed": 1}
    gateway.admin["POST", "rebuild/index"] = gateway.admin["GET", "rebuild/index"] = [going]
    ran = erc("rebuild", "index", "--timeout", 0.2, url=gateway.url)
    assert ran.exit_code == 6
    assert "4 compendia, 1 removed" in ran.stderr


@pytest.mark.parametrize("verb", [("streams", "status"), ("dead", "list"), ("events", "replay"), ("rebuild", "index")])
def test_who_is_no_operator_is_not_permitted(gateway, erc, verb: tuple[str, str]) -> None:
    for method, path in (("GET", "streams"), ("GET", "dead"), ("GET", "events"), ("POST", "rebuild/index")):
        gateway.refuse(method, f"/api/v1/admin/{path}", 403, title="user level does not allow this")
    ran = erc(*verb, url=gateway.url)
    assert ran.exit_code == 8
    assert "user level does not allow this" in ran.stderr


def test_help_names_the_operators_verbs(erc) -> None:
    shown = erc("--help").stdout
    assert all(word in shown for word in ("For operators", "events", "streams", "dead", "rebuild"))
    assert all(word in erc("events", "--help").stdout for word in ("tail", "replay", "show"))
