"""Themes, grids, grounds, legends and letters of other sizes are no content; what the data draw is."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from support.figures import saved

from erc.schemas.check import Likeness
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.picture.letters_net import Reading, line_read
from erc.workers.checker.domain.picture.level import without_grid
from erc.workers.checker.domain.picture.parts import parts
from erc.workers.checker.domain.picture.told import unlike

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
    return saved(image)


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


@pytest.mark.parametrize("words", ["Growth of plots", "Rainfall (mg/l)", "model A", "r = 0.82, p = 0.041", "2013"])
@pytest.mark.parametrize("size", [12, 16, 22, 40])
def test_words_say_the_same_in_another_size(words: str, size: int) -> None:
    assert unlike(line_read(line(words, 30)), line_read(line(words, size))) == 0


@pytest.mark.parametrize(
    ("words", "other"),
    [("Growth of plots", "Growth of slots"), ("oak", "oek"), ("p = 0.041", "p = 0.047"), ("Rainfall", "Raintall")],
)
def test_one_letter_is_told_in_another_size(words: str, other: str) -> None:
    assert unlike(line_read(line(words, 20)), line_read(line(other, 28))) > 0.7


def test_any_ink_may_be_read() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (9, 4000), dtype=np.uint8)
    assert all(0 <= sure <= 1 for sure in line_read(noise).sure)
    assert line_read(np.zeros((0, 5), dtype=np.uint8)).text == ""
    assert line_read(np.zeros((12, 50), dtype=np.uint8)).surely == 0


readings = st.lists(st.tuples(st.sampled_from("aoO0lI1-. %69()Kk"), st.floats(0, 1)), max_size=12).map(
    lambda signs: Reading("".join(sign for sign, _ in signs), tuple(sure for _, sure in signs))
)


@given(readings, readings)
@example(Reading("ao", (0.0, 0.0)), Reading("oa", (0.0, 1.0)))
def test_how_surely_two_readings_differ_is_the_same_from_both_sides(one: Reading, other: Reading) -> None:
    assert unlike(one, one) == 0
    assert 0 <= unlike(one, other) <= 1
    assert unlike(one, other) == unlike(other, one)


def area(*, fill: str = BLUE, grid: str = "", top: int = 150, key: str = "#f2f2f2") -> Image.Image:
    """Return an area under a line, a grid that lies over it, and the outline of a legend's key beside the frame."""
    fine = Image.new("RGB", (1280, 800), "white")
    sides = [(97, 329), (97, top), (200, top + 60), (330, top + 20), (480, top + 90), (480, 329)]
    ImageDraw.Draw(fine).polygon([(2 * x + 1, 2 * y) for x, y in sides], fill=fill)
    image = fine.resize((640, 400), Image.Resampling.BOX)
    pen = ImageDraw.Draw(image)
    pen.rectangle((70, 50, 500, 330), outline="black")
    for at in range(7 if grid else 0):
        pen.line((120 + 55 * at, 51, 120 + 55 * at, 329), fill=grid)
    pen.rectangle((540, 150, 570, 180), outline=key)
    return image


def test_a_grid_over_an_area_is_no_content() -> None:
    plain, ruled = saved(area()), saved(area(grid="#b0b0b0"))
    assert likeness(plain, ruled) is Likeness.OTHER_RENDERING
    assert likeness(plain, saved(area(grid="#b0b0b0", top=135))) is Likeness.DIFFERENT


def test_a_light_area_that_fills_most_of_a_panel_is_not_taken_for_its_ground() -> None:
    frames = {parts(np.asarray(area(fill=fill, top=75))).blocks for fill in (BLUE, "#ffe8d8")}
    assert frames == {((70, 50, 501, 331),)}


def test_the_shade_of_a_legend_s_key_is_no_content_and_that_of_an_area_is() -> None:
    light = saved(area(fill="#f0f0f0"))
    assert likeness(light, saved(area(fill="#f0f0f0", key="#fbfbfb"))) in SAME
    assert likeness(light, saved(area(fill="#f5f5f5"))) not in SAME


def test_the_edge_of_an_area_is_no_line_of_a_grid_beside_it() -> None:
    panel = np.full((300, 400, 3), 255, dtype=np.uint8)
    panel[:, 60:] = (31, 119, 180)
    panel[:, 59] = (143, 187, 217)
    panel[:, 90::50] = 176
    assert not (without_grid(panel) == 176).all(axis=2).any()
