"""Logs: a record is one line whatever is in it, and no line holds a secret."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events import logs, trace
from erc.events.logs import JsonFormatter, Masker, TextFormatter
from erc.events.trace import Trace

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300) | st.sampled_from(
    ['\x1b[2J\r\n{"level": "info"}', "\u2028\u202e\ud800", '"', "\\", "%s %d", "x" * 100_000]
)


def _record(message: object, *values: object, error: BaseException | None = None) -> logging.LogRecord:
    about = (type(error), error, None) if error else None
    return logging.LogRecord("erc.test", logging.INFO, "file.py", 1, message, values, about)


def _formatter(kind: type[logs.Formatter], **environment: str) -> logs.Formatter:
    return kind("test", Masker.of(environment))


@given(ANYTHING, ANYTHING)
def test_whatever_is_said_is_one_object_on_one_line(message: str, detail: str) -> None:
    with logs.about({"job_id": message}):
        line = _formatter(JsonFormatter).format(_record("%s", message, error=ValueError(detail)))
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 110_000
    assert json.loads(line)["level"] == "info"


@given(ANYTHING, ANYTHING)
def test_text_cannot_forge_a_line_or_steer_a_terminal(message: str, detail: str) -> None:
    with logs.about({"job_id": message}):
        first, *rest = _formatter(TextFormatter).format(_record("%s", message, error=ValueError(detail))).split("\n")
    assert " INFO erc.test " in first
    assert all(line.startswith("    ") for line in rest)
    assert not any(set(line) & set("\x1b\r\x00\x85\u2028\u202e") for line in (first, *rest))


def test_an_ordinary_sentence_stays_as_it_is() -> None:
    sentence = "The token is not known; a secret: no. Zoë’s 図 – 4,2 µm"
    assert _formatter(TextFormatter).format(_record(sentence)).endswith(f"erc.test {sentence.replace('no.', '***')}")
    assert json.loads(_formatter(JsonFormatter).format(_record("Zoë’s 図")))["message"] == "Zoë’s 図"


def test_a_record_that_cannot_be_formatted_is_said_all_the_same() -> None:
    said = json.loads(_formatter(JsonFormatter).format(_record("%d things", "no number")))
    assert said["message"].startswith("%d things (its arguments cannot be shown")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://erc_gateway:hunter2-x@localhost/erc refused", "hunter2-x"),
        ("nats://erc:p%40ss-word@127.0.0.1:4222", "p%40ss-word"),
        ("Authorization: Bearer abc.def-ghi_jkl", "abc.def-ghi_jkl"),
        ("/sign-in?token=GhT_65-xyz&next=/", "GhT_65-xyz"),
        ('{"secret": "whsec-123456", "url": "x"}', "whsec-123456"),
        ("Cookie: erc_session=0123456789abcdef; a=b", "0123456789abcdef"),
        (f"http://127.0.0.1/c/{'ab' * 20}/1999999999/job/x/page.html", "ab" * 20),
        ("password='correct horse'", "correct"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, secret: str) -> None:
    assert secret not in Masker(set())(text)
    assert "***" in Masker(set())(text)


def test_what_is_known_to_be_secret_is_masked_wherever_it_is() -> None:
    mask = Masker.of(
        {
            "GATEWAY_OPERATOR_TOKEN": "operator-canary",
            "DATABASE_URL": "postgresql://erc:data%2Fbase-canary@localhost/erc",
            "WEBHOOK_SECRET": "webhook-canary",
            "HOME": "/home/person",
            "BROKEN_URL": "http://[",
            "SHORT_KEY": "1",
        }
    )
    said = mask("operator-canary, data/base-canary and data%2Fbase-canary, webhook-canary; /home/person; 1")
    assert said == "***, *** and ***, ***; /home/person; 1"


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    token = "t" * 40
    for length in range(logs.MESSAGE_CHARACTERS // 3 - 60, logs.MESSAGE_CHARACTERS // 3 + 20):
        said = _formatter(JsonFormatter, A_TOKEN=token).format(_record("x" * length + token + "y" * 10_000))
        assert "ttt" not in said


@pytest.mark.parametrize("piece", ["a", "a:", "http://", "a-", "x@", "/c/", "' = "])
def test_masking_much_that_is_no_secret_changes_nothing_and_ends(piece: str) -> None:
    text = piece * 200_000
    assert Masker({"a-secret-of-ours"})(text) == text


def test_a_record_says_to_which_trace_and_work_it_belongs() -> None:
    with trace.at(Trace("1" * 32, "2" * 16)), logs.about({"job_id": "j1"}), logs.about({"step": "check"}):
        said = json.loads(_formatter(JsonFormatter).format(_record("x")))
    assert (said["trace_id"], said["span_id"], said["job_id"], said["step"]) == ("1" * 32, "2" * 16, "j1", "check")
    assert "trace_id" not in json.loads(_formatter(JsonFormatter).format(_record("x")))


PROGRAM = """
import logging, threading, warnings
from erc.events import telemetry
with telemetry.process("test"):
    logging.getLogger("erc.x").debug("detail")
    logging.getLogger("library").debug("what passes through")
    warnings.warn("careful\\n")
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    class Late:
        def __del__(self):
            raise ValueError("too\\nlate")
    Late()
    raise RuntimeError("postgresql://erc:canary-password@localhost\\n")
"""


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_everything_that_a_process_says_is_data() -> None:
    run = _run(LOG_FORMAT="json", LOG_LEVEL="debug")
    said = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["message"].split(":")[0].split(" ")[0] for line in said] == [
        "Started",
        "detail",
        "<string>",
        "A",
        "Ignored",
        "Unexpected",
    ]
    assert {line["component"] for line in said} == {"test"}
    assert "RuntimeError" in said[-1]["exception"]
    assert "canary" not in run.stderr
    assert run.returncode == 1
    assert run.stdout == ""


@pytest.mark.parametrize(("name", "value"), [("LOG_FORMAT", "xml"), ("LOG_LEVEL", "chatty")])
def test_a_wrong_setting_is_said_in_a_sentence(name: str, value: str) -> None:
    run = _run(**{name: value})
    assert run.returncode == 1
    assert run.stderr.startswith(f"{name} is {value!r}" if name == "LOG_FORMAT" else "LOG_LEVEL is 'CHATTY'")
    assert len(run.stderr.splitlines()) == 1
