"""Numbers and words for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.gateway.pages import words
from erc.gateway.pages.about import about_document
from erc.gateway.pages.rendering import human_duration, human_size, moment
from erc.schemas.check import Outcome, Verdict
from erc.schemas.compendium import CompendiumStatus
from erc.schemas.job import StepName, StepStatus

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("title", "creators", "description", "license", "keywords", "identifier", "depends", "mainfile", "displayfile")


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        ((1 << 20) - 1, "1 MiB"),
        (5 << 30, "5 GiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_sizes(size_bytes: int, said: str) -> None:
    assert human_size(size_bytes) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "0.0 s"), (0.42, "0.4 s"), (12.4, "12 s"), (185, "3 min 5 s"), (7440, "2 h 4 min")]
)
def test_durations(seconds: float, said: str) -> None:
    assert human_duration(seconds) == said


def test_a_time_is_for_people_and_for_programs() -> None:
    at = moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert at == '<time datetime="2026-01-02T03:04:05+00:00">2 January 2026, 03:04 UTC</time>'


def test_every_state_has_a_mark_and_a_word() -> None:
    groups = [
        (words.VERDICTS, Verdict),
        (words.OUTCOMES, Outcome),
        (words.STEPS, StepStatus),
        (words.COMPENDIUM, CompendiumStatus),
    ]
    for known, names in groups:
        assert set(known) == set(names)
        assert all(state.mark and state.word for state in known.values())
    assert set(words.DOING) == set(words.LABELS) == set(StepName)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)))
def test_metadata_of_any_shape_becomes_texts(document: dict[str, object]) -> None:
    about = about_document(document)
    assert about.title
    assert all(author.name for author in about.authors)
    assert "\x1b" not in about.title + "".join(about.description)
