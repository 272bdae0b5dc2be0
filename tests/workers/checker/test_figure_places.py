"""Figures without frames are placed by their edges; meshes, grids over content, and labels at edges are no trap."""

from __future__ import annotations

import io
import math
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from support.figures import likeness, saved

from erc.schemas.check import Likeness
from erc.workers.checker.domain.picture.crossing import brackets, crossing
from erc.workers.checker.domain.picture.ink import is_noisy
from erc.workers.checker.domain.picture.level import gridless
from erc.workers.checker.domain.picture.parts import parts
from erc.workers.checker.domain.picture.place import IDENTITY, Line, Map
from erc.workers.checker.domain.picture.polish import polished
from erc.workers.checker.domain.picture.texture import structure

SAME = {Likeness.IDENTICAL, Likeness.SAME_PICTURE, Likeness.OTHER_RENDERING}
WHITE = (255, 255, 255)
SLICES = (0.3, 0.2, 0.26, 0.24)
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728")
loose = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def pie(slices: tuple[float, ...] = SLICES, label: str = "model A", scale: float = 1.0, at: float = 0.0) -> Image.Image:
    """Draw a pie with smooth edges; the label reaches over the edge of what surrounds the pie."""
    fine = 4
    size = (round(480 * scale) * fine, round(380 * scale) * fine)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    box = [(side + at) * scale * fine for side in (120, 70, 360, 310)]
    start = 0.0
    for share, colour in zip(slices, COLOURS, strict=True):
        pen.pieslice(box, start, start + 360 * share, fill=colour)
        start += 360 * share
    font = ImageFont.load_default(15 * scale * fine)
    pen.text(((322 + at) * scale * fine, (82 + at) * scale * fine), label, fill="black", font=font)
    return image.resize((size[0] // fine, size[1] // fine), Image.Resampling.BOX)


@pytest.mark.parametrize("again", [{"scale": 1.15}, {"scale": 0.9}, {"at": 7.4}, {"scale": 1.3, "at": 3.3}])
def test_a_pie_is_the_same_at_another_size_and_place(again: dict[str, float]) -> None:
    assert likeness(pie(), pie(**again)) in SAME  # type: ignore[arg-type]


@pytest.mark.parametrize("changed", [{"slices": (0.33, 0.17, 0.26, 0.24)}, {"label": "model B"}])
@pytest.mark.parametrize("scale", [1.0, 1.15])
def test_a_slice_or_a_label_of_a_pie_that_changed_is_found(changed: dict[str, object], scale: float) -> None:
    assert likeness(pie(), pie(**changed, scale=scale)) not in SAME  # type: ignore[arg-type]


@loose
@given(st.floats(0.97, 1.03), st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))
def test_a_placement_some_pixels_off_is_mended(scale: float, across: float, down: float) -> None:
    first = np.asarray(pie())
    wrong = Map(Line(scale, across + 240 * (1 - scale)), Line(scale, down + 190 * (1 - scale)))
    found = polished(first, first, (110, 60, 370, 320), wrong, WHITE)
    assert found.apart(IDENTITY, 480, 380) < 0.25


def test_what_changed_does_not_pull_a_placement() -> None:
    first, second = np.asarray(pie()), np.asarray(pie((0.2, 0.3, 0.26, 0.24)))
    assert (
        polished(first, second, (110, 60, 370, 320), Map(Line(1, 1.5), Line(1, -1)), WHITE).apart(IDENTITY, 480, 380)
        < 0.4
    )


@loose
@given(st.binary(min_size=1, max_size=64), st.integers(1, 60), st.integers(1, 60))
def test_placing_noise_gives_an_answer(noise: bytes, width: int, height: int) -> None:
    pixels = np.resize(np.frombuffer(noise, dtype=np.uint8), (height, width, 3))
    found = polished(pixels, pixels[::-1].copy(), (0, 0, width, height), IDENTITY, WHITE)
    assert math.isfinite(found.x.scale)
    assert math.isfinite(found.y.shift)


def mesh(bump: float = 0.0, at: int = 6, thick: int = 3) -> np.ndarray:
    """Draw a dense mesh of lines, of which one knot may lie higher."""
    fine, step, count = 3, 13, 18
    image = Image.new("RGB", (step * (count + 1) * fine,) * 2, "#88bbcc")
    pen = ImageDraw.Draw(image)

    def knot(i: int, k: int) -> tuple[float, float]:
        return (i + 1) * step * fine, ((k + 1) * step - bump * ((i, k) == (at, at))) * fine

    for i in range(count):
        pen.line([knot(i, k) for k in range(count)], fill="black", width=thick)
        pen.line([knot(k, i) for k in range(count)], fill="black", width=thick)
    return np.asarray(image.resize((step * (count + 1),) * 2, Image.Resampling.BOX))


@loose
@given(st.integers(3, 14))
def test_a_knot_of_a_mesh_that_moved_is_found_where_it_is(at: int) -> None:
    found = structure(mesh(), mesh(9.0, at))
    assert found
    left, top, right, bottom = max(found, key=lambda one: one[1])[0]
    assert left - 14 <= 13 * (at + 1) <= right + 14
    assert top - 20 <= 13 * (at + 1) <= bottom + 20


def test_a_mesh_of_other_strokes_or_a_pixel_aside_is_the_same() -> None:
    assert structure(mesh(), mesh(thick=4)) == []
    assert structure(mesh(), np.roll(mesh(), (1, 1), (0, 1))) == []


def test_structure_tells_nothing_where_all_is_drawn_otherwise() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (2, 200, 200, 3), dtype=np.uint8)
    assert structure(noise[0], noise[1]) == []
    assert structure(noise[0][:3, :3], noise[1][:3, :3]) == []


