"""When work counts as abandoned, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.catalog import LoadWorkspace
from erc.gateway.abandoned import Care, Going, LastCommand, care_for
from erc.schemas.ids import encode_id

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PATIENCE = timedelta(minutes=5)
ID = encode_id(1, bytes(10))
COMMAND = LoadWorkspace(compendium_id=ID, upload="a" * 64)


def ago(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOW - timedelta(minutes=minutes)


def going(sent: float | None, seen: float | None = None, cause: str = "1", *, asked: bool = True) -> Going:
    last = LastCommand(COMMAND, cause, ago(sent)) if asked else None
    return Going("compendium", ID, 1, NOW - timedelta(hours=1), last, ago(seen))


@pytest.mark.parametrize(
    ("it", "care"),
    [
        (going(sent=6), Care.ASK_AGAIN),
        (going(sent=4), Care.LEAVE),
        (going(sent=None), Care.LEAVE),
        (going(sent=30, seen=4), Care.LEAVE),
        (going(sent=30, seen=6), Care.ASK_AGAIN),
        (going(sent=6, cause="1.again"), Care.GIVE_UP),
        (going(sent=4, cause="1.again"), Care.LEAVE),
        (going(sent=0, asked=False), Care.GIVE_UP),
    ],
)
def test_silence_is_first_a_reason_to_ask_again_and_then_to_give_up(it: Going, care: Care) -> None:
    assert care_for(it, NOW, PATIENCE, comes=False) is care


minutes = st.one_of(st.none(), st.floats(0, 100))


@given(minutes, minutes, st.sampled_from(["1", "1.again"]), st.booleans())
def test_what_still_comes_or_was_heard_of_lately_is_left_alone(
    sent: float | None, seen: float | None, cause: str, asked: bool
) -> None:
    it = going(sent, seen, cause, asked=asked)
    assert care_for(it, NOW, PATIENCE, comes=True) is Care.LEAVE
    if (asked and (sent is None or sent < 5)) or (seen is not None and seen < 5):
        assert care_for(it, NOW, PATIENCE, comes=False) is Care.LEAVE
