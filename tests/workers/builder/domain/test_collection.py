"""Which environments the engine may let go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.limits import GIB
from erc.workers.builder.domain.collection import KeptEnvironment, Needs, Pin, Watermarks, collect

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MARKS = Watermarks(low_bytes=10 * GIB, high_bytes=20 * GIB, grace=timedelta(hours=1))


def kept(key: str, *, size: int = 4, days: float = 10, saved: bool = True) -> KeptEnvironment:
    return KeptEnvironment(key, f"sha256:{key}", size * GIB, NOW - timedelta(days=days), saved)


def test_nothing_goes_while_the_disk_has_room() -> None:
    decided = collect([kept("a")], Needs(), 10 * GIB, MARKS, NOW)

    assert (decided.gone, decided.unpinned, decided.enough) == ((), 1, True)


def test_below_the_lower_mark_the_longest_unused_go_until_the_upper_one() -> None:
    three = [kept("new", days=1), kept("old", days=30), kept("middle", days=9)]

    decided = collect(three, Needs(), 9 * GIB, MARKS, NOW)

    assert [one.key for one in decided.gone] == ["old", "middle", "new"]
    assert [one.key for one in collect(three, Needs(), 9 * GIB, Watermarks(10 * GIB, 12 * GIB), NOW).gone] == ["old"]


def test_what_comes_back_without_a_build_goes_first() -> None:
    decided = collect([kept("costly", days=99, saved=False), kept("cheap")], Needs(), 9 * GIB, MARKS, NOW)

    assert [one.key for one in decided.gone] == ["cheap", "costly"]


def test_what_is_needed_stays_and_it_is_said_why() -> None:
    needs = Needs(running=frozenset({"runs"}), published=frozenset({"public", "safe"}))
    all_kept = [kept("runs"), kept("public", saved=False), kept("safe"), kept("young", days=0)]

    decided = collect(all_kept, needs, 0, MARKS, NOW, everything=True)

    assert [one.key for one in decided.gone] == ["safe"]
    assert {one.key: pin for one, pin in decided.pinned} == {
        "runs": Pin.RUNNING,
        "public": Pin.PUBLISHED,
        "young": Pin.YOUNG,
    }
    assert not decided.enough


@given(
    st.lists(
        st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(0, 9), st.floats(0, 99), st.booleans()),
        unique_by=lambda row: row[0],
        max_size=8,
    ),
    st.sets(st.text("abc", min_size=1, max_size=3)),
    st.integers(0, 40),
    st.booleans(),
)
def test_what_runs_is_never_let_go_and_nothing_is_forgotten(
    rows: list[tuple[str, int, float, bool]], running: set[str], free: int, everything: bool
) -> None:
    all_kept = [kept(key, size=size, days=days, saved=saved) for key, size, days, saved in rows]

    decided = collect(all_kept, Needs(frozenset(running), frozenset()), free * GIB, MARKS, NOW, everything=everything)

    assert not {one.key for one in decided.gone} & running
    assert len(decided.gone) + len(decided.pinned) + decided.unpinned == len(all_kept)
    assert everything or free >= 10 or decided.enough or decided.unpinned == 0
