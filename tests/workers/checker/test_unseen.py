"""What an HTML page shows without saying it as text or as a plain picture."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., Any]

LIBRARY = "/*! jQuery v{} | (c) JS Foundation */ e.innerHTML = x; e.textContent = y; var t=[1,2,3,4,5,6,7,8,9];"


@pytest.mark.parametrize(
    "markup",
    [
        '<img data-src="{}">',
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="{}">',
        '<picture><source srcset="{} 2x, data:image/gif;base64,R0lGODlhAQABAAAAACw= 1x"></picture>',
        '<div style="width: 3px; background: url({})">x</div>',
        "<div style=\"background-image: URL('{}')\">x</div>",
        '<video poster="{}"></video>',
    ],
)
def test_a_picture_that_is_shown_in_another_way_is_compared(checked: Check, plot: Check, markup: str) -> None:
    one, other = (f"data:image/png;base64,{base64.b64encode(plot(block=at)).decode()}" for at in (0, 60))
    page = f"<p>x</p>{markup}"
    assert checked(page.format(one), page.format(one)).verdict == "reproduced"
    found = checked(page.format(one), page.format(other))
    assert "differs in its marks at 1 place" in found.reason


def test_a_page_in_a_page_is_read(checked: Check) -> None:
    page = '<p>x</p><iframe srcdoc="&lt;p&gt;mean {}&lt;/p&gt;"></iframe>'
    assert "“mean 4.2” became “mean 4.3”" in checked(page.format("4.2"), page.format("4.3")).reason


@pytest.mark.parametrize("markup", ['<input value="{}">', '<script type="math/tex">a = {}</script>'])
def test_words_that_are_shown_otherwise_are_compared(checked: Check, markup: str) -> None:
    page = f"<p>Mean: {markup}</p>"
    reason = checked(page.format("4.2"), page.format("4.3")).reason
    assert "4.2” became" in reason
    assert "4.3”" in reason


@pytest.mark.parametrize(
    "markup",
    [
        "<canvas id=c></canvas><script>c.getContext('2d').fillRect(0, 0, {}, 9)</script>",
        '<script type="application/json">[{}]</script>',
        '<script type="text/csv">a,{}</script>',
        "<script>var made = [1, 2, 3, 4, 5, 6, 7, {}]</script>",
        "<style>p {{ background: url(data:image/png;base64,{}) }}</style>",
        '<script src="data:text/javascript,document.write({})"></script>',
    ],
)
def test_what_scripts_draw_from_is_not_said_to_agree(checked: Check, markup: str) -> None:
    page = f"<p>x</p>{markup}"
    assert checked(page.format(41), page.format(41)).verdict == "reproduced"
    found = checked(page.format(41), page.format(42))
    assert found.outcomes[-1] == "uncompared"
    assert found.verdict == "not comparable"


@pytest.mark.parametrize(
    "markup",
    [
        f"<script>{LIBRARY}</script>",
        '<script src="data:text/javascript,' + LIBRARY.replace(" ", "%20") + '"></script>',
        "<script>var made = {}</script>",
        '<script type="application/json" id="a">["1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4be{}"]</script>',
        '<script type="application/vnd.jupyter.widget-view+json">{{"id": "0123456789abcdef0123456789abcde{}"}}</script>',
        "<style>/*! Leaflet v{} */ a {{ background: url(data:image/png;base64,AAAA) }}</style>",
    ],
)
def test_another_version_of_a_library_or_a_name_does_not_count(checked: Check, markup: str) -> None:
    page = f"<p>x</p>{markup}"
    assert checked(page.format(1), page.format(2)).verdict == "reproduced"


def test_the_structure_of_an_interactive_figures_data_counts(checked: Check) -> None:
    page = '<p>x</p><script type="application/json" data-for="htmlwidget-0a1b2c3d4e">{}</script>'
    assert checked(page.format("[[1,2],[3]]"), page.format("[[1],[2,3]]")).verdict == "differs"
    assert checked(page.format('["2019-05-03"]'), page.format('["2019-05-04"]')).verdict == "differs"
    assert checked(page.format('{"a":1,"b":2.0}'), page.format('{"b":2,"a":1}')).verdict == "reproduced"
    names = '{{"1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4be1":{},"1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4be2":3}}'
    assert checked(page.format(names.format(1)), page.format(names.format(2))).verdict == "differs"


def test_a_figure_drawn_by_another_script_is_not_said_to_agree(checked: Check) -> None:
    page = "<p>x</p><script>Plotly.newPlot('a', [1, 2]{})</script>"
    assert checked(page.format(""), page.format(".reverse()")).outcomes[-1] == "uncompared"


def test_a_figure_that_neither_side_left_is_not_said_to_agree(checked: Check) -> None:
    page = '<p>x</p><img src="a.png">'
    found = checked(page, page)
    assert found.outcomes == ["identical", "uncompared"]
    assert found.verdict == "not comparable"


def test_a_picture_on_the_web_is_not_counted_as_agreeing(checked: Check) -> None:
    page = '<p>x</p><img src="https://example.org/a.png">'
    found = checked(page, page)
    assert found.row("Figure 1").outcome == "ignored"
    assert found.reason.startswith("The text agrees with the published display.html")


@pytest.mark.parametrize(
    "text",
    [
        "<script>Plotly.newPlot('a', " + "[" * 60_000 + "</script>",
        "<script>Plotly.newPlot('a', " + "[1,{" * 30_000 + "</script>",
        "<script>" + "/*! " * 30_000 + "</script>",
        '<img srcset="' + "a," * 60_000 + '">',
        '<p style="' + "url(" * 30_000 + '">x</p>',
        "<iframe srcdoc='" * 20_000,
        "<style>" + "url(data:image/png" * 8_000 + "</style>",
    ],
    ids=["nested", "opened", "banner", "set", "style", "frames", "sheet"],
)
def test_no_page_takes_long(checked: Check, text: str) -> None:
    started = time.process_time()
    checked(f"<p>x</p>{text}", f"<p>x</p>{text[:-9]} ")
    assert time.process_time() - started < 6
