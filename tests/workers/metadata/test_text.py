"""The border between an author's bytes and our documents."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.workers.code.text import MAX_TEXT, decode, normalise, plain

ANY_TEXT = st.text(st.characters(exclude_categories=()))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary() | st.dates() | st.datetimes()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT | st.integers(), inner))


def has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or has_nul(item) for key, item in value.items())
    return any(map(has_nul, value)) if isinstance(value, list) else isinstance(value, str) and "\0" in value


@settings(max_examples=120, deadline=None)
@given(VALUES)
def test_a_normalised_value_survives_json_and_utf_8_and_holds_no_nul(value: Any) -> None:
    kept = normalise(value)
    assert json.loads(json.dumps(kept, allow_nan=False).encode()) == kept
    assert json.loads(json.dumps(kept, ensure_ascii=False).encode()) == kept
    assert not has_nul(kept)
    assert normalise(kept) == kept


def test_what_no_store_holds_is_left_out() -> None:
    value = {
        "nan": math.nan,
        "inf": [1.5, -math.inf],
        "huge": 10**50,
        "raw": b"x",
        "text": "a\0\ud800b",
        "day": date(1, 2, 3),
    }
    assert normalise(value) == {"inf": [1.5], "text": "a\ufffdb", "day": "0001-02-03"}


def test_circular_and_deep_values_end() -> None:
    circular: list[Any] = [1]
    circular += [circular, circular]
    assert len(json.dumps(normalise(circular))) < 10_000_000


def test_a_long_text_is_cut() -> None:
    assert len(normalise("a" * (MAX_TEXT + 1))) == MAX_TEXT


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("# A **bold** _title_ with `code`", "A bold title with code"),
        ('Speed of [light](http://example.org "x")[^1]', "Speed of light"),
        ("<script>alert(1)</script>Title", "alert(1)Title"),
        ("two\n  lines", "two lines"),
        ("snake_case is 1 < 2", "snake_case is 1 < 2"),
    ],
)
def test_a_title_is_stripped_of_marks(markdown: str, words: str) -> None:
    assert plain(markdown) == words


@given(st.binary())
def test_every_file_has_a_text(data: bytes) -> None:
    text, encoding = decode(data)
    assert isinstance(text, str)
    assert encoding in {"utf-8", "utf-16", "latin-1"}
