from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.client.terminal import Lines, one_line, plain


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x9d[]m;\x07\\P\r\n\t0")), max_size=200))
def test_no_control_character_but_tabs_and_line_ends_is_left(text: str) -> None:
    cleaned = plain(text)
    assert not [sign for sign in cleaned if unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\t\n"]
    assert plain(cleaned) == cleaned
    assert "\n" not in one_line(text)


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")), max_size=100))
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@given(st.text("ab\n", max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_lines_are_the_same_however_they_are_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(text)]
    lines, found = Lines(), []
    for start, end in pairwise(places):
        found += lines.add(text[start:end])
    assert found + lines.end() == text.removesuffix("\n").split("\n") if text else not found


def test_a_colour_that_is_cut_in_two_leaves_no_trace() -> None:
    lines = Lines()
    assert lines.add("\x1b[3") + lines.add("1mred\n") == ["red"]


def test_a_line_without_end_is_not_kept_for_ever() -> None:
    lines = Lines()
    assert lines.add("x" * 100_000) == ["x" * 100_000]
