"""A small labelled set, drawn here: the same figure in other ways, and figures with one change."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from erc.schemas.check import Likeness, Outcome
from erc.workers.checker.domain.images import PixelBudget, compare_images

BARS = (120, 60, 180, 90, 150)
NAMES = ("oak", "pine", "beech", "north", "south")
POINTS = tuple((90 + 17 * at, 300 - (at * 53) % 190) for at in range(22))
SAME = {Likeness.IDENTICAL, Likeness.SAME_PICTURE, Likeness.OTHER_RENDERING}
loose = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def figure(
    kind: str = "bars",
    bars: tuple[int, ...] = BARS,
    points: tuple[tuple[int, int], ...] = POINTS,
    title: str = "Growth of 12 plots",
    names: tuple[str, ...] = NAMES,
    scale: int = 1,
    at: int = 0,
    colour: str = "#1f77b4",
) -> Image.Image:
    image = Image.new("RGB", ((520 + at) * scale, (380 + at) * scale), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(15 * scale)
    pen.rectangle([side * scale for side in (70 + at, 50 + at, 490 + at, 320 + at)], outline="black", width=scale)
    pen.text(((180 + at) * scale, (18 + at) * scale), title, fill="black", font=font)
    if kind == "bars":
        for place, (value, name) in enumerate(zip(bars, names, strict=True)):
            left = 90 + at + 80 * place
            pen.rectangle([side * scale for side in (left, 319 + at - value, left + 50, 319 + at)], fill=colour)
            pen.text((left * scale, (332 + at) * scale), name, fill="black", font=font)
    for x, y in points if kind == "points" else ():
        pen.ellipse([(side + at) * scale for side in (x - 4, y - 4, x + 4, y + 4)], fill=colour)
    return image


def saved(image: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    kept = io.BytesIO()
    image.save(kept, kind, **how)
    return kept.getvalue()


def compared(before: Image.Image | bytes, after: Image.Image | bytes) -> Any:
    sides = [side if isinstance(side, bytes) else saved(side) for side in (before, after)]
    return compare_images(sides[0], sides[1], PixelBudget())


@pytest.mark.parametrize("kind", ["bars", "points"])
@pytest.mark.parametrize(
    "again",
    [
        lambda kind: saved(figure(kind), compress_level=1),
        lambda kind: saved(figure(kind).quantize(64)),
        lambda kind: saved(figure(kind), "JPEG", quality=92),
        lambda kind: saved(figure(kind, scale=2)),
        lambda kind: saved(figure(kind).resize((650, 475), Image.Resampling.LANCZOS)),
        lambda kind: saved(figure(kind, at=9)),
        lambda kind: saved(figure(kind).convert("RGBA")),
    ],
    ids=["encoding", "palette", "jpeg", "resolution", "resized", "shifted", "alpha"],
)
def test_the_same_figure_in_another_way_is_the_same(kind: str, again: Callable[[str], bytes]) -> None:
    assert compared(figure(kind), again(kind)).likeness in SAME


@pytest.mark.parametrize(
    "changed",
    [
        {"bars": (120, 60, 171, 90, 150)},
        {"bars": (120, 90, 180, 60, 150)},
        {"title": "Growth of 13 plots"},
        {"title": "Growth of 12 slots"},
        {"names": ("pine", "oak", "beech", "north", "south")},
        {"kind": "points", "points": (*POINTS[:7], (POINTS[7][0], POINTS[7][1] - 22), *POINTS[8:])},
        {"kind": "points", "points": POINTS[:-3] + POINTS[-2:]},
    ],
    ids=["bar by 5 %", "bars swapped", "digit", "letter", "names swapped", "point moved", "point missing"],
)
@pytest.mark.parametrize("scale", [1, 2])
def test_one_change_is_found_also_at_another_resolution(changed: dict[str, Any], scale: int) -> None:
    before = figure(changed.get("kind", "bars"))
    found = compared(before, figure(**changed, scale=scale))
    assert found.likeness is Likeness.DIFFERENT
    assert found.places
    assert 0 < found.measure <= 1
    assert 0.5 <= found.confidence <= 1


def test_a_place_is_given_in_pixels_of_the_published_picture() -> None:
    found = compared(figure(scale=4), figure(bars=(120, 60, 160, 90, 150), scale=4))
    place = found.places[0]
    assert place.what == "marks"
    assert 4 * 245 <= place.left <= 4 * 255
    assert abs(place.top - 4 * (319 - 180)) <= 16


def test_finer_drawing_of_words_is_another_rendering_and_reproduces() -> None:
    before = figure("points")
    after = figure("points", title="")
    pen = ImageDraw.Draw(after)
    pen.text((176, 17), "Growth of 12 plots", fill="black", font=ImageFont.load_default(16))
    found = compared(before, after)
    assert found.outcome in {Outcome.OTHER_RENDERING, Outcome.EQUIVALENT}


@loose
@given(st.integers(0, 1 << 30))
def test_a_figure_is_like_itself_and_comparison_has_no_direction(seed: int) -> None:
    rng = random.Random(seed)
    one = figure(bars=tuple(rng.randint(20, 250) for _ in BARS))
    other = figure(bars=tuple(rng.randint(20, 250) for _ in BARS))
    assert compared(one, one).outcome is Outcome.EQUIVALENT
    assert (compared(one, other).likeness in SAME) == (compared(other, one).likeness in SAME)


def test_a_larger_change_is_never_less_different() -> None:
    measures = [compared(figure(), figure(bars=(120, 60, 180 - by, 90, 150))).measure for by in (0, 12, 30, 60, 120)]
    assert measures[0] == 0
    assert measures == sorted(measures)


def test_noise_is_compared_in_bounded_time() -> None:
    rng = random.Random(1)
    before, after = (Image.frombytes("RGB", (900, 700), rng.randbytes(900 * 700 * 3)) for _ in range(2))
    begun = time.process_time()
    assert compared(before, after).likeness is Likeness.DIFFERENT
    assert time.process_time() - begun < 20


@loose
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(0, 99))
def test_pictures_of_any_size_give_an_answer(width: int, height: int, wide: int, high: int, seed: int) -> None:
    rng = random.Random(seed)
    before = Image.frombytes("RGB", (width, height), rng.randbytes(width * height * 3))
    after = Image.frombytes("RGB", (wide, high), rng.randbytes(wide * high * 3))
    assert compared(before, after).likeness is not None
