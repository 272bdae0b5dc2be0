from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.edits import cases

Check = Callable[..., Any]


def test_no_change_of_content_is_missed_and_none_is_found_in_formatting(checked: Check) -> None:
    seen = {True: 0, False: 0}
    for case in cases(seed=7, papers=6):
        if case.published == case.reproduced:
            continue
        seen[case.content] += 1
        found = checked(case.published, case.reproduced, case.path)
        assert found.verdict == ("differs" if case.content else "reproduced"), f"{case.edit}: {found.reason}"
    assert min(seen.values()) > 150


def test_what_does_not_count_is_told_with_its_rule(checked: Check) -> None:
    volatile = [case for case in cases(seed=3, papers=1) if case.edit in {"html: run time", "html: memory address"}]
    rules = [
        part.rule
        for case in volatile
        for row in checked(case.published, case.reproduced).report.comparisons
        for part in row.ignored
    ]
    assert rules == ["memory address", "run time"]
