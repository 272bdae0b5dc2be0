"""What a fork cannot bear ends the fork alone."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import time
from collections.abc import Callable

import pytest

from erc.events.errors import Rejected, Unavailable
from erc.events.forked import forked


def _eat() -> object:
    raise MemoryError


def _fail() -> object:
    return {}["nothing"]


def _leave() -> object:
    raise SystemExit(0)


def _refuse() -> object:
    raise Rejected("No", "Mend it.", code="refused")


def _wait() -> object:
    raise Unavailable("later")


def _crash() -> object:
    faulthandler.disable()  # pytest would print the stack of every thread
    return ctypes.string_at(0)


def test_a_fork_answers_and_leaves_nothing_of_its_own_behind() -> None:
    kept: list[int] = []
    assert forked(lambda: (kept.append(1), os.getpid())[1], 20) != os.getpid()
    assert kept == []


def test_an_answer_may_be_large() -> None:
    assert len(forked(lambda: b"x" * (8 << 20), 20)) == 8 << 20


@pytest.mark.parametrize(
    ("function", "why"),
    [(_crash, "crashed"), (_eat, "memory"), (_fail, "KeyError"), (_leave, "crashed")],
)
def test_a_fork_that_fails_is_rejected(function: Callable[[], object], why: str) -> None:
    with pytest.raises(Rejected, match=why) as refused:
        forked(function, 20)
    assert refused.value.problem.code == "too_demanding"


def test_a_rejection_comes_back_whole() -> None:
    with pytest.raises(Rejected, match="No") as refused:
        forked(_refuse, 20)
    assert (refused.value.problem.code, refused.value.problem.detail) == ("refused", "Mend it.")


def test_what_is_unavailable_stays_so() -> None:
    with pytest.raises(Unavailable, match="later"):
        forked(_wait, 20)


def test_an_answer_that_cannot_be_handed_over_is_rejected() -> None:
    with pytest.raises(Rejected, match="crashed"):
        forked(lambda: lambda: 1, 20)


def test_a_fork_that_takes_too_long_is_ended() -> None:
    begun = time.monotonic()
    with pytest.raises(Rejected, match="took longer than 1 seconds"):
        forked(lambda: time.sleep(60), 1)
    with pytest.raises(Rejected, match="used up"):
        forked(lambda: 1, 0)
    assert time.monotonic() - begun < 20
