from __future__ import annotations

import json

import pytest

from erc.deploy.audit import NOT_CHECKED, verdict

FINE = {"name": "one", "version": "1", "vulns": []}
WEAK = {"name": "two", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
SKIPPED = {"name": "three", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([FINE], 0, "1 packages were checked, 0 advisories apply."),
        ([FINE, WEAK], 1, "two 2: PYSEC-1 (mended in: 2.1)"),
        ([FINE, SKIPPED], NOT_CHECKED, "not checked: 1 of 2 packages"),
        ([WEAK, SKIPPED], 1, "not checked"),
        ([], NOT_CHECKED, "not checked"),
    ],
)
def test_what_was_not_checked_is_never_fine(
    packages: list[object], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(json.dumps({"dependencies": packages}), "") == code
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["", "no JSON", "[]", "{}", "null"])
def test_no_answer_is_not_checked(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(answer, "no\nnetwork") == NOT_CHECKED
    assert "not checked: the advisories cannot be reached. no network" in capsys.readouterr().out
