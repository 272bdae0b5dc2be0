"""Themes, grids, grounds, legends and letters of other sizes are no content; what the data draw is."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from erc.schemas.check import Likeness
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.picture.elastic import apart
from erc.workers.checker.domain.picture.level import without_grid

SAME = {Likeness.IDENTICAL, Likeness.SAME_PICTURE, Likeness.OTHER_RENDERING}
HEIGHTS = (120, 60, 180, 90, 150)
BLUE = "#1f77b4"
loose = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def themed(
    heights: tuple[int, ...] = HEIGHTS,
    ground: str = "white",
    grid: str = "",
    over: bool = False,
    legend: int = 0,
    name: str = "observed",
) -> bytes:
    """Draw bars on a ground, with a grid's colour (none when empty) under or over them, and a legend's letter size."""
    image = Image.new("RGB", (560, 400), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((70, 50, 500, 330), fill=ground, outline="black")
    pen.text((200, 16), "Growth of 12 plots", fill="black", font=ImageFont.load_default(15))

    def lines() -> None:
        for at in range(8):
            if grid:
                pen.line((71, 85 + 32 * at, 499, 85 + 32 * at), fill=grid)

    if not over:
        lines()
    for place, value in enumerate(heights):
        left = 90 + 80 * place
        pen.rectangle((left, 329 - value, left + 50, 329), fill=BLUE)
    if over:
        lines()
    if legend:
        font = ImageFont.load_default(legend)
        pen.rectangle((78, 58, 100 + 7 * legend, 74 + legend), outline="black", fill=ground)
        pen.rectangle((84, 66, 94, 76), fill=BLUE)
        pen.text((104, 62), name, fill="black", font=font)
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()


def likeness(before: bytes, after: bytes) -> Likeness | None:
    return compare_images(before, after, PixelBudget()).likeness


@pytest.mark.parametrize(
    "again",
    [
        {"grid": "#b0b0b0"},
        {"grid": "#b0b0b0", "over": True},
        {"ground": "#ebebeb", "grid": "white"},
        {"ground": "#eaeaf2"},
    ],
    ids=["grid", "grid over the bars", "grey ground", "bluish ground"],
)
def test_a_theme_is_no_content_and_a_bar_is(again: dict[str, object]) -> None:
    changed = (120, 60, 168, 90, 150)
    assert likeness(themed(), themed(**again)) in SAME  # type: ignore[arg-type]
    assert likeness(themed(**again), themed()) in SAME  # type: ignore[arg-type]
    assert likeness(themed(), themed(changed, **again)) is Likeness.DIFFERENT  # type: ignore[arg-type]


def test_one_pale_line_is_content() -> None:
    panel = np.full((200, 300, 3), 255, dtype=np.uint8)
    panel[90] = 176
    assert np.array_equal(without_grid(panel), panel)


@loose
@given(st.integers(0, 1 << 30))
def test_taking_a_grid_out_once_is_enough(seed: int) -> None:
    rng = random.Random(seed)
    panel = np.full((200, 300, 3), 255, dtype=np.uint8)
    for _ in range(12):
        y, x = rng.randrange(180), rng.randrange(280)
        panel[y : y + 9, x : x + 9] = (31, 119, 180)
    gridded = panel.copy()
    for at in range(20, 200, 40):
        row = gridded[at]
        row[row.min(1) == 255] = 176
    cleaned = without_grid(gridded)
    assert np.array_equal(without_grid(cleaned), cleaned)
    assert (np.abs(cleaned.astype(int) - panel).max(2) > 40).mean() < 0.002


def line(words: str, size: int) -> np.ndarray:
    font = ImageFont.load_default(size)
    image = Image.new("L", (24 * len(words) + 40, 2 * size + 20), 0)
    ImageDraw.Draw(image).text((10, 8), words, fill=255, font=font)
    return np.asarray(image.crop(image.getbbox()))


@loose
@given(st.text("abcdeghknoprstuvxyz0123456789", min_size=4, max_size=14), st.integers(13, 40))
def test_words_are_like_themselves_in_another_size(words: str, size: int) -> None:
    assert apart(line(words, 30), line(words, 30)) == 0
    assert apart(line(words, 30), line(words, size)) < 0.3


def test_another_letter_is_further_away_than_another_size() -> None:
    other_size = apart(line("Growth of plots", 20), line("Growth of plots", 28))
    assert other_size < 0.22 < apart(line("Growth of plots", 20), line("Growth of slots", 28))


def test_comparing_lines_has_bounded_cost_and_no_shape_is_refused() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (9, 4000), dtype=np.uint8)
    assert 0 <= apart(noise, noise[:, ::-1].copy()) <= 2
    assert apart(np.zeros((0, 5), dtype=np.uint8), noise) == 1
    assert apart(np.zeros((5, 5), dtype=np.uint8), noise) == 1
