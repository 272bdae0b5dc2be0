from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.svg.compare import compare_drawings
from erc.workers.checker.domain.svg.geometry import applied, read_path, transform
from erc.workers.checker.domain.svg.reading import DrawingError, read_drawing

Check = Callable[..., Any]
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {}>'
SIZE = 'width="400" height="300" viewBox="0 0 400 300"'
DOTS = [(60 + 21 * at, 60 + (37 * at) % 190) for at in range(15)]


def drawing(
    *extra: str, dots: list[tuple[float, float]] = DOTS, label: str = "Rain", colour: str = "#1f77b4", size: str = SIZE
) -> str:
    marks = "".join(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in dots)
    frame = (
        '<rect x="40" y="40" width="340" height="220" fill="none" stroke="black"/><path d="M40 150H380" stroke="grey"/>'
    )
    return f'{HEAD.format(size)}<g>{frame}{marks}<text x="200" y="20">{label}</text>{"".join(extra)}</g></svg>'


def compared(before: str, after: str) -> Compared:
    found = compare_drawings(before.encode(), after.encode(), PixelBudget())
    assert found is not None
    return found


def moved(at: int, by: float) -> list[tuple[float, float]]:
    return [(x, y + (by if place == at else 0)) for place, (x, y) in enumerate(DOTS)]


@pytest.mark.parametrize(
    "other",
    [
        drawing().replace('r="4"', 'r="4.000"').replace("M40 150H380", "m 40,150.0 l 3.4e2,0"),
        drawing().replace("<g>", '<g id="a9f"><!-- made 2026 -->').replace("#1f77b4", "rgb(31,119,180)"),
        drawing().replace("<g>", "<metadata><d>2026</d></metadata><g>"),
        drawing().replace('fill="#1f77b4"', 'class="p"').replace("<g>", "<style>.p { fill: #1F77B4; }</style><g>"),
        drawing().replace('fill="#1f77b4"', 'style="fill:#1f77b4"'),
        drawing().replace("<g>", '<g transform="translate(10 0) translate(-10,0)">'),
        drawing().replace("<g>", '<defs><clipPath id="z1"><path d="M0 0"/></clipPath></defs><g>'),
    ],
    ids=["numbers", "ids", "metadata", "sheet", "style", "transform", "unused"],
)
def test_the_same_drawing_written_in_another_way_is_the_same(other: str) -> None:
    assert (compared(drawing(), other).outcome, compared(other, drawing()).outcome) == ("equivalent", "equivalent")


def test_a_moved_point_is_named_with_its_place() -> None:
    found = compared(drawing(), drawing(dots=moved(3, 5)))
    assert (found.outcome, found.changed) == ("different", 1)
    assert found.finding == "differs in 1 of 17 shapes, first: the circle at (123, 171) moved by 5, to (123, 176)"


def test_changed_words_are_named_and_what_moved_beside_them_too() -> None:
    found = compared(drawing(), drawing(label="Snow", dots=moved(3, 5)))
    assert found.outcome == "different"
    assert "“Rain” became “Snow”, and it differs in 1 of 17 shapes" in found.finding


def test_a_missing_and_a_new_shape_are_named() -> None:
    found = compared(drawing(), drawing(dots=DOTS[:-1]))
    assert found.finding.startswith("lacks 1 shape, first the circle at (")
    assert compared(drawing(dots=DOTS[:-1]), drawing()).finding.startswith("has 1 new shape")


def test_another_palette_is_another_rendering_and_one_other_colour_is_not() -> None:
    assert compared(drawing(), drawing(colour="#aa0000")).outcome == "other rendering"
    one = drawing().replace("#1f77b4", "#aa0000", 1)
    found = compared(drawing(), one)
    assert found.outcome == "different"
    assert "fill #1f77b4" in found.finding


def test_another_font_is_another_rendering_and_swapped_labels_are_not() -> None:
    label = '<text x="{}" y="280">{}</text>'
    before = drawing(label.format(80, "treated"), label.format(300, "control"))
    font = before.replace("<text", '<text font-family="serif"')
    assert compared(before, font).outcome == "other rendering"
    swapped = drawing(label.format(300, "treated"), label.format(80, "control"))
    assert compared(before, swapped).outcome == "different"
    other_order = drawing(label.format(300, "control"), label.format(80, "treated"))
    assert compared(before, other_order).outcome == "equivalent"


def test_a_larger_copy_is_the_same_drawing() -> None:
    doubled = drawing().replace("<g>", '<g transform="scale(2)">').replace("0 0 400 300", "0 0 800 600")
    assert compared(drawing(), doubled).outcome == "equivalent"


def test_shapes_that_are_used_again_stand_where_they_are_used() -> None:
    dot = '<defs><circle id="{0}" r="4" fill="#1f77b4"/></defs>'
    uses = "".join(f'<use xlink:href="#{{0}}" x="{x}" y="{y}"/>' for x, y in DOTS)
    before = drawing(dot.format("m1"), uses.format("m1"), dots=[])
    assert compared(before, drawing(dot.format("k7"), uses.format("k7"), dots=[])).outcome == "equivalent"
    assert (
        compared(before, drawing(dot.format("m1"), uses.format("m1").replace('y="60"', 'y="70"', 1), dots=[])).changed
        == 1
    )


