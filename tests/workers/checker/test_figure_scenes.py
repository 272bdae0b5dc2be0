"""Figures in which something lies over something else: surfaces, pies, legends over bars, panels without room."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from support.figures import likeness

from erc.schemas.check import Likeness
from erc.workers.checker.domain.picture.axes import Mark, numbers, on_one_axis
from erc.workers.checker.domain.picture.crowded import with_crowded
from erc.workers.checker.domain.picture.decide import decide
from erc.workers.checker.domain.picture.look import Look
from erc.workers.checker.domain.picture.panels import Panel
from erc.workers.checker.domain.picture.parts import INK, Box, parts
from erc.workers.checker.domain.picture.place import IDENTITY
from erc.workers.checker.domain.picture.said import Said
from erc.workers.checker.domain.picture.strokes import signs_in
from erc.workers.checker.domain.picture.words import lines_of

BLUE, ORANGE, GREEN = "#1f77b4", "#ff7f0e", "#2ca02c"
SLICES = ("#ffe4e1", "#add8e6", "#fff8dc", "#e6e6fa")


def text(pen: ImageDraw.ImageDraw, x: float, y: float, words: str, size: float = 13) -> None:
    pen.text((x, y), words, fill="black", font=ImageFont.load_default(size))


def surface(*, ground: str = "#eaeaf2", breaks: Sequence[float] = (0, 2, 4, 6, 8), dent: int = 0, size: int = 13):
    """Return a body on a painted ground that is no frame: its axis lies on the ground, aslant."""
    image = Image.new("RGB", (640, 480), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((140, 60, 510, 430), fill=ground)
    pen.polygon([(190, 200), (300, 110), (430, 170), (470, 300), (350, 340 - dent), (230, 310)], fill=GREEN)
    pen.polygon([(190, 200), (300, 110), (350, 220), (230, 310)], fill=BLUE)
    text(pen, 260, 30, "Rainfall by site", 15)
    for value in breaks:
        text(pen, 165 + 24 * value - 3 * len(f"{value:g}"), 340 + 8 * value, f"{value:g}", size)
    return image


def pie(moved: float = 0) -> Image.Image:
    image = Image.new("RGB", (480, 420), "white")
    pen = ImageDraw.Draw(image)
    edges = [0, 80, 170 + moved, 250, 360]
    for at, colour in enumerate(SLICES):
        pen.pieslice((120, 80, 360, 320), edges[at], edges[at + 1], fill=colour, outline="black")
    text(pen, 180, 30, "Yield per plot", 15)
    return image


def covered(*names: str, x: int = 420, size: int = 13, tall: int = 260) -> Image.Image:
    """Return bars under a legend that lets them show through."""
    image = Image.new("RGB", (640, 440), "white")
    pen = ImageDraw.Draw(image)
    for at, colour in enumerate((BLUE, ORANGE, GREEN, BLUE, ORANGE)):
        high = (200, 150, tall, 300, 310)[at]
        pen.rectangle((110 + 95 * at, 379 - high, 180 + 95 * at, 379), fill=colour)
    high = 26 * len(names) + 10
    box = (x, 50, x + 100, 50 + high)
    veil = Image.new("RGB", (100, high), "white")
    image.paste(Image.blend(image.crop(box), veil, 0.8), box[:2])
    pen.rectangle((80, 40, 600, 380), outline="black")
    pen.rectangle(box, outline="#cccccc")
    for at, (name, colour) in enumerate(zip(names, (BLUE, ORANGE, GREEN), strict=False)):
        pen.rectangle((x + 8, 58 + 26 * at, x + 32, 68 + 26 * at), fill=colour)
        text(pen, x + 42, 55 + 26 * at, name, size)
    return image


def panels(*, bridged: bool = False, moved: int = 0) -> Image.Image:
    """Return two panels over one another, whose frames a line joins or not."""
    image = Image.new("RGB", (480, 480), "white")
    pen = ImageDraw.Draw(image)
    for top in (40, 260):
        pen.rectangle((80, top, 420, top + 180), outline="black")
    for at in range(8):
        for top in (40, 260):
            x, y = 110 + 38 * at, top + 30 + (at * 53) % 120 + (moved if (at, top) == (4, 260) else 0)
            pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=BLUE)
    if bridged:
        pen.rectangle((80, 40, 420, 440), outline="black")
    return image


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (surface(), surface(breaks=(0, 2.5, 5, 7.5))),
        (surface(), surface(size=16)),
        (surface(), surface(ground="white")),
        (covered("oak", "pine", "beech"), covered("oak", "pine", "beech", x=110, size=15)),
    ],
    ids=["other breaks", "larger numbers", "other ground", "legend elsewhere"],
)
def test_what_lies_around_and_over_marks_is_another_rendering(one: Image.Image, other: Image.Image) -> None:
    assert likeness(one, other) is Likeness.OTHER_RENDERING
    assert likeness(other, one) is Likeness.OTHER_RENDERING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (surface(), surface(breaks=(0, 2.5, 5, 7.5), dent=30)),
        (surface(), surface(ground="white", dent=30)),
        (pie(), pie(moved=12)),
        (covered("oak", "pine", "beech"), covered("oak", "pine", "birch", size=15)),
        (covered("oak", "pine", "beech"), covered("oak", "pine", "beech", x=110, tall=220)),
        (panels(), panels(bridged=True, moved=20)),
    ],
    ids=["surface", "on another ground", "slice", "name over a bar", "bar beside a legend", "panel found in one only"],
)
def test_a_change_under_another_rendering_is_found(one: Image.Image, other: Image.Image) -> None:
    assert likeness(one, other) is Likeness.DIFFERENT
    assert likeness(other, one) is Likeness.DIFFERENT


def test_a_tiny_mark_that_moved_is_found_in_a_picture_that_was_shifted() -> None:
    def dots(moved: int, shift: int) -> Image.Image:
        image = Image.new("RGB", (640, 440 + shift), "white")
        pen = ImageDraw.Draw(image)
        pen.rectangle((80, 40 + shift, 600, 380 + shift), outline="black")
        for at in range(60):
            x, y = 110 + 8 * at, 80 + (at * 97) % 250 + shift + (moved if at == 30 else 0)
            pen.rectangle((x, y, x + 2, y + 2), fill="#777777")
        return image

    assert likeness(dots(0, 0), dots(0, 12)) is Likeness.SAME_PICTURE
    assert likeness(dots(0, 0), dots(4, 12)) is Likeness.DIFFERENT


def test_a_legend_that_lost_a_name_is_not_the_same() -> None:
    found = likeness(covered("oak", "pine", "beech"), covered("oak", "pine"))
    assert found in {Likeness.UNSURE, Likeness.DIFFERENT}


def test_letters_over_bars_are_found_and_bars_are_none() -> None:
    pixels = np.asarray(covered("oak", "pine", "beech"))
    signs, ink = signs_in(pixels, (83, 43, 598, 378), (640, 440))
    assert [line.box[1] // 10 for line in lines_of([box for box in signs if box[0] > 455], ink, (83, 43))] == [5, 8, 11]
    assert float((ink > INK).mean()) < 0.05


def test_a_strip_is_no_part_of_its_panel_and_a_legends_frame_is_no_panel() -> None:
    image = Image.new("RGB", (480, 400), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 40, 440, 360), fill="#ebebeb")
    pen.rectangle((60, 40, 440, 62), fill="#d9d9d9")
    text(pen, 220, 44, "oak", 12)
    (block,) = parts(np.asarray(image)).blocks
    assert block[1] == 63

    image = Image.new("RGB", (480, 400), "white")
    pen = ImageDraw.Draw(image)
    pen.line((60, 40, 60, 360), fill="black")
    pen.line((60, 360, 440, 360), fill="black")
    pen.rectangle((300, 60, 420, 140), outline="black")
    assert not parts(np.asarray(image)).framed


@given(st.integers(-9, 9), st.sampled_from([1, 2, 2.5, 5]), st.floats(8, 30), st.floats(-20, 20))
def test_numbers_aslant_are_one_axis_whatever_breaks_it_has(begin: int, step: float, right: float, down: float) -> None:
    def marks(step: float) -> list[Mark]:
        return [mark(begin + step * at, 200 + right * step * at, 200 + down * step * at) for at in range(5)]

    for one in marks(step):
        assert on_one_axis(one, marks(step), marks(2 * step))


def test_a_number_aside_of_a_slope_is_on_no_axis() -> None:
    theirs = [mark(value, 100 + 20 * value, 300 + 11 * value) for value in (0, 2, 4, 6)]
    assert on_one_axis(mark(3, 160, 333), [], theirs)
    assert not on_one_axis(mark(3, 160, 350), [], theirs)
    assert not on_one_axis(mark(5, 160, 333), [], theirs)


def mark(value: float, x: float, y: float) -> Mark:
    return Mark(value, (round(x) - 8, round(y) - 6, round(x) + 8, round(y) + 6))


@pytest.mark.parametrize(
    ("said", "values"),
    [("- 3", [-3, 3]), ("--1.0", [-1]), ("'12.5", [12.5]), ("-3", [-3]), ("model 3", []), ("", [])],
)
def test_a_dash_apart_from_a_number_may_be_a_tick(said: str, values: list[float]) -> None:
    assert numbers(said) == values


def said(read: str, box: Box, other: str = "") -> Said:
    return Said(box, box, 0.3, 0.3, len(read), read=read, read_other=other or read, told=0.9, surely=0.9)


def framed(box: Box) -> Panel:
    return Panel(box, IDENTITY, [])


@pytest.mark.parametrize(
    ("row", "crowded"),
    [
        ([said("12.5", (100, 205, 125, 215)), said("beech", (180, 203, 230, 217))], True),
        ([said("7freat", (100, 205, 160, 215))], True),
        ([said("12.5", (100, 205, 125, 215)), said("beech", (180, 225, 230, 238))], False),
        ([said("oak", (100, 205, 125, 215)), said("beech", (180, 205, 230, 215))], False),
    ],
    ids=["numbers beside names", "read as one", "two rows", "names alone"],
)
def test_words_of_two_panels_without_room_are_crowded(row: list[Said], *, crowded: bool) -> None:
    stacked = [framed((80, 40, 400, 200)), framed((80, 240, 400, 400))]
    title = said("Growth", (200, 10, 260, 24))

    found = with_crowded([title, *row], stacked, IDENTITY)

    assert [one.crowded for one in found] == [False] + [crowded] * len(row)
    assert not any(one.crowded for one in with_crowded([title, *row], stacked[:1], IDENTITY))


def test_a_body_that_is_seen_from_elsewhere_is_unsure() -> None:
    def mesh(tilt: float) -> Image.Image:
        image = Image.new("RGB", (640, 480), "white")
        pen = ImageDraw.Draw(image)
        for row in range(9):
            for column in range(9):
                corners = [place(column + x, row + y, tilt) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
                pen.polygon(corners, fill=(30 + 22 * row, 90, 60 + 20 * column), outline="white")
        return image

    def place(x: float, y: float, tilt: float) -> tuple[float, float]:
        high = 60 * math.sin(x / 2) * math.cos(y / 3)
        return 120 + 26 * x + 18 * y, 160 + tilt * (9 * x + 14 * y) - high

    assert likeness(mesh(1), mesh(1.15)) is Likeness.UNSURE


def test_a_faint_change_alone_in_an_equal_picture_is_not_passed_over() -> None:
    one = surface()
    other = one.copy()
    ImageDraw.Draw(other).rectangle((300, 240, 306, 244), fill="#38a838")
    assert likeness(one, other) in {Likeness.UNSURE, Likeness.DIFFERENT}


def test_a_value_in_a_panel_is_no_break_of_an_axis() -> None:
    def labelled(high: int, value: str) -> Image.Image:
        image = Image.new("RGB", (640, 440), "white")
        pen = ImageDraw.Draw(image)
        pen.rectangle((80, 40, 600, 380), outline="black")
        for at, (top, said) in enumerate(((300, "985.5"), (90, "243.0"), (high, value), (150, "354.4"), (60, "218.8"))):
            pen.rectangle((110 + 95 * at, 379 - top, 180 + 95 * at, 379), fill=BLUE)
            text(pen, 122 + 95 * at, 362 - top, said)
        return image

    assert likeness(labelled(200, "520.7"), labelled(186, "483.4")) is Likeness.DIFFERENT


@pytest.mark.parametrize(("read", "framed"), [("DA", False), ("Depth", False), ("DA", True)])
def test_two_letters_of_an_aslant_name_around_a_surface_are_no_lost_line(read: str, *, framed: bool) -> None:
    lost = Said((190, 230, 220, 250), None, 0.3, 0.3, 3, read=read, told=1.0, surely=0.9)
    panel = Panel((150, 60, 380, 300), IDENTITY, [], framed=framed)
    seen = Look(1.0, (640, 480), False, IDENTITY, [panel], [lost], (1, 1), None, False)
    expected = Likeness.OTHER_RENDERING if (read, framed) == ("DA", False) else Likeness.UNSURE
    assert decide(seen).likeness is expected
