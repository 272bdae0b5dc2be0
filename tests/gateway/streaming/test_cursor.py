"""Ids of events: every one that we make can be read, nothing else can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.errors import Refused
from erc.gateway.streaming.cursor import Cursor

words = st.text("0123456789abcdefz", min_size=1, max_size=32)
places = st.integers(0, 2**63 - 1)
cursors = st.builds(Cursor, words, places, st.none() | places)


@given(cursors)
def test_a_cursor_is_read_back_as_it_was(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor), with_log=cursor.log is not None) == cursor


@given(cursors)
def test_a_cursor_of_one_kind_of_stream_is_none_of_the_other(cursor: Cursor) -> None:
    with pytest.raises(Refused):
        Cursor.parse(str(cursor), with_log=cursor.log is None)


@given(st.text() | st.from_regex(r"[0-9a-z.٣+_ -]{1,40}"), st.booleans())
def test_what_is_read_is_written_the_same_and_all_else_is_refused(text: str, with_log: bool) -> None:
    try:
        cursor = Cursor.parse(text, with_log=with_log)
    except Refused as error:
        assert error.status == 400
    else:
        assert str(cursor) == text