def heat(cells: list[list[int]], grid: str = "") -> Image.Image:
    image = Image.new("RGB", (460, 380), "white")
    pen = ImageDraw.Draw(image)
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            pen.rectangle(
                (60 + 60 * x, 40 + 60 * y, 119 + 60 * x, 99 + 60 * y), fill=(200 - value, 40 + value // 2, 90)
            )
    for at in range(5):
        if grid:
            pen.line((60, 70 + 60 * at, 419, 70 + 60 * at), fill=grid)
    pen.rectangle((60, 40, 420, 340), outline="black")
    return image


def test_a_grid_over_a_heat_map_is_no_content_and_a_cell_is() -> None:
    rng = random.Random(5)
    cells = [[rng.randrange(180) for _ in range(6)] for _ in range(5)]
    changed = [row.copy() for row in cells]
    changed[2][3] = (cells[2][3] + 80) % 180
    assert likeness(heat(cells, "white"), heat(cells)) in SAME
    assert likeness(heat(cells, "white"), heat(changed)) is Likeness.DIFFERENT
    assert likeness(heat(cells, "white"), heat(changed, "white")) is Likeness.DIFFERENT


@loose
@given(st.integers(60, 200), st.integers(60, 130))
def test_a_grid_is_found_where_a_legend_lies_over_it(wide: int, high: int) -> None:
    panel = np.full((300, 400, 3), 255, dtype=np.uint8)
    panel[30:300:40] = 176
    panel[10 : 10 + high, 10 : 10 + wide] = 255
    cleaned, strips = gridless(panel)
    assert int(cleaned.min()) == 255
    assert len(strips) == 7


def outlines(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = Image.new("RGB", (500, 400), "white")
    pen = ImageDraw.Draw(image)
    for box in boxes:
        pen.rectangle(box, outline="black", fill="#e0e0e0")
    return np.asarray(image)


def test_outlined_bars_are_no_panels_and_panels_are() -> None:
    bars = outlines((40, 200, 120, 350), (140, 90, 220, 350), (240, 150, 320, 350), (340, 60, 420, 350))
    panels = outlines((40, 40, 220, 180), (260, 40, 440, 180), (40, 220, 220, 360), (260, 220, 440, 360))
    assert not parts(bars).framed
    assert parts(panels).framed
    assert len(parts(panels).blocks) == 4


def test_letters_join_over_an_edge_but_not_over_a_line() -> None:
    ink = np.zeros((100, 200), dtype=np.uint8)
    outer, inner, block = (
        [(80, 40, 88, 52), (90, 40, 97, 52)],
        [(101, 40, 109, 52), (111, 40, 119, 52)],
        (98, 0, 200, 100),
    )
    assert set(crossing(outer, inner, ink, (block,))) == set(inner)
    ink[:, 99] = 255
    assert crossing(outer, inner, ink, (block,)) == ()


def test_a_bracket_stands_beside_letters_and_a_tick_above_them() -> None:
    ink = np.zeros((100, 200), dtype=np.uint8)
    letter, bracket, tick = (50, 40, 58, 52), (60, 38, 63, 54), (53, 30, 55, 36)
    assert brackets([letter], [bracket, tick], ink) == (bracket,)


def test_the_noise_of_an_encoding_is_told_from_a_drawing() -> None:
    drawn = pie()
    encoded = Image.open(io.BytesIO(saved(drawn, "JPEG"))).convert("RGB")
    assert not is_noisy(np.asarray(drawn))
    assert is_noisy(np.asarray(encoded))
    assert likeness(drawn, encoded) in SAME
