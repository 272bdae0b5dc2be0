"""Makes a row of a report from what was found in tables."""

from __future__ import annotations

from erc.schemas.check import Outcome
from erc.workers.checker.domain.result import CHANGES_KEPT, Compared
from erc.workers.checker.domain.tabular.compare import TableFound, finding

SAME_VALUES = "holds the same values, written in another way"


def as_compared(found: TableFound, published: bytes | None, reproduced: bytes | None) -> Compared:
    """Return how a table came out that is not the same byte for byte."""
    ignored = tuple(found.ignored[:CHANGES_KEPT])
    if found.same:
        return Compared("table", Outcome.EQUIVALENT, SAME_VALUES, ignored=ignored, ignored_count=found.ignored_count)
    return Compared(
        "table",
        Outcome.DIFFERENT,
        finding(found),
        found.measure,
        published,
        reproduced,
        changes=tuple(found.all_changes),
        changed=found.change_count,
        ignored=ignored,
        ignored_count=found.ignored_count,
    )
