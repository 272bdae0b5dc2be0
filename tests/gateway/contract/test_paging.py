"""Cursors name the row that a page ended with, and nothing else can be made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.paging import CursorInvalid, Paging, Place, cursor, place

IDS = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26)


@given(st.builds(Place, IDS, st.booleans()), st.booleans())
def test_a_cursor_comes_back_as_the_row_it_was_made_of(last: Place, newest_first: bool) -> None:
    paging = Paging(newest_first=newest_first)
    made = cursor(paging, last)
    assert place(made, paging.sort) == last
    with pytest.raises(CursorInvalid):
        place(made, Paging(newest_first=not newest_first).sort)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_no_other_text_is_a_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid):
        place(text, "-created")
