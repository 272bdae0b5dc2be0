"""Figures whose marks are drawn otherwise: other colours, fills, dashes, breaks of axes, another place for the legend."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from support.figures import likeness, saved

from erc.schemas.check import Likeness
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.picture.axes import Mark, number, on_one_axis

BLUE, ORANGE, GREEN, RED = "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728"
PLACES = [(120, 300), (170, 250), (220, 280), (270, 200), (330, 230), (380, 150), (430, 180), (480, 120), (520, 90)]
PLACES += [(x - 14, y + 20) for x, y in PLACES]
HEIGHTS = (120, 80, 170, 140, 60)


def canvas(ticks: Sequence[int] = (0, 50, 100, 150, 200), by: int = 1) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a framed panel with an axis of 0 to 200, times a number, on its left side, and a pen."""
    image = Image.new("RGB", (640, 440), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((80, 40, 600, 380), outline="black", width=1)
    for value in ticks:
        y = 370 - value * 1.5
        pen.line((74, y, 80, y), fill="black")
        pen.text((40, y - 7), str(value * by), fill="black", font=ImageFont.load_default(13))
    return image, pen


def groups(*colours: str, odd: str = "") -> Image.Image:
    image, pen = canvas()
    for at, (x, y) in enumerate(PLACES):
        colour = odd if odd and at == 4 else colours[at % 3]
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill=colour)
    return image


def bars(
    fill: str | None, *, heights: Sequence[int] = HEIGHTS, ticks: Sequence[int] = (0, 50, 100, 150, 200), by: int = 1
) -> Image.Image:
    image, pen = canvas(ticks, by)
    for at, height in enumerate(heights):
        pen.rectangle((110 + 90 * at, 370 - height, 170 + 90 * at, 370), outline="black", fill=fill, width=1)
    return image


def dashed(begin: int, *, moved: int = 0) -> Image.Image:
    image, pen = canvas()
    ends = [(100, 300), (220, 180), (340, 260 + moved), (460, 120), (590, 200)]
    for (x, y), (right, end) in pairwise(ends):
        for left in range(x, right):
            if (left + begin) % 14 < 8:
                at = y + (end - y) * (left - x) / (right - x)
                pen.line((left, at, left, at + 1), fill=BLUE)
    return image


def with_legend(x: int, y: int, *names: str) -> Image.Image:
    image = bars("#aaaaaa")
    pen = ImageDraw.Draw(image)
    for at, (name, colour) in enumerate(zip(names, (BLUE, ORANGE, GREEN), strict=True)):
        pen.rectangle((x, y + 24 * at, x + 26, y + 24 * at + 10), fill=colour)
        pen.text((x + 34, y + 24 * at - 3), name, fill="black", font=ImageFont.load_default(15))
    return image


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (groups(BLUE, ORANGE, GREEN), groups(BLUE, ORANGE, RED)),
        (groups(BLUE, ORANGE, GREEN), groups(RED, "#9467bd", "#8c564b")),
        (bars(None), bars("#d3d3d3")),
        (bars(BLUE), bars(RED)),
        (dashed(0), dashed(5)),
        (with_legend(400, 60, "oak", "pine", "beech"), with_legend(120, 60, "oak", "pine", "beech")),
        (bars(None), bars(None, ticks=(0, 40, 80, 120, 160, 200))),
    ],
    ids=["a group's colour", "all colours", "fill", "bars' colour", "dashes", "legend's place", "breaks"],
)
def test_marks_that_are_drawn_otherwise_are_another_rendering(one: Image.Image, other: Image.Image) -> None:
    assert likeness(one, other) is Likeness.OTHER_RENDERING
    assert likeness(other, one) is Likeness.OTHER_RENDERING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (groups(BLUE, ORANGE, GREEN), groups(ORANGE, BLUE, GREEN)),
        (groups(BLUE, ORANGE, GREEN), groups(BLUE, ORANGE, GREEN, odd=GREEN)),
        (groups(BLUE, ORANGE, GREEN), groups(BLUE, ORANGE, GREEN, odd=RED)),
        (bars(None), bars("#d3d3d3", heights=(120, 80, 150, 140, 60))),
        (dashed(0), dashed(5, moved=-30)),
        (with_legend(400, 60, "oak", "pine", "beech"), with_legend(120, 60, "pine", "oak", "beech")),
        (bars(None), bars(None, by=3)),
    ],
    ids=[
        "groups swapped",
        "a point of another group",
        "one red point",
        "bar",
        "vertex",
        "names swapped",
        "scale of an axis",
    ],
)
def test_a_change_beside_another_rendering_is_found(one: Image.Image, other: Image.Image) -> None:
    assert likeness(one, other) is Likeness.DIFFERENT
    assert likeness(other, one) is Likeness.DIFFERENT


@given(st.integers(-40, 40), st.floats(0.7, 8), st.floats(-300, 300), st.integers(1, 9), st.integers(1, 9))
def test_numbers_on_one_scale_are_one_axis_whatever_breaks_it_has(
    begin: int, slope: float, level: float, step: int, other: int
) -> None:
    def marks(step: int) -> list[Mark]:
        return [mark(begin + step * at, slope * 20 * step * at + level) for at in range(5)]

    for one in marks(step):
        assert on_one_axis(one, marks(step), marks(other))


def mark(value: float, y: float) -> Mark:
    return Mark(value, (30, round(y) - 5, 50, round(y) + 5))


def test_a_number_off_its_place_is_on_no_axis() -> None:
    here = [mark(value, 300 - 2 * value) for value in (0, 50, 100)]
    there = [mark(value, 300 - 2 * value) for value in (0, 40, 80)] + [mark(120, 300 - 2 * 110)]
    assert not on_one_axis(there[-1], there, here)
    assert on_one_axis(there[1], there[:3], here)
    assert on_one_axis(mark(100, 100), [mark(10, 200), mark(100, 100)], [mark(1, 300), mark(1000, 0)])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("−0.5", -0.5),
        ("- 3", -3),
        ("1e-3", 0.001),
        ("1,5", 1.5),
        ("12 cm", None),
        ("", None),
        ("1.2.3", None),
    ],
)
def test_a_number_is_read(text: str, value: Any) -> None:
    assert number(text) == value


def test_a_finding_says_what_both_pictures_say() -> None:
    one, other = (figure_titled(title) for title in ("Growth of plots", "Growth of slots"))
    found = compare_images(one, other, PixelBudget())
    assert found.finding == "differs in its words at 1 place, first: “Growth of plots” became “Growth of slots”"


def figure_titled(title: str) -> bytes:
    image = bars("#aaaaaa")
    ImageDraw.Draw(image).text((240, 10), title, fill="black", font=ImageFont.load_default(18))
    return saved(image)
