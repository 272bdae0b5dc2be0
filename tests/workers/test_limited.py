"""Functions on hostile bytes run in a child that can be too demanding without harm."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from erc.events.errors import Rejected
from erc.events.limited import Limited


def _add(first: int, second: int) -> int:
    return first + second


def _refuse() -> None:
    raise Rejected("No", "Mend it.", code="refused")


def _eat() -> int:
    return len(bytearray(4 << 30))


def _remember(word: str) -> tuple[int, list[str]]:
    _HEARD.append(word)
    return os.getpid(), list(_HEARD)


_HEARD: list[str] = []


def _crash() -> None:
    import ctypes

    ctypes.string_at(0)


@pytest.fixture(scope="module")
def limited() -> Limited:
    return Limited([], memory_mib=1024, seconds=6)


async def test_a_value_comes_back(limited: Limited) -> None:
    assert await limited.call(_add, 2, 3) == 5


async def test_a_rejection_comes_back_whole(limited: Limited) -> None:
    with pytest.raises(Rejected) as refused:
        await limited.call(_refuse)
    assert (refused.value.problem.code, refused.value.problem.detail) == ("refused", "Mend it.")


@pytest.mark.parametrize("function", [_eat, _crash])
async def test_a_child_that_eats_or_crashes_is_rejected(limited: Limited, function: object) -> None:
    with pytest.raises(Rejected, match="too much"):
        await limited.call(function)


async def test_a_child_that_takes_too_long_is_ended(limited: Limited) -> None:
    begun = time.monotonic()
    with pytest.raises(Rejected, match="too much"):
        await limited.call(time.sleep, 60)
    assert time.monotonic() - begun < 20


async def test_a_child_answers_one_call_unless_more_are_allowed(limited: Limited) -> None:
    first, second = await limited.call(_remember, "a"), await limited.call(_remember, "b")
    assert first[0] != second[0]
    assert second[1] == ["b"]


async def test_a_child_answers_as_many_calls_as_are_allowed() -> None:
    several = Limited([], memory_mib=1024, seconds=6, calls=2)
    said = [await several.call(_remember, word) for word in "abc"]
    assert said[0][0] == said[1][0] != said[2][0]


async def test_a_child_that_crashed_is_not_asked_again() -> None:
    several = Limited([], memory_mib=1024, seconds=6, calls=9)
    with pytest.raises(Rejected, match="too much"):
        await several.call(_crash)
    with pytest.raises(Rejected) as refused:
        await several.call(_refuse)
    assert refused.value.problem.code == "refused"
    assert await several.call(_add, 2, 3) == 5


def _write_for_ever(path: str) -> None:
    with Path(path).open("ab", buffering=0) as file:
        while True:
            file.write(b"x")
            time.sleep(0.01)


async def test_a_child_that_nobody_waits_for_any_more_is_killed(limited: Limited, tmp_path: Path) -> None:
    patient, path = Limited([], memory_mib=1024, seconds=60), tmp_path / "growing"
    call = asyncio.create_task(patient.call(_write_for_ever, str(path)))
    async with asyncio.timeout(20):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(20):
        sizes = [0]
        while len(sizes) < 3 or len(set(sizes[-3:])) > 1:
            await asyncio.sleep(0.1)
            sizes.append(path.stat().st_size)


def _bytes_of(size: int) -> bytes:
    return b"x" * size


async def test_a_child_may_answer_in_bytes_alone(limited: Limited) -> None:
    assert await limited.read(3, _bytes_of, 3) == b"xxx"
    with pytest.raises(Rejected) as refused:
        await limited.read(3, _bytes_of, 4)
    assert refused.value.problem.code == "too_demanding"
    with pytest.raises(Rejected) as told:
        await limited.read(1000, _refuse)
    assert (told.value.problem.title, told.value.problem.detail, told.value.problem.code) == (
        "No",
        "Mend it.",
        "refused",
    )
    with pytest.raises(Rejected, match="asks too much"):
        await limited.read(1000, _eat)
