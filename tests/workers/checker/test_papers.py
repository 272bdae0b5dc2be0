"""The two example papers with one value of their data changed: the right things differ, and each names its place."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from erc.schemas.check import CheckReport, Comparison, Outcome, Verdict
from erc.workers.checker.domain import Resources, check
from erc.workers.checker.domain.compare import Beside

ROOT, PAPERS = Path(__file__).parents[3] / "examples", Path(__file__).parent / "papers"
NOTHING = Resources({}.get, {}.get)


def compared(name: str, main: str) -> dict[str, Comparison]:
    """Compare the published display with that of the changed data; rows by the first words of their names."""
    folder = ROOT / name
    published, made = (folder / "display.html").read_bytes(), gzip.decompress((PAPERS / f"{name}.html.gz").read_bytes())
    beside = Beside(main=main, source=(folder / main).read_bytes())
    report = check(published, made, "display.html", NOTHING, lambda it: hashlib.sha256(it).hexdigest(), beside)
    assert CheckReport.model_validate_json(report.model_dump_json()).verdict is Verdict.DIFFERS
    return {row.name.partition(" (")[0]: row for row in report.comparisons}


def test_a_warmer_week_shows_where_the_r_markdown_paper_uses_temperature() -> None:
    rows = compared("paper-rmarkdown", "main.Rmd")
    differs = {name for name, row in rows.items() if row.outcome is Outcome.DIFFERENT}
    assert differs == {"Text of display.html", "Figure 1", "Figure 2", "Figure 4", "Table 1", "Table 2"}
    assert rows["Figure 3"].outcome is Outcome.IDENTICAL
    labels = {name: row.made_by and row.made_by.label for name, row in rows.items()}
    assert labels == {
        "Text of display.html": None,
        "Figure 1": "season",
        "Figure 2": "temperature",
        "Figure 3": "boxes",
        "Figure 4": "fitted",
        "Table 1": "brooks",
        "Table 2": "coefficients",
    }
    cell = rows["Table 1"].changes[0]
    assert (rows["Table 1"].changed, cell.published, cell.reproduced) == (1, "13.5", "13.7")
    assert "Werse" in cell.place
    assert "40 %" in rows["Text of display.html"].changes[0].published
    assert "26 %" in rows["Text of display.html"].changes[0].reproduced


def test_one_smaller_volume_shows_in_the_notebook_where_it_is_used() -> None:
    rows = compared("paper-notebook", "main.ipynb")
    differs = {name for name, row in rows.items() if row.outcome is Outcome.DIFFERENT}
    assert differs == {"Text of display.html", "Figure 1", "Figure 2", "Figure 3", "Table 1"}
    cells = {name: row.made_by.cell for name, row in rows.items() if row.made_by}
    assert {name: cells[name] for name in ("Figure 1", "Figure 2", "Figure 3", "Table 1", "Table 2")} == {
        "Figure 1": 4, "Figure 2": 8, "Table 1": 6, "Table 2": 10, "Figure 3": 11,
    }  # fmt: skip
    assert rows["Table 1"].changed == 3
    assert all("spelt" in change.place for change in rows["Table 1"].changes)


@pytest.mark.parametrize("name", ["paper-rmarkdown", "paper-notebook"])
def test_a_paper_agrees_with_itself(name: str) -> None:
    page = (ROOT / name / "display.html").read_bytes()
    report = check(page, page + b"\n", "display.html", NOTHING, lambda it: hashlib.sha256(it).hexdigest())
    assert report.verdict is Verdict.REPRODUCED
