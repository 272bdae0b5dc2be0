from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., Any]


def test_the_same_page_is_reproduced(checked: Check, plot: Check, page_of: Check) -> None:
    page = page_of(("rain", plot()), ("wind", plot("7")))
    found = checked(page, page)
    assert found.verdict == "reproduced"
    assert found.reason == "The text and all 2 figures agree with the published display.html."
    assert [row.name for row in found.report.comparisons] == [
        "Text of display.html", "Figure 1 (rain)", "Figure 2 (wind)",
    ]  # fmt: skip


def test_a_change_that_nobody_sees_is_reproduced_and_said(checked: Check, plot: Check, page_of: Check) -> None:
    page = page_of(("rain", plot()))
    other = page.replace("<head>", "<head><!-- 2026 --><script>var made = 7</script><style>p{}</style>")
    other = other.replace("<p>", '<p id="x7f3a">\n  ')
    found = checked(page, other)
    assert found.verdict == "reproduced"
    assert found.reason.endswith("; only bytes differ that no reader sees.")


@pytest.mark.parametrize("tag", ["p", "li", "td", "h2", "pre", "figcaption"])
def test_a_changed_number_in_text_is_found(checked: Check, page_of: Check, tag: str) -> None:
    page = page_of(text=f"First.</p><{tag}>the mean 4.2</{tag}><p>Last.")
    found = checked(page, page.replace("mean 4.2", "mean 4.3"))
    assert found.verdict == "differs"
    assert found.reason == ("The text differs in 1 of 4 passages, first: “the mean 4.2” became “the mean 4.3”.")
    assert found.row("Text").measure == 0.25


def test_text_after_the_first_figure_is_compared(checked: Check, plot: Check, page_of: Check) -> None:
    page = page_of(("rain", plot()))
    found = checked(page.replace("</body>", "<p>p = 0.01</p></body>"), page.replace("</body>", "<p>p = 0.9</p></body>"))
    assert "“p = 0.01” became “p = 0.9”" in found.reason


def test_text_that_only_one_side_has_is_found(checked: Check) -> None:
    assert "“Two.” is missing" in checked("<p>One.</p><p>Two.</p>", "<p>One.</p>").reason
    assert "“Two.” is new" in checked("<p>One.</p>", "<p>One.</p><p>Two.</p>").reason


def test_passages_in_another_order_are_found(checked: Check) -> None:
    found = checked("<p>a 1</p><p>b 2</p><p>c 3</p>", "<p>b 2</p><p>a 1</p><p>c 3</p>")
    assert found.verdict == "differs"


def test_memory_addresses_do_not_count(checked: Check) -> None:
    found = checked("<pre>&lt;Axes at 0x7f3c2a0b1d30&gt;</pre>", "<pre>&lt;Axes at 0x7fe0aa0b1e10&gt;</pre>")
    assert found.verdict == "reproduced"


def test_hidden_text_does_not_count(checked: Check) -> None:
    hidden = "<p>Seen.</p><div hidden>{0}</div><div style='display: none'><p>{0}</p></div><template>{0}</template>"
    assert checked(hidden.format("1"), hidden.format("2")).verdict == "reproduced"


def test_a_changed_figure_is_found_and_named(checked: Check, plot: Check, page_of: Check) -> None:
    before = page_of(("wind", plot()), ("rain by month", plot()))
    after = page_of(("wind", plot()), ("rain by month", plot(block=60)))
    found = checked(before, after)
    assert found.outcomes == ["identical", "identical", "different"]
    assert found.reason == "1 of 2 figures comes out again; Figure 2 (rain by month) differs in its marks at 1 place."
    row = found.row("Figure 2")
    assert found.blobs[row.original] == plot()
    assert found.blobs[row.reproduced] == plot(block=60)
    assert found.blobs[row.difference].startswith(b"\x89PNG")


def test_the_worst_figure_comes_first_in_the_reason(checked: Check, plot: Check, page_of: Check) -> None:
    before = page_of(("a", plot()), ("b", plot()), text="1")
    after = page_of(("a", plot(block=20)), ("b", plot(block=60)), text="2")
    assert checked(before, after).reason == (
        "Figure 2 (b) differs in its marks at 1 place; 3 of 3 compared things differ."
    )


def test_figures_in_another_order_are_found(checked: Check, plot: Check, page_of: Check) -> None:
    a, b, c = ("a", plot("1")), ("b", plot("2", block=30)), ("c", plot("3", block=50))
    found = checked(page_of(a, b, c), page_of(b, c, a))
    assert found.verdict == "differs"
    assert found.outcomes == ["identical", "different", "identical", "identical"]
    assert (
        found.reason
        == "2 of 3 figures come out again; Figure 1 (a) is the same, but at another place: it was number 1 and became number 3."
    )


def test_a_figure_that_is_gone_is_missing_and_a_further_one_is_extra(
    checked: Check, plot: Check, page_of: Check
) -> None:
    a, b, c = ("a", plot("1")), ("b", plot("2", block=30)), ("c", plot("3", block=50))
    gone = checked(page_of(a, b, c), page_of(a, c))
    assert gone.outcomes == ["identical", "identical", "missing", "identical"]
    assert (
        gone.reason
        == "2 of 3 figures come out again; Figure 2 (b) is missing: the display that this run made does not show it."
    )
    added = checked(page_of(a, c), page_of(a, b, c))
    assert added.outcomes == ["identical", "identical", "extra", "identical"]