def test_a_drawing_of_another_structure_is_looked_at() -> None:
    frame = re.compile(r'<rect x="40"[^>]*>')
    lines = '<path d="M40 40L380 40L380 260L40 260Z" fill="none" stroke="black"/>'
    found = compared(
        drawing(), frame.sub(lines, drawing()).replace("circle", "ellipse").replace('r="4"', 'rx="4" ry="4"')
    )
    assert found.outcome == "equivalent"
    other = [(x, 300 - y) for x, y in DOTS]
    assert compared(drawing(), frame.sub(lines * 12, drawing(dots=other))).outcome == "different"


def test_a_drawing_in_a_page_keeps_its_quotes_and_signs(checked: Check) -> None:
    page = "<p>x</p>" + drawing('<text x="9" y="9" style="font-family: &quot;A&quot;">p &lt; 0.05 &amp; q</text>')
    found = checked(page, page.replace('cy="60"', 'cy="70"', 1))
    assert "Figure 1 differs in 1 of 17 shapes" in found.reason
    assert "“p < 0.05 &” became “p < 0.06 &”" in checked(page, page.replace("0.05", "0.06")).reason


def _deep(depth: int) -> str:
    return HEAD.format(SIZE) + "<g>" * depth + "</g>" * depth + "</svg>"


def _bomb(levels: int) -> str:
    defs = "".join(
        f'<g id="l{at}">{f"<use xlink:href=&quot;#l{at + 1}&quot;/>".replace("&quot;", chr(34)) * 10}</g>'
        for at in range(levels)
    )
    return f'{HEAD.format(SIZE)}<defs>{defs}<rect id="l{levels}" width="1" height="1"/></defs><use xlink:href="#l0"/></svg>'


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>',
        _deep(200),
        _deep(100_000),
        _bomb(12),
        f'{HEAD.format(SIZE)}<g id="a"><use xlink:href="#a"/></g></svg>',
        f"{HEAD.format(SIZE)}<rect width='9'",
        f'{HEAD.format(SIZE)}<path d="M0 0L1e300 9"/></svg>',
    ],
    ids=["entities", "nested", "very-nested", "used-again", "uses-itself", "cut-off", "endless-number"],
)
def test_a_hostile_drawing_is_refused_and_then_compared_as_text(content: str) -> None:
    began = time.process_time()
    with pytest.raises(DrawingError):
        read_drawing(content.encode())
    assert compared(drawing(), content).outcome == "different"
    assert time.process_time() - began < 20


@pytest.mark.parametrize("piece", ["1", "1 ", "a1 1 0 01", "-", "M0", "1e", ".", "c1,", "z"])
def test_a_long_path_costs_little(piece: str) -> None:
    began = time.process_time()
    try:
        read_path("M" + piece * (200_000 // len(piece)))
        transform(f"translate({piece * 300_000}")
    except DrawingError:
        pass
    assert time.process_time() - began < 5


def test_nothing_of_the_authors_text_is_rendered() -> None:
    evil = drawing('<image href="/etc/hostname" width="99" height="99"/><path d="M0 0L9 9" fill="url(file:///x)"/>')
    assert compared(evil, drawing()).outcome == "different"


points = st.lists(st.tuples(st.integers(45, 375), st.integers(45, 255)), min_size=1, max_size=12, unique=True)


@settings(max_examples=40, deadline=None)
@given(points, st.integers(0, 11), st.floats(1, 40))
def test_a_drawing_agrees_with_itself_and_any_move_is_found(
    dots: list[tuple[float, float]], at: int, by: float
) -> None:
    at %= len(dots)
    other = [(x, y + (by if place == at else 0)) for place, (x, y) in enumerate(dots)]
    assert compared(drawing(dots=dots), drawing("<!-- x -->", dots=dots)).outcome == "equivalent"
    assert compared(drawing(dots=dots), drawing(dots=other)).outcome == "different"
    assert compared(drawing(dots=other), drawing(dots=dots)).outcome == "different"


@given(st.text("MmLlHhVvCcSsQqTtAaZz0123456789.,- e", max_size=200))
def test_no_path_is_too_odd(text: str) -> None:
    try:
        found = read_path(text)
    except DrawingError:
        return
    assert all(len(point) == 2 for point in found.points)


def test_relative_and_absolute_paths_are_one() -> None:
    assert read_path("M1 1l2 3h4v-2z").points == read_path("M1 1L3 4L7 4L7 2Z").points
    assert read_path("M0 0a5 5 0 015 5").points == read_path("M0,0 A5,5 0 0 1 5,5").points
    assert applied(transform("rotate(90 10 10)"), (20.0, 10.0)) == pytest.approx((10.0, 20.0))
