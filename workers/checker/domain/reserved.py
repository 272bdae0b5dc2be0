"""Says what an agreement leaves out: what does not count though a reader sees it, and what erc.yml lets pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from erc.schemas.check import Outcome
from erc.workers.checker.domain.result import Named, number
from erc.workers.checker.domain.texts import excerpt
from erc.workers.checker.domain.token_pairs import DIGITS, SMALLEST, TOLERATED
from erc.workers.checker.domain.volatile import RULES, SESSION

MAY_DIFFER, ANY_ORDER = "lines that may differ", "any order is allowed"
_SEEN = {rule.name for rule in RULES} | {SESSION, DIGITS, SMALLEST, TOLERATED, MAY_DIFFER, ANY_ORDER}
_RULES_TOLD = 4


def reserved(rows: Sequence[Named]) -> str:
    """Return sentences, each with a blank before it, on what of these rows agrees only because it does not count."""
    return f"{_not_counted(rows)}{_tolerated(rows)}{_asked(rows)}"


def _not_counted(rows: Sequence[Named]) -> str:
    parts = Counter(part.rule for row in rows for part in row.compared.ignored if _is_seen(part.rule))
    files = Counter(row.compared.rule for row in rows if row.compared.outcome is Outcome.IGNORED)
    said = [f"{number(count, 'thing')} as a whole ({excerpt(rule, 80)})" for rule, count in files.most_common()]
    said += [f"{excerpt(rule, 80)} ({count:,})" for rule, count in parts.most_common()]
    if not said:
        return ""
    more = len(said) - _RULES_TOLD
    rest = f" and {number(more, 'further rule')}" if more > 0 else ""
    return f" Not counted: {', '.join(said[:_RULES_TOLD])}{rest}."


def _is_seen(rule: str) -> bool:
    return rule in _SEEN or rule.startswith(("erc.yml", ".ercignore"))


def _tolerated(rows: Sequence[Named]) -> str:
    allowed = Counter(
        row.compared.tolerance for row in rows if row.compared.tolerance and row.compared.outcome is Outcome.EQUIVALENT
    )
    said = [f"by {tolerance} in {number(count, 'thing')}" for tolerance, count in allowed.most_common(3)]
    return f" erc.yml lets numbers differ {', '.join(said)}." if said else ""


def _asked(rows: Sequence[Named]) -> str:
    asked = Counter(row.compared.asked for row in rows if row.compared.asked and row.compared.agrees)
    said = [f"{what} of {number(count, 'file')}" for what, count in asked.most_common(3)]
    return f" erc.yml asks only for {', '.join(said)}." if said else ""
