"""What a reader sees beside the words counts; what a rule calls volatile is not taken for more than it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., Any]
PAGE = "<h1>Rain</h1><p>This is a first paragraph of some length, as papers have it.</p>{}"
TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td>{}</td><td>{}</td></tr></table>"

SHOWN = {
    "raised digit": ("<p>10<sup>5</sup> cells</p>", "<p>105 cells</p>"),
    "raised digit in a table": (TABLE.format("x", "10<sup>5</sup>"), TABLE.format("x", "105")),
    "lowered digit": ("<p>x<sub>2</sub></p>", "<p>x2</p>"),
    "list that starts elsewhere": ("<ol><li>a</ol>", '<ol start="3"><li>a</ol>'),
    "list counted back": ("<ol><li>a<li>b</ol>", "<ol reversed><li>a<li>b</ol>"),
    "number of an item": ("<ol><li>a</ol>", '<ol><li value="7">a</ol>'),
    "letters of a list": ("<ol><li>a</ol>", '<ol type="A"><li>a</ol>'),
    "ticked box": ('<input type="checkbox"> done', '<input type="checkbox" checked> done'),
    "chosen button": ('<input type="radio" checked>a<input type="radio">b', '<input type="radio">a<input type="radio" checked>b'),
    "chosen option": ("<option selected>a<option>b", "<option>a<option selected>b"),
    "scale of a bar": ('<meter value="5" max="10"></meter>', '<meter value="5" max="100"></meter>'),
    "words of an empty field": ('<input placeholder="5">', '<input placeholder="6">'),
    "struck out": ("<p><s>5</s> 6</p>", "<p>5 6</p>"),
    "power in a formula": ("<math><msup><mi>x</mi><mn>2</mn></msup></math>", "<math><mi>x</mi><mn>2</mn></math>"),
    "fraction in a formula": (
        "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "<math><msqrt><mn>1</mn><mn>2</mn></msqrt></math>"
    ),
    "numbers on other lines": ("<pre>1\n2 3</pre>", "<pre>1 2\n3</pre>"),
    "smallest p-value that is none": ("<p>The error is 2e-16.</p>", "<p>The error is 2.2e-16.</p>"),
    "hexadecimal result": ("<pre>checksum: 0xdeadbeefcafe</pre>", "<pre>checksum: 0xdeadbeefcaff</pre>"),
    "date in a sentence": ("<p>Date: 2020-03-04 was the first.</p>", "<p>Date: 2021-03-04 was the first.</p>"),
    "run in a sentence": ("<p>Run 2020-01-05 gave 5.</p>", "<p>Run 2020-02-05 gave 5.</p>"),
    "update of the data": ("<p>The data, last updated 2020-01-05</p>", "<p>The data, last updated 2021-01-05</p>"),
    "date in a table": (TABLE.format("Date:", "2020-01-01"), TABLE.format("Date:", "2020-01-02")),
    "time in a table": (TABLE.format("Time:", "12.5"), TABLE.format("Time:", "99.9")),
    "measured run time": ("<p>Its execution time was 5 ms for n = 9.</p>", "<p>Its execution time was 9 ms for n = 9.</p>"),
    "median run time": ("<p>Median running time: 45 min</p>", "<p>Median running time: 55 min</p>"),
    "tick with a number": ("<pre>✔ accuracy 0.95</pre>", "<pre>✔ accuracy 0.45</pre>"),
    "tick that is gone": ("<pre>a\n✔ converged 12\nb</pre>", "<pre>a\nb</pre>"),
    "result on a progress bar": tuple(f"<pre>100%|███| 5/5 [00:01, 5it/s, loss={one}]</pre>" for one in (0.1, 0.9)),
}  # fmt: skip


@pytest.mark.parametrize("pair", SHOWN.values(), ids=SHOWN)
def test_what_is_shown_counts(checked: Check, pair: tuple[str, str]) -> None:
    assert checked(*map(PAGE.format, pair)).verdict == "differs"


UNSHOWN = {
    "power written in two ways": ("<p>2 × 10<sup>5</sup></p>", "<p>2 × 10⁵</p>"),
    "negative power": ("<p>2 × 10<sup>−5</sup></p>", "<p>2 × 10^-5</p>"),
    "usual numbers of a list": ("<ol><li>a</ol>", '<ol type="1" start="1"><li>a</ol>'),
    "where a paragraph ends": ("<p>We saw 5 of them</p><p>in all of May.</p>", "<p>We saw 5 of them in all of May.</p>"),
    "smallest p-value": ("<p>p &lt; 2e-16</p>", "<p>p &lt; 2.2e-16</p>"),
    "address of an object": ("<pre>&lt;f at 0x7f3c2a0b1d30&gt;</pre>", "<pre>&lt;f at 0x7fe0aa0b1e10&gt;</pre>"),
    "address in R": ("<pre>&lt;bytecode: 0x55d5c8a1b2c8&gt;</pre>", "<pre>&lt;bytecode: 0x5603f1a1b2c8&gt;</pre>"),
    "date of the run": ("<p>Date: 2020-03-04</p>", "<p>Date: Mon, 30 Nov 2026</p>"),
    "date of a model": (
        TABLE.format("Date:", "Mon, 02 Mar 2020"), TABLE.format("Date:", "Mon, 30 Nov 2026")
    ),
    "time of a model": (TABLE.format("Time:", "12:30:15"), TABLE.format("Time:", "07:01:59")),
    "time of a run": ("<p>The script took 5.2 s to run.</p>", "<p>The script took 7.9 s to run.</p>"),
    "versions of packages": ("<pre>✔ dplyr 1.0.7     ✔ purrr   0.3.4</pre>", "<pre>✔ dplyr 1.1.4     ✔ purrr   1.0.2</pre>"),
    "page that was made": ("<p>Page last updated: 2020-03-04</p>", "<p>Page last updated: 2026-11-30</p>"),
}  # fmt: skip


@pytest.mark.parametrize("pair", UNSHOWN.values(), ids=UNSHOWN)
def test_what_is_only_written_in_another_way_does_not_count(checked: Check, pair: tuple[str, str]) -> None:
    assert checked(*map(PAGE.format, pair)).verdict == "reproduced"


def test_words_of_a_style_sheet_are_not_taken_for_the_same(checked: Check) -> None:
    page = '<style>.k::before {{ content: "{}" }}</style><p class="k">significant</p>'
    found = checked(page.format("not "), page.format("most "))
    assert found.verdict == "not comparable"
    assert checked(page.format("→"), page.format("»")).verdict == "reproduced"


def test_a_file_that_a_page_holds_is_not_taken_for_the_same(checked: Check) -> None:
    page = '<p><a download="a.csv" href="data:text/csv;base64,{}">The data</a></p>'
    assert checked(page.format("YSxi"), page.format("YSxj")).verdict == "not comparable"
    assert checked(page.format("YSxi"), page.format("YSxi") + " ").verdict == "reproduced"


def test_a_progress_bar_without_results_does_not_count(checked: Check) -> None:
    bars = (f"<pre>Reading: 100%|███| 5/5 [00:0{at}&lt;00:00, {at}.5it/s]</pre>" for at in (1, 2))
    assert checked(*map(PAGE.format, bars)).verdict == "reproduced"
