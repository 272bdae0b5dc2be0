"""Where a compared thing was made: the chunk or the cell, or nothing rather than a guess."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.check import Origin
from erc.workers.checker.domain import Resources, check
from erc.workers.checker.domain.compare import Beside
from erc.workers.checker.domain.origins import Origins, Trace

RMD = b"""---
title: Rain
---

```{r setup, include = FALSE}
x <- 1
```

Text with `r x`.

```{r rain, fig.cap = "Figure 1: Rain *by* month."}
plot(x)
```

~~~{r}
#| label: counts
#| fig.cap: "Counts of all stations"
plot(x); write.csv(x, "results/counts.csv")
~~~
"""
NOTEBOOK = json.dumps(
    {"cells": [{"source": "# Rain"}, {"source": ["x = 1\n", "x"]}, {"source": "plot(x); save('out.csv')"}]}
).encode()


@pytest.mark.parametrize(
    ("trace", "made_by"),
    [
        (Trace("Figure 1: Rain by month."), Origin(path="main.Rmd", line=5 + 6, label="rain")),
        (Trace("Counts of all stations"), Origin(path="main.Rmd", line=15, label="counts")),
        (Trace(source="main_files/figure-html/rain-1.png"), Origin(path="main.Rmd", line=11, label="rain")),
        (Trace(source="results/counts.csv"), Origin(path="main.Rmd", line=15, label="counts")),
        (Trace("Rain"), None),
        (Trace("A caption of another paper"), None),
        (Trace(source="data:image/png;base64,AAAA"), None),
    ],
)
def test_a_thing_is_traced_to_its_chunk(trace: Trace, made_by: Origin | None) -> None:
    assert Origins("main.Rmd", RMD).of(trace) == made_by


def test_a_caption_that_two_chunks_name_is_traced_to_none() -> None:
    twice = RMD + RMD
    assert Origins("main.Rmd", twice).of(Trace("Figure 1: Rain by month.")) is None


def test_a_cell_is_named_only_when_the_display_shows_all_cells() -> None:
    assert Origins("a.ipynb", NOTEBOOK, 3).of(Trace(cell=2)) == Origin(path="a.ipynb", cell=2)
    assert Origins("a.ipynb", NOTEBOOK, 2).of(Trace(cell=2)) is None
    assert Origins("a.ipynb", NOTEBOOK).of(Trace(source="out.csv")) == Origin(path="a.ipynb", cell=3)


def test_a_script_is_traced_to_the_line_that_names_the_file() -> None:
    code = b"x <- 1\npng('fig/rain.png')\nplot(x)\n"
    assert Origins("main.R", code).of(Trace(source="fig/rain.png")) == Origin(path="main.R", line=2)
    assert Origins("main.R", code * 2).of(Trace(source="fig/rain.png")) is None


@given(st.binary(max_size=300), st.text(max_size=30), st.sampled_from(["a.Rmd", "a.ipynb", "a.py", "a"]))
def test_any_main_file_is_read(content: bytes, caption: str, path: str) -> None:
    found = Origins(path, content, 1).of(Trace(caption, caption))
    assert found is None or found.path == path


@pytest.mark.parametrize("piece", [b"```{r ", b"```{r a, b}\n", b"{" * 50 + b"\n", b"#| label: ", b"[" * 90])
def test_a_hostile_main_file_is_read_in_bounded_time(piece: bytes) -> None:
    started = time.process_time()
    for path in ("a.Rmd", "a.ipynb", "a.py"):
        Origins(path, piece * 200_000).of(Trace("a caption that is long enough", "a.csv"))
    assert time.process_time() - started < 8


def test_figures_and_tables_of_a_page_name_what_made_them(plot: Callable[..., bytes]) -> None:
    page = (
        '<p>Text.</p><img src="rain.png" alt="Figure 1: Rain by month.">'
        "<table><caption>Counts of all stations</caption><tr><th>a</th></tr><tr><td>{}</td></tr></table>"
    )
    files = {"rain.png": plot()}
    resources = Resources(files.get, files.get)
    beside = Beside(main="main.Rmd", source=RMD)
    sides = (page.format(1).encode(), page.format(2).encode())
    report = check(*sides, "d.html", resources, lambda _content: "0" * 64, beside)
    made = {row.kind: row.made_by for row in report.comparisons}
    assert made == {
        "text": None,
        "image": Origin(path="main.Rmd", line=11, label="rain"),
        "table": Origin(path="main.Rmd", line=15, label="counts"),
    }


@pytest.mark.parametrize("kind", ["jp-Cell jp-CodeCell", "cell border-box-sizing code_cell"])
def test_outputs_in_the_page_of_a_notebook_name_their_cell(kind: str) -> None:
    cell = f'<div class="{kind}"><p>Text of the cell</p>{{}}</div>'
    table = "<table><tr><th>a</th></tr><tr><td>{}</td></tr></table>"
    sides = [(cell.format("") * 2 + cell.format(table.format(number))).encode() for number in (1, 2)]
    beside = Beside(main="main.ipynb", source=NOTEBOOK)
    report = check(*sides, "d.html", Resources({}.get, {}.get), lambda _content: "0" * 64, beside)
    assert report.comparisons[-1].made_by == Origin(path="main.ipynb", cell=3)


def test_the_first_differences_stand_in_the_report(checked: Callable[..., Any]) -> None:
    one = "a,b\n" + "".join(f"{n},{n}\n" for n in range(50))
    other = "a,b\n" + "".join(f"{n},{n + 1 if n % 2 else n}\n" for n in range(50))
    row = checked(one, other, "t.csv").row("t.csv")
    assert (len(row.changes), row.changed) == (20, 25)
    assert (row.changes[0].published, row.changes[0].reproduced) == ("1", "2")
