"""An agreement says what it leaves out, whoever asked for that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erc.events.blob_place import BlobPlace
from erc.events.blobs import FileBlobStore
from erc.schemas.check import CheckReport
from erc.schemas.workspace import Entry, Manifest
from erc.workers.checker.compare_files import CheckRequest, check_files

PAGE, CSV = "<p>The mean is {} and {} cases.</p>", "k,v\na,{}\nb,{}\n"


def report(folder: Path, rules: str, made: tuple[int, int] = (99, 7)) -> CheckReport:
    """Compare a display and a file that hold 1 and 2 with ones that hold other values."""
    blobs = FileBlobStore(folder / "blobs")
    sides: list[str] = []
    for values in ((1, 2), made):
        files = {"d.html": PAGE.format(*values), "a.csv": CSV.format(*values)}
        files |= {} if sides else {"erc.yml": rules}
        contents = {path: text.encode() for path, text in files.items()}
        entries = [Entry(path=path, digest=blobs.put(one), size_bytes=len(one)) for path, one in contents.items()]
        sides.append(blobs.put(Manifest(entries).document()))
    return check_files(CheckRequest(BlobPlace(folder), *sides, "d.html"))


@pytest.mark.parametrize("part", ["lines: ['*']", "lines: '**'", "columns: ['*'], lines: ['* *']", "text: '*'"])
def test_a_rule_that_ignores_everything_is_not_used(tmp_path: Path, part: str) -> None:
    found = report(tmp_path, f"check:\n  - path: '[ad].*'\n    ignore: {{{part}}}\n")
    assert found.verdict == "differs"
    assert {row.outcome for row in found.comparisons} == {"different"}
    assert any("which is everything" in one for one in found.warnings)


def test_a_tolerance_is_told_in_the_sentence(tmp_path: Path) -> None:
    found = report(tmp_path, "check:\n  - path: '[ad].*'\n    tolerance: {absolute: 1e300}\n")
    assert found.reason == (
        "The text agrees with the published d.html. One further file agrees. "
        "Not counted: number within the tolerance (4). erc.yml lets numbers differ by 1e+300 in 2 things."
    )


def test_files_and_lines_that_erc_yml_leaves_out_are_told(tmp_path: Path) -> None:
    rules = "check:\n  - {path: a.csv, ignore: true}\n  - {path: d.html, ignore: {lines: ['The mean*']}}\n"
    found = report(tmp_path, rules)
    assert found.reason == (
        "The text agrees with the published d.html. "
        "Not counted: 1 thing as a whole (erc.yml ignores “a.csv”), erc.yml ignores “The mean*” (1)."
    )


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ("compare: sim_size, delta: 99", "erc.yml asks only for the size of 1 file."),
        ("compare: contains, value: k", "erc.yml asks only for a text of 1 file."),
        ("compare: text, lines_diff: 9", "Not counted: lines that may differ (2)."),
    ],
)
def test_less_than_a_comparison_is_told(tmp_path: Path, terms: str, told: str) -> None:
    rules = f"check:\n  - {{path: d.html, ignore: {{lines: 'The*'}}}}\n  - {{path: a.csv, {terms}}}\n"
    assert told.removeprefix("Not counted: ").rstrip(".") in report(tmp_path, rules).reason


def test_what_changes_with_every_run_is_told_and_not_called_unseen(checked: Callable[..., Any]) -> None:
    found = checked("<p>Elapsed: 5 s</p>", "<p>Elapsed: 9 s</p>")
    assert found.reason == "The text agrees with the published display.html. Not counted: run time (1)."


def test_an_agreement_that_leaves_nothing_out_says_so(tmp_path: Path) -> None:
    found = report(tmp_path, "check: [{path: a.csv, ignore: true}]", (1, 2))
    assert found.reason == "The text agrees with the published d.html, byte for byte."
