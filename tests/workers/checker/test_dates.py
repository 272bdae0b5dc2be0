from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from erc.workers.checker.domain.texts import compare_passages

Check = Callable[..., Any]

TITLE = '<h1 class="title">Rain</h1><h4 class="author">A. Ada</h4>{}<h2>Results</h2><p>Mean 4.2</p>'
SESSION = "R version 4.2.1 (2022-06-23)\nPlatform: x86_64\nattached base packages:\n[1] stats graphics\n"


def printed(text: str) -> bytes:
    outputs = [{"output_type": "stream", "name": "stdout", "text": text}]
    cell = {"cell_type": "code", "source": "print(last)", "outputs": outputs}
    return json.dumps({"cells": [cell], "nbformat": 4}).encode()


def test_a_date_in_the_title_block_does_not_count(checked: Check) -> None:
    page = TITLE.format('<h4 class="date">{}</h4>')
    found = checked(page.format("3 May 2019"), page.format("2026-11-29"))
    assert found.verdict == "reproduced"
    assert [part.rule for part in found.row("Text").ignored] == ["date of the run"]


def test_a_date_that_is_the_result_counts(checked: Check) -> None:
    for page in ("<p>{}</p>", "<h1>Bloom</h1><pre>{}</pre>", "<h1>Bloom</h1><h2>First day</h2><p>{}</p>"):
        assert checked(page.format("2019-05-03"), page.format("2019-05-04")).verdict == "differs", page


@pytest.mark.parametrize("line", ["2019-05-0{}", '[1] "2019-05-03 10:00:0{}"', "3 May 201{}"])
def test_a_date_alone_in_a_line_counts_in_files_and_cells(checked: Check, line: str) -> None:
    assert checked(line.format(1), line.format(2), "last.txt").verdict == "differs"
    assert checked(printed(line.format(1)), printed(line.format(2)), "main.ipynb").verdict == "differs"


def test_a_date_in_the_title_block_of_one_side_only_counts(checked: Check) -> None:
    found = checked(TITLE.format('<h4 class="date">3 May 2019</h4>'), TITLE.format(""))
    assert found.verdict == "differs"
    assert "“3 May 2019” is missing" in found.reason


def test_lines_broken_in_another_place_differ() -> None:
    assert compare_passages(["1 2 3", "4 5 6"], ["1 2", "3 4", "5 6"], "line").outcome == "different"


def test_output_behind_session_information_counts(checked: Check) -> None:
    page = f"<pre>{SESSION}</pre><pre>[1] {{}}</pre>"
    assert checked(page.format("no effect"), page.format("an effect")).verdict == "differs"
    assert checked(page.format("leaf_b effect_c"), page.format("effect_c leaf_b")).verdict == "differs"


def test_other_packages_in_session_information_do_not_count(checked: Check) -> None:
    more = "<pre>{}locale:\n[1] LC_CTYPE=C\nother attached packages:\n[1] dplyr_{}\n[9] rlang_1.0</pre>"
    found = checked(more.format(SESSION, "1.0.9"), more.format(SESSION, "1.1.4"))
    assert found.verdict == "reproduced"
    assert [part.rule for part in found.row("Text").ignored] == ["session information"]
