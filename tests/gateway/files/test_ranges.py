"""Which bytes a request asks for, as RFC 9110 says."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.files.pieces import Made, Reading, Row, Stored
from erc.gateway.files.ranges import Unsatisfiable, asked_ranges, range_holds, unchanged


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bytes=0-0", [range(1)]),
        ("bytes=2-", [range(2, 10)]),
        ("bytes=-3", [range(7, 10)]),
        ("bytes=-99", [range(10)]),
        ("bytes=5-99, 0-1", [range(5, 10), range(2)]),
        ("Bytes = 1 - 2", [range(1, 3)]),
        ("bytes=8-,20-30", [range(8, 10)]),
        ("bytes=3-2", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("lines=0-1", None),
        ("0-1", None),
    ],
)
def test_ranges_are_understood(header: str, asked: list[range] | None) -> None:
    assert asked_ranges(header, 10) == asked


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=" + ",".join(["0-"] * 6), "bytes=" + "0-," * 1000])
def test_what_lies_beyond_or_is_too_many_cannot_be_given(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        asked_ranges(header, 10)


@given(st.text(alphabet="bytes=0123456789-, \x00é", max_size=60), st.integers(0, 1000))
def test_whatever_a_range_says_it_stays_within_the_bytes(text: str, size: int) -> None:
    with contextlib.suppress(Unsatisfiable):
        for one in asked_ranges(f"bytes={text}", size) or []:
            assert 0 <= one.start < one.stop <= size


def test_an_etag_is_known_or_not() -> None:
    assert unchanged({"if-none-match": '"a", W/"b"'}, '"b"')
    assert unchanged({"if-none-match": "*"}, '"b"')
    assert not unchanged({"if-none-match": '"a"'}, '"b"')
    assert not unchanged({}, '"b"')
    assert range_holds({}, '"b"')
    assert range_holds({"if-range": '"b"'}, '"b"')
    assert not range_holds({"if-range": '"a"'}, '"b"')
    assert not range_holds({"if-range": "Wed, 25 Nov 2026 12:00:00 GMT"}, '"b"')


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=12), st.data())
def test_any_part_of_a_row_is_read(pieces: list[tuple[bool, int]], data: st.DataObject) -> None:
    path = Path(__file__)
    source = path.read_bytes()

    def row_pieces() -> list[Made | Stored]:
        return [Stored(size, path, 7) if kept else Made(size, lambda size=size: bytes(size)) for kept, size in pieces]

    whole = b"".join(source[7 : 7 + size] if kept else bytes(size) for kept, size in pieces)
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    reading = Reading(Row(len(whole), lambda: iter(row_pieces())), begin, end)
    assert b"".join(iter(reading.next, b"")) == whole[begin:end]
    reading.close()
