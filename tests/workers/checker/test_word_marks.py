"""Signs, raised digits and formulas of Word documents count; cells agree by the rule that is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from erc.workers.checker.domain.terms import PLAIN
from erc.workers.checker.domain.word_file import compare_word_files

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def word(*runs: str) -> bytes:
    kept = io.BytesIO()
    body = f"<w:p><w:r><w:t>Cells</w:t></w:r>{''.join(runs)}</w:p>"
    with zipfile.ZipFile(kept, "w") as held:
        held.writestr("word/document.xml", f"<w:document {SPACES}><w:body>{body}</w:body></w:document>")
    return kept.getvalue()


def run(text: str, looks: str = "") -> str:
    return f"<w:r>{f'<w:rPr>{looks}</w:rPr>' if looks else ''}<w:t>{text}</w:t></w:r>"


def maths(inner: str) -> str:
    return f"<m:oMath>{inner}</m:oMath>"


def letter(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


RAISED = '<w:vertAlign w:val="superscript"/>'
SHOWN = {
    "raised": (run("10") + run("5", RAISED), run("105")),
    "struck out": (run("5", "<w:strike/>"), run("5")),
    "sign": tuple(f'<w:r><w:sym w:font="Symbol" w:char="{one}"/></w:r>' for one in ("F0B1", "F0B3")),
    "fraction": (
        maths(f"<m:f><m:num>{letter('1')}</m:num><m:den>{letter('2')}</m:den></m:f>"), maths(letter("12"))
    ),
    "power": (maths(f"<m:sSup><m:e>{letter('x')}</m:e><m:sup>{letter('2')}</m:sup></m:sSup>"), maths(letter("x2"))),
}  # fmt: skip


@pytest.mark.parametrize("pair", SHOWN.values(), ids=SHOWN)
def test_what_word_shows_beside_letters_counts(pair: tuple[str, str]) -> None:
    before, after = map(word, pair)
    assert compare_word_files(before, after, PLAIN).outcome == "different"
    assert compare_word_files(before, before, PLAIN).outcome == "equivalent"


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("elapsed: 5 s", "elapsed: 9 s", "run time"),
        ("/data/a/x.csv", "/data/b/x.csv", "folder of a file"),
        ("0.1234", "0.123", "number printed with other digits"),
    ],
)
def test_a_cell_agrees_by_the_rule_that_is_told(checked: Callable[..., Any], a: str, b: str, rule: str) -> None:
    table = "<p>A table</p><table><tr><th>k</th><th>v</th></tr><tr><td>x</td><td>{}</td></tr></table>"
    assert checked(table.format(a), table.format(b)).reason.endswith(f"Not counted: {rule} (1).")
