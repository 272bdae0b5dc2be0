"""Heavy requests wait for each other; nobody takes every slot."""

from __future__ import annotations

import asyncio

import pytest

from erc.gateway.errors import Refused
from erc.gateway.slots import Slots


async def test_everybody_gets_a_slot_in_the_end_and_never_too_many_at_once() -> None:
    slots, running, most, of_ada = Slots(total=3, each=2), 0, 0, 0

    async def heavy(account: str) -> None:
        nonlocal running, most, of_ada
        async with slots.one(account):
            running += 1
            most = max(most, running)
            of_ada += account == "ada"
            assert of_ada <= 2
            await asyncio.sleep(0)
            running -= 1
            of_ada -= account == "ada"

    await asyncio.gather(*(heavy(account) for account in ["ada"] * 30 + ["bob"] * 30))
    assert (running, most) == (0, 3)


async def test_who_waits_too_long_is_told_to_come_again_and_holds_nothing() -> None:
    slots = Slots(total=2, each=1, patience_seconds=0.01)
    async with slots.one("ada"):
        with pytest.raises(Refused) as refused:
            async with slots.one("ada"):
                pass
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "10")
        async with slots.one("bob"):
            pass
    async with slots.one("ada"), slots.one("bob"):
        pass


async def test_a_request_that_fails_gives_its_slot_back() -> None:
    slots = Slots(total=1, each=1, patience_seconds=0.01)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with slots.one("ada"):
                raise ZeroDivisionError
