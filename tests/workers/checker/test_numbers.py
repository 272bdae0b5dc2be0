from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.workers.checker.domain.numerals import agree_as_printed, numeral
from erc.workers.checker.domain.texts import compare_passages
from erc.workers.checker.domain.tokens import key_of, tokens
from erc.workers.checker.domain.tolerance import Tolerance

Check = Callable[..., Any]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("p = 0.0320", "p = 0.032"),
        ("p = 1e-3", "p = 0.001"),
        ("n = 1,234,567", "n = 1234567"),
        ("n = 1\u2009234", "n = 1234"),
        ("50 %", "50%"),
        ("3.2%", "0.032"),
        ("t = −2.5", "t = -2.5"),
        ("t = –2.5", "t = -2.5"),
        ("1.2–3.4", "1.2-3.4"),
        ("p < 2e-16", "p <2e-16"),
        ("p < 2.2e-16", "p < 2e-16"),
        ("1.2 × 10⁻³", "1.2 x 10^-3"),
        ("“so”, it’s", '"so", it\'s'),
        ("0.03241 m", "0.0324 m"),
        ("+5.0", "5"),
    ],
)
def test_other_ways_to_write_a_number_agree(checked: Check, a: str, b: str) -> None:
    assert checked(f"<p>{a}</p>", f"<p>{b}</p>").verdict == "reproduced"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("p = 0.032", "p = 0.041"),
        ("n = 3", "n = 3.4"),
        ("4.2", "4.23"),
        ("-2.5", "2.5"),
        ("1.2-3.4", "1.2-3.5"),
        ("p < 0.05", "p = 0.05"),
        ("version 1.10", "version 1.1"),
        ("1.2.3", "1.2.30"),
        ("id 007", "id 7"),
        ("50 %", "50"),
        ("1e-3", "1e-4"),
        ("10^3 m", "10^4 m"),
        ("x1 = 2", "x2 = 2"),
        ("begun on 3 May 2019", "begun on 4 May 2019"),
        ("as of 2020-01-01 there were", "as of 2020-01-02 there were"),
        ("12345678901234567890", "12345678901234567891"),
        ("saved to /home/a/x.csv", "saved to /home/a/y.csv"),
        ("Plants took 12 h to open", "Plants took 14 h to open"),
        ("Sampling date: 2019-05-03", "Sampling date: 2019-05-04"),
        ("Time difference of 2 days", "Time difference of 3 days"),
        ("The survey was run on 2019-05-03.", "The survey was run on 2019-05-04."),
    ],
)
def test_other_content_differs(checked: Check, a: str, b: str) -> None:
    assert checked(f"<p>{a}</p>", f"<p>{b}</p>").verdict == "differs"


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("Date: 2019-05-03", "Date: 2026-01-01", "date of the run"),
        ("elapsed: 2.3 s", "elapsed: 2.9 s", "run time"),
        ("Took 3 min", "Took 4 min", "run time"),
        ("The script took 3 min.", "The script took 4 min.", "run time"),
        ("Last updated: 3 May 2019", "Last updated: 4 June 2026", "date of the run"),
        ("CPU times: user 12 ms, sys: 3 ms", "CPU times: user 19 ms, sys: 2 ms", "run time"),
        ("5.3 µs ± 20 ns per loop (mean)", "6.1 µs ± 31 ns per loop (mean)", "run time"),
        ("File /home/ada/x.py", "File /erc/x.py", "folder of a file"),
        ("✔ dplyr 1.1.4", "✔ dplyr 1.0.9", "start message of a package"),
        ("id 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "id 2c0e6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", "generated identifier"),
    ],
)
def test_what_changes_with_every_run_is_listed_with_its_rule(checked: Check, a: str, b: str, rule: str) -> None:
    found = checked(f"<p>{a}</p>", f"<p>{b}</p>")
    assert found.verdict == "reproduced"
    assert [part.rule for part in found.row("Text").ignored] == [rule]


def test_the_moment_of_a_run_in_a_summary_does_not_count(checked: Check) -> None:
    page = "<table><tr><td>Date:</td><td>{}</td><td>F</td><td>{}</td></tr><tr><td>x</td><td>2.0</td><td>G</td><td>1</td></tr></table>"
    assert (
        checked(page.format("Mon, 01 Jan 2024", "4.5"), page.format("Sun, 29 Nov 2026", "4.5")).verdict == "reproduced"
    )
    assert checked(page.format("Mon, 01 Jan 2024", "4.5"), page.format("Mon, 01 Jan 2024", "4.6")).verdict == "differs"


