"""Figures full of marks that lie over one another, of which one moves, goes, or takes another colour."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from support.figures import likeness

from erc.schemas.check import Likeness
from erc.workers.checker.domain.picture.ink import Patch
from erc.workers.checker.domain.picture.lone import Lone, Peak, standing_out
from erc.workers.checker.domain.picture.recolour import without_recoloured

Point = tuple[float, float]
loose = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
SAME = (Likeness.SAME_PICTURE, Likeness.OTHER_RENDERING)
FINE = 2
BLUE, BLACK, GREEN = (31, 119, 180), (20, 20, 20), (70, 150, 110)


def points(seed: int, count: int = 220) -> list[Point]:
    """Return points around a line, many over one another, in a panel of 480 by 340."""
    rng = random.Random(seed)
    along = [min(450.0, max(30.0, rng.gauss(240, 90))) for _ in range(count)]
    return [(x, min(315.0, max(25.0, 300 - 0.55 * x + rng.gauss(0, 34)))) for x in along]


def cloud(places: list[Point], scale: float = 1.0, around: int = 3) -> Image.Image:
    """Return a figure of dots that let others show through, drawn finely and made smaller."""
    image = Image.new("RGB", (600 * FINE, 440 * FINE), "white")
    shade = Image.new("L", image.size, 0)
    for x, y in places:
        box = [round((at - around) * FINE) for at in (80 + x, 40 + y)]
        box += [round((at + around) * FINE) for at in (80 + x, 40 + y)]
        inside = shade.crop(box)
        disc = Image.new("L", inside.size, 0)
        ImageDraw.Draw(disc).ellipse((0, 0, inside.width - 1, inside.height - 1), fill=255)
        darker = inside.point(lambda value: round(value + (255 - value) * 0.5))
        shade.paste(Image.composite(darker, inside, disc), box[:2])
    image.paste(BLUE, mask=shade)
    pen = ImageDraw.Draw(image)
    pen.rectangle([side * FINE for side in (80, 40, 560, 380)], outline="black", width=FINE)
    for at in range(100, 560, 90):
        pen.rectangle([side * FINE for side in (at, 380, at + 1, 385)], fill="black")
    return image.resize((round(600 * scale), round(440 * scale)), Image.Resampling.BOX)


def stems(ends: list[float], colour: tuple[int, int, int] = BLUE) -> Image.Image:
    image = Image.new("RGB", (600, 440), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((80, 40, 560, 380), outline="black")
    for at, end in enumerate(ends):
        y = 70 + 45 * at
        pen.line((100, y, end, y), fill=colour, width=2)
        pen.ellipse((end - 4, y - 4, end + 4, y + 4), fill=BLUE)
    return image


def legend(size: int, *, square: bool = False) -> Image.Image:
    """Return marks of two groups under a legend in letters of a size; one mark may change its group."""
    image = Image.new("RGB", (600, 440), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((80, 40, 560, 380), outline="black")
    for at, name in enumerate(("treated", "control", "urban")):
        pen.text((110, 50 + 28 * at), name, fill="black", font=ImageFont.load_default(size))
    rng = random.Random(5)
    for at in range(24):
        x, y = rng.randrange(240, 540), rng.randrange(60, 360)
        colour = GREEN if at % 2 and not (square and at == 7) else BLUE
        pen.rectangle((x - 4, y - 4, x + 4, y + 4), fill=colour)
    return image


@loose
@given(seed=st.integers(0, 999), scale=st.sampled_from([0.9, 1.0, 1.17, 1.5]))
def test_a_cloud_at_another_resolution_is_the_same(seed: int, scale: float) -> None:
    drawn = cloud(points(seed))
    assert likeness(drawn, cloud(points(seed), scale)) in SAME


@pytest.mark.parametrize("seed", [2, 5, 9, 15])
def test_one_dot_that_moves_among_others_is_seen_at_another_resolution(seed: int) -> None:
    places = points(seed)
    at = seed * 7 % 200
    x, y = places[at]
    changed = [*places[:at], (x, y + (24 if y < 170 else -24)), *places[at + 1 :]]
    assert likeness(cloud(places), cloud(changed, 1.5)) not in SAME


def test_a_dot_that_moves_on_a_line_of_another_colour_is_content() -> None:
    ends = [500.0, 480, 520, 540, 530, 450, 490]
    moved = [*ends[:5], 465.0, *ends[6:]]
    assert likeness(stems(ends), stems(ends, BLACK)) is Likeness.OTHER_RENDERING
    assert likeness(stems(ends), stems(moved, BLACK)) is Likeness.DIFFERENT


def test_a_line_that_took_a_new_colour_is_no_excuse_for_a_point_on_it() -> None:
    sides = []
    for colour, last in ((BLUE, 200), (BLACK, 208)):
        image = Image.new("RGB", (300, 200), "white")
        pen = ImageDraw.Draw(image)
        for y, end in ((30, 240), (80, 220), (130, 260), (180, last)):
            pen.line((10, y, end, y), fill=colour, width=3)
            pen.ellipse((end - 5, y - 5, end + 5, y + 5), fill=BLUE)
        sides.append(np.asarray(image))
    lines = [Patch((8, y - 6, 270, y + 7), 600, 4, 1.0) for y in (30, 80, 130, 180)]
    assert without_recoloured(lines, *sides, (0, 0, 300, 200), (255, 255, 255)) == lines[3:]


def test_a_mark_of_another_group_is_seen_where_the_legend_has_other_letters() -> None:
    assert likeness(legend(12), legend(24)) is Likeness.OTHER_RENDERING
    assert likeness(legend(12), legend(24, square=True)) is Likeness.DIFFERENT


def test_what_stands_out_is_measured_by_the_third_place() -> None:
    peaks = [Peak((at, 0, at + 9, 9), height) for at, height in enumerate((12, 60, 20, 48))]
    assert standing_out(peaks) == [Lone((1, 0, 10, 9), 3.0), Lone((3, 0, 12, 9), 2.4)]
    assert standing_out([Peak((0, 0, 9, 9), 9)]) == []


def tagged(tag: str, size: int) -> Image.Image:
    image = stems([500.0, 480, 520, 540, 530, 450, 490])
    ImageDraw.Draw(image).text((110, 352), tag, fill="black", font=ImageFont.load_default(size))
    return image


def test_the_letter_that_names_a_panel_is_read_in_its_brackets() -> None:
    assert likeness(tagged("(a)", 12), tagged("(a)", 17)) in SAME
    assert likeness(tagged("(a)", 12), tagged("(b)", 17)) is Likeness.DIFFERENT