def test_a_changed_and_a_missing_figure_are_told_apart_by_name(checked: Check, plot: Check, page_of: Check) -> None:
    found = checked(page_of(("a", plot("1")), ("b", plot("2"))), page_of(("b", plot("2", block=40))))
    assert found.row("Figure 1 (a)").outcome == "missing"
    assert found.row("Figure 2 (b)").outcome == "different"


def test_linked_figures_are_read_beside_the_display(checked: Check, plot: Check) -> None:
    page = '<p>Text</p><img src="fig/a%20b.png?v=1" alt="rain"><img src="../logo.png" alt="logo">'
    files = {"out/fig/a b.png": plot(), "logo.png": plot("logo")}
    same = checked(page, page, "out/display.html", files, files)
    assert same.outcomes == ["identical", "identical", "identical"]
    other = checked(page, page, "out/display.html", files, files | {"out/fig/a b.png": plot(block=40)})
    assert other.reason.startswith("1 of 2 figures comes out again; Figure 1 (rain) differs in its marks at 1 place")


def test_a_linked_figure_that_the_run_did_not_make_is_missing(checked: Check, plot: Check) -> None:
    page = '<p>Text</p><img src="a.png" alt="rain">'
    found = checked(page, page, files={"a.png": plot()})
    assert found.verdict == "differs"
    assert found.reason == "Figure 1 (rain) was not made by this run, although the display links it."


@pytest.mark.parametrize("source", ["../../etc/passwd", "/etc/passwd", "a/../../b.png", "%2e%2e/x.png", "..\\x.png"])
def test_a_link_out_of_the_workspace_is_never_asked_for(checked: Check, source: str) -> None:
    class Trap(dict[str, bytes]):
        def get(self, key: str, default: Any = None) -> Any:
            raise AssertionError(key)

    found = checked("<p>x</p>", f'<p>x</p><img src="{source}">', made=Trap())
    assert found.outcomes == ["identical", "extra"]


def test_a_picture_on_the_web_is_not_fetched(checked: Check) -> None:
    page = '<p>x</p><img src="https://example.org/a.png">'
    assert checked(page, page).verdict == "reproduced"
    assert checked(page, page.replace("a.png", "b.png")).verdict == "differs"


@pytest.mark.parametrize(
    ("markup", "name"),
    [
        ('<img src="a.png" alt="Rain by month">', "Figure 1 (Rain by month)"),
        ('<figure><img src="a.png"><figcaption>Rain by month.</figcaption></figure>', "Figure 1 (Rain by month)"),
        ('<figure><figcaption>Rain</figcaption><img src="a.png"></figure>', "Figure 1 (Rain)"),
        ('<div class="figure"><img src="a.png"><p class="caption">Rain</p></div>', "Figure 1 (Rain)"),
        ('<h2>Results</h2><p><img src="a.png" alt="plot of chunk x"></p>', "Figure 1 (Results)"),
        ('<img src="a.png" alt="Figure 3: Rain">', "Figure 3 (Rain)"),
        ('<img src="a.png">', "Figure 1"),
    ],
)
def test_a_figure_has_the_name_that_a_reader_gives_it(checked: Check, plot: Check, markup: str, name: str) -> None:
    found = checked(markup, markup, files={"a.png": plot()}, made={"a.png": plot()})
    assert found.report.comparisons[1].name == name


def test_a_drawing_in_the_page_is_a_figure(checked: Check) -> None:
    page = '<p>x</p><svg aria-label="tide"><text id="a1">4.2</text><path d="M0 0L9 9"></path></svg>'
    assert checked(page, page.replace("a1", "b7")).verdict == "reproduced"
    assert "Figure 1 (tide) differs in 1 of 1 shape" in checked(page, page.replace("L9 9", "L9 8")).reason
    assert "“4.2” became “4.3”" in checked(page, page.replace("4.2", "4.3")).reason


def test_the_data_of_an_interactive_figure_are_compared(checked: Check) -> None:
    page = '<p>x</p><script type="application/json" data-for="htmlwidget-0a1b2c3d4e">{"x":[1,2,3],"y":[4.2]}</script>'
    assert checked(page, page.replace("0a1b2c3d4e", "9f9f9f9f9f")).verdict == "reproduced"
    assert "“4.2” became “4.3”" in checked(page, page.replace("4.2", "4.3")).reason


def test_a_plot_drawn_by_a_script_is_a_figure(checked: Check) -> None:
    page = "<p>x</p><script>Plotly.newPlot('1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed', [{{y: [1, {}]}}])</script>"
    assert checked(page.format(4.2), page.replace("1b9d", "2c0e").format(4.2)).verdict == "reproduced"
    assert "“4.2” became “4.3”" in checked(page.format(4.2), page.format(4.3)).reason


def test_a_page_that_shows_nothing_without_its_scripts_is_not_said_to_agree(checked: Check) -> None:
    found = checked("<script>draw(1)</script>", "<script>draw(2)</script>")
    assert found.verdict == "not comparable"
    assert "neither page shows anything before its scripts run" in found.reason


def test_a_run_without_a_display_failed(checked: Check) -> None:
    found = checked("<p>x</p>", None)
    assert found.verdict == "failed"
    assert found.reason == "No display was made: the run ended without writing display.html."
    assert found.reason in found.page


def test_a_display_that_was_never_published_cannot_be_compared(checked: Check) -> None:
    found = checked(None, "<p>x</p>")
    assert found.verdict == "not comparable"
    assert found.reason.startswith("There is no published display to compare with")


def test_an_old_encoding_reads_like_a_new_one(checked: Check) -> None:
    old = '<meta charset="iso-8859-1"><p>Ä 4.2</p>'.encode("latin-1")
    assert checked(old, '<meta charset="utf-8"><p>Ä 4.2</p>').verdict == "reproduced"