def test_a_number_is_told_with_its_sentence(checked: Check) -> None:
    text = "<p>We saw it. The effect was clear (p = {}). It held for all n = {} plots.</p>"
    found = checked(text.format("0.032", "1,200"), text.format("0.041", "1200"))
    assert "“(p = 0.032).” became “(p = 0.041).”" in found.reason
    row = found.row("Text")
    assert [(part.rule, part.published, part.reproduced) for part in row.ignored] == [
        ("number written in another way", "1,200", "1200"),
    ]
    assert "The effect was clear (p = <del>0.032).</del> <ins>0.041).</ins>" in found.page
    assert "number written in another way" in found.page


def test_a_number_within_the_tolerance_is_told_as_such() -> None:
    found = compare_passages(["the mean is 4.2"], ["the mean is 4.3"], "line", Tolerance(absolute=0.2))
    assert (found.outcome.value, found.ignored[0].rule) == ("equivalent", "number within the tolerance")


def test_lines_that_erc_yml_ignores_may_come_and_go() -> None:
    found = compare_passages(["a 1", "Seed: 12", "b 2"], ["a 1", "b 2", "Seed: 9"], "line", ignore=["Seed: *"])
    assert found.outcome == "equivalent"
    assert {one.rule for one in found.ignored} == {"erc.yml ignores “Seed: *”"}


def test_content_behind_session_information_counts(checked: Check) -> None:
    session = (
        "<pre>R version 4.2.1 (2022-06-23)\nPlatform: x86_64\n[1] stats_4.1 graphics</pre><p>system time was {}</p>"
    )
    assert checked(session.format(1), session.format(2)).verdict == "differs"


def test_passages_broken_in_another_place_read_the_same(checked: Check) -> None:
    assert checked("<p>one two 3</p><p>four</p>", "<p>one two</p><p>3 four</p>").verdict == "reproduced"


finite = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4)


@given(finite)
def test_a_value_has_one_key_however_it_is_written(value: Any) -> None:
    written = [f"{value}", f"{value}00", f"{value:e}", f"{value:,}".replace("-", "−")]
    assert len({one.key for one in map(numeral, written) if one}) == 1


@given(finite, finite)
def test_agreement_as_printed_is_symmetric_and_holds_for_itself(a: Any, b: Any) -> None:
    x, y = numeral(str(a)), numeral(f"{b:.2f}")
    assert x is not None
    assert y is not None
    assert agree_as_printed(x, x)
    assert agree_as_printed(x, y) == agree_as_printed(y, x)


@given(st.floats(0, 10), st.floats(0, 10), finite, finite)
def test_a_wider_tolerance_never_finds_more(small: float, more: float, a: Any, b: Any) -> None:
    narrow, wide = Tolerance(small, small / 10), Tolerance(small + more, (small + more) / 10)
    assert not narrow.allows(float(a), float(b)) or wide.allows(float(a), float(b))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5), st.lists(st.text(max_size=20), max_size=5))
def test_any_text_is_equal_to_itself_and_differs_both_ways(a: list[str], b: list[str]) -> None:
    assert compare_passages(a, list(a), "line").outcome == "identical"
    assert compare_passages(a, b, "line").agrees == compare_passages(b, a, "line").agrees


@pytest.mark.parametrize(
    "text",
    [
        "1," * 20_000, "1" * 66_000, "1e" * 20_000, "0x" * 20_000, "/home/" * 10_000, "Date: " * 10_000, "- " * 20_000,
        "[1] a_1_1_1" * 3_000, "1.2." * 13_000, "1 × 10" * 6_000, "|" * 33_000, "generated on " * 3_000, "−1" * 20_000,
        "2020-01-01 12:00:00 " * 2_000, "<" * 33_000, "elapsed " * 6_000, "Mon " * 13_000,
    ],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    assert key_of(tokens(text)) == key_of(tokens(text))
    compare_passages(
        [text[:500]] * 40 + [f"R version 4.2.1 (2022-06-23){text[:300]}"], [f"{text[:490]} x"] * 40, "line"
    )
    assert time.process_time() - started < 6
