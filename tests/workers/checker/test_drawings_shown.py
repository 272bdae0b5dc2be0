"""What a browser shows of a drawing in another way is never the same drawing."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.svg.compare import compare_drawings

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {}>'
SIZE = 'width="400" height="300" viewBox="0 0 400 300"'
DOTS = "".join(f'<circle cx="{20 + 12 * at}" cy="{200 - 5 * at}" r="3" fill="#00f"/>' for at in range(20))
FRAME = '<path d="M10,10L390,10L390,290L10,290Z" fill="none" stroke="#000"/>'


def drawing(inner: str = "", size: str = SIZE) -> bytes:
    return f"{HEAD.format(size)}{FRAME}{inner}{DOTS}</svg>".encode()


def compared(before: bytes, after: bytes) -> Compared:
    found = compare_drawings(before, after, PixelBudget())
    assert found is not None
    return found


def box(attributes: str = "", width: int = 30) -> str:
    return f'<rect x="50" y="50" width="{width}" height="20" {attributes}/>'


def line(attributes: str) -> str:
    return f'<path d="M20,20L30,30L300,20" fill="none" stroke="#000" {attributes}/>'


def gradient(first: str, name: str = "g") -> str:
    return f'<linearGradient id="{name}"><stop offset="0" stop-color="{first}"/><stop offset="1"/></linearGradient>'


def symbol(side: int, wide: int) -> str:
    shape = f'<symbol id="s" viewBox="0 0 {side} {side}"><rect width="5" height="5"/></symbol>'
    return f'{shape}<use href="#s" width="{wide}" height="{wide}"/>'


def clip(wide: int, moved: int = 0) -> str:
    defined = f'<defs><rect id="r" width="{wide}" height="90"/></defs><clipPath id="c"><use href="#r"/></clipPath>'
    return (
        f'{defined}<g clip-path="url(#c)" transform="translate({moved},0)"><rect x="{50 - moved}" width="300" '
        'height="90"/></g>'
    )


def label(text: str = "A", x: int = 50, attributes: str = "") -> str:
    return f'<text x="{x}" y="50" {attributes}>{text}</text>'


def nested(attributes: str) -> str:
    inner = '<rect width="5" height="5"/>'
    return f'<svg x="10" y="10" width="100" height="50" viewBox="0 0 10 10" {attributes}>{inner}</svg>'


def sheet(rules: str, shape: str = box('class="k"')) -> str:
    return f"<style>{rules}</style>{shape}"


SHOWN = {
    "swapped labels": (label("A") + label("B", 300), label("B") + label("A", 300)),
    "raised digit": (label('10<tspan dy="-5">3</tspan>'), label("103")),
    "two words": (label('<tspan x="10">1</tspan><tspan x="40">2</tspan>'), label("12")),
    "part hidden": (label("A<tspan>B</tspan>"), label('A<tspan display="none">B</tspan>')),
    "shifted by dx": (label(), label(attributes='dx="100"')),
    "shifted by dy": (label(), label(attributes='dy="100"')),
    "colour of one label": (label(attributes='fill="#00f"'), label(attributes='fill="red"')),
    "unseen label": (label(), label(attributes='opacity="0"')),
    "unpainted label": (label(), label(attributes='fill="none"')),
    "transparent label": (label(), label(attributes='fill-opacity="0"')),
    "collapsed label": (label(), label(attributes='visibility="collapse"')),
    "letters without size": (label(), label(attributes='font-size="0"')),
    "clipped label": (
        label(),
        f'<clipPath id="c"><rect width="1" height="1"/></clipPath>{label(attributes="""clip-path="url(#c)" """)}',
    ),
    "text along a path": tuple(
        f'<defs><path id="p" d="M0,{y}L100,{y}"/></defs><text><textPath href="#p">A</textPath></text>' for y in (0, 200)
    ),
    "view box of a symbol": (symbol(10, 50), symbol(20, 50)),
    "size of a symbol": (symbol(10, 50), symbol(10, 150)),
    "gradient behind a gradient": tuple(
        f'{gradient(one, "h")}<linearGradient id="g" href="#h"/>{box("""fill="url(#g)" """)}' for one in ("red", "lime")
    ),
    "gradient by a class": tuple(
        sheet(f".a{{stop-color:{one}}}", f"{gradient('red').replace('<stop', '<stop class=a', 1)}").replace(
            "class=a", 'class="a"'
        )
        + box('fill="url(#g)"')
        for one in ("red", "lime")
    ),
    "clip that uses a shape": (clip(100), clip(300)),
    "clip of moved coordinates": (clip(100), clip(100, 50)),
    "marker by a rule": tuple(
        f'<style>.k{{marker:url(#m)}}</style><marker id="m">{one}</marker>{line("""class="k" """)}'
        for one in ('<circle r="4"/>', '<rect width="4" height="4"/>')
    ),
    "marks on an unpainted line": tuple(
        f'<marker id="m"><circle r="4"/></marker><path d="M20,20L30,{y}L40,40" marker-mid="url(#m)" fill="none"/>'
        for y in (30, 60)
    ),
    "rule of a kind that is not read": (sheet("rect:nth-child(3){fill:red}"), sheet("rect:nth-child(3){fill:lime}")),
    "rule by an attribute": (sheet('rect[width="30"]{fill:red}'), sheet('rect[width="30"]{fill:none}')),
    "rule for a medium": (sheet("@media all{.k{fill:red}}"), sheet("@media all{.k{fill:lime}}")),
    "rule that weighs more": (sheet(".k{fill:red} rect{fill:blue}"), sheet(".k{fill:lime} rect{fill:blue}")),
    "important rule": tuple(
        sheet(f".k{{fill:red{one}}}", box('class="k" style="fill:blue"')) for one in ("", " !important")
    ),
    "place by a rule": (sheet(".k{x:10px}"), sheet(".k{x:200px}")),
    "size by a rule": (sheet(".k{width:50px}"), sheet(".k{width:250px}")),
    "moved by a rule": (sheet(".k{transform:translate(9px,0)}"), sheet(".k{transform:translate(90px,0)}")),
    "moved by a style": (box('style="transform:translate(9px,0)"'), box('style="transform:translate(90px,0)"')),
    "dashes that begin elsewhere": (
        line('stroke-dasharray="100 300"'),
        line('stroke-dasharray="100 300" stroke-dashoffset="-100"'),
    ),
    "holes": tuple(f'<path d="M20,20H200V200H20ZM50,50H150V150H50Z" {one}/>' for one in ("", 'fill-rule="evenodd"')),
    "stretched inner drawing": (nested(""), nested('preserveAspectRatio="none"')),
    "part for a language": (
        f"<switch>{box()}{box(width=90)}</switch>",
        "<switch>" + box("systemLanguage='xx'") + box(width=90) + "</switch>",
    ),
    "animation": tuple(box().replace("/>", f'><set attributeName="width" to="{one}"/></rect>') for one in (30, 300)),
}


@pytest.mark.parametrize("pair", SHOWN.values(), ids=SHOWN)
def test_what_is_shown_in_another_way_does_not_agree(pair: tuple[str, str]) -> None:
    before, after = map(drawing, pair)
    assert not compared(before, after).outcome.agrees
    assert not compared(after, before).outcome.agrees
    for one in (before, after):
        assert compared(one, one.replace(b"/>", b" />")).outcome.agrees


SIZES = {
    "cut": 'width="400" height="300" viewBox="0 0 40 30"',
    "moved": 'width="400" height="300" viewBox="200 100 400 300"',
    "cut by its size": 'width="200" height="150"',
    "stretched": 'width="400" height="100" viewBox="0 0 400 300" preserveAspectRatio="none"',
    "hidden": f'style="display:none" {SIZE}',
    "pale": f'opacity="0.05" {SIZE}',
    "shifted": f'transform="translate(200,0)" {SIZE}',
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_canvas_counts(size: str) -> None:
    assert not compared(drawing(), drawing(size=size)).outcome.agrees


def test_what_a_canvas_hands_down_counts() -> None:
    before, after = (drawing(box(), f'fill="{one}" {SIZE}') for one in ("red", "lime"))
    assert compared(before, after).outcome == "different"


def test_colours_count_on_another_canvas_too() -> None:
    larger = 'width="800" height="600" viewBox="0 0 800 600"'
    swapped = DOTS.replace("#00f", "#f00", 3)
    for dots, agrees in ((DOTS, True), (swapped, False)):
        after = f'{HEAD.format(larger)}<g transform="scale(2)">{FRAME}{dots}</g></svg>'.encode()
        assert compared(drawing(), after).outcome.agrees is agrees


def test_labels_that_changed_places_are_found_on_another_canvas() -> None:
    names = ["low", "middle", "high", "very high"]

    def named(order: list[str], scale: float) -> bytes:
        labels = "".join(label(text, round(scale * (40 + 100 * at))) for at, text in enumerate(order))
        dots = "".join(f'<circle cx="{scale * (20 + 12 * at)}" cy="{90 + 7 * at}" r="4"/>' for at in range(20))
        return f'{HEAD.format(f"""width="{400 * scale}" height="300" """)}{dots}{labels}</svg>'.encode()

    assert compared(named(names, 1), named(names, 1.3)).outcome.agrees
    found = compared(named(names, 1), named([names[3], *names[1:3], names[0]], 1.3))
    assert (found.outcome, found.finding) == ("different", "has 2 labels at another place, first “low”")


def test_a_picture_in_a_drawing_is_looked_at(plot: Callable[..., bytes]) -> None:
    def holding(picture: bytes) -> bytes:
        source = base64.b64encode(picture).decode()
        return drawing(f'<image x="10" y="10" width="80" height="60" href="data:image/png;base64,{source}"/>')

    same = compared(holding(plot()), holding(plot() + b"\0"))
    assert same.outcome.agrees
    assert not compared(holding(plot()), holding(plot(block=60))).outcome.agrees
    assert not compared(holding(plot()), drawing()).outcome.agrees


def test_references_that_lead_to_each_other_end() -> None:
    ring = "".join(f'<linearGradient id="g{at}" href="#g{(at + 1) % 3000}"/>' for at in range(3000))
    found = compared(drawing(ring + box('fill="url(#g0)"')), drawing(ring + box('fill="url(#g0)"') + box()))
    assert found.outcome == "different"
