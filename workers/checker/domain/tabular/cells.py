"""When two cells of a table say the same."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from erc.workers.checker.domain.numerals import MINUS, NUMBER, Numeral, agree_as_printed, numeral
from erc.workers.checker.domain.token_pairs import DIGITS, TOLERATED, WRITTEN, judge
from erc.workers.checker.domain.tokens import key_of, tokens
from erc.workers.checker.domain.tolerance import NONE, RELATIVE, Tolerance

_MISSING = {"", "na", "nan", "<na>", "n/a", "#n/a", "null", "none", "nat", "na_character_", "-nan"}
_TRUTHS = {"true": "true", "false": "false"}
_WHOLE = re.compile(rf"[{MINUS}+]?(?:{NUMBER})")
_IDENTIFIER = re.compile(r"[-+]?0\d{1,400}")
_LONGEST = 500
_LONGEST_WORDS = 10_000
WRITTEN_CELL = "value written in another way"
_DIGITS = 12
"""Numbers that agree in so many digits have equal keys; they differ by less than the share of 1e-9."""


def is_missing(cell: str) -> bool:
    """Return whether a cell says that there is no value: empty, NA, NaN, null."""
    return len(cell) < 20 and cell.strip().casefold() in _MISSING


@lru_cache(maxsize=65_536)
def number_in(cell: str) -> Numeral | None:
    """Return the number that is all of a cell; None for words and for identifiers such as `007`."""
    plain = cell.strip()
    if not plain or len(plain) > _LONGEST or plain[-1] not in "0123456789%⁰¹²³⁴⁵⁶⁷⁸⁹)}":
        return None
    return numeral(plain) if _WHOLE.fullmatch(plain) and not _IDENTIFIER.fullmatch(plain) else None


@lru_cache(maxsize=65_536)
def cell_key(cell: str) -> str:
    """Return a key that is equal for cells that say the same, and mostly for numbers that differ by rounding alone."""
    plain = cell.strip()
    if is_missing(plain):
        return "\0"
    truth = _TRUTHS.get(plain.casefold()) if len(plain) < 6 else None
    if truth:
        return f"\0{truth}"
    number = number_in(plain)
    if number is None:
        return plain
    value = _value(number)
    exact = (number.whole and len(number.digits) > _DIGITS) or math.isinf(value)
    return f"\0{number.key}" if exact else f"\0{value + 0.0:.{_DIGITS}g}"


def same_cell(a: str, b: str, tolerance: Tolerance, *, printed: bool) -> bool:
    """Return whether two cells say the same.

    Missing values and truth values may be written in any way; numbers agree within the tolerance, those that are no
    counts also when they differ by rounding alone. In a `printed` table the digits that both print decide, and words
    are compared without blanks and typography.
    """
    a, b = a.strip(), b.strip()
    if a == b:
        return True
    x, y = number_in(a), number_in(b)
    if x is not None and y is not None:
        return same_number(x, y, tolerance, printed=printed)
    if x is not None or y is not None or not printed:
        return cell_key(a) == cell_key(b)
    return cell_key(a) == cell_key(b) or _same_words(a, b, tolerance)


def why_same(a: str, b: str, *, printed: bool) -> str:
    """Return the rule by which two cells agree that are written in other ways, once `same_cell` said that they do."""
    x, y = number_in(a.strip()), number_in(b.strip())
    if not same_cell(a, b, NONE, printed=printed):
        return TOLERATED
    if x is not None and y is not None:
        return DIGITS if printed and x.key != y.key else WRITTEN_CELL
    if not printed or cell_key(a) == cell_key(b) or max(len(a), len(b)) > _LONGEST_WORDS:
        return WRITTEN_CELL
    rules = [one.rule for one in judge(tokens(a), tokens(b), NONE).ignored if one.rule != WRITTEN]
    return rules[0] if rules else WRITTEN_CELL


def _same_words(a: str, b: str, tolerance: Tolerance) -> bool:
    if max(len(a), len(b)) > _LONGEST_WORDS:
        return False
    before, after = tokens(a), tokens(b)
    return key_of(before) == key_of(after) or judge(before, after, tolerance).same


def same_number(x: Numeral, y: Numeral, tolerance: Tolerance, *, printed: bool) -> bool:
    """Return whether two numbers agree as cells: whole ones exactly, others but for rounding and the tolerance."""
    if x.key == y.key:
        return True
    a, b = _value(x), _value(y)
    if math.isinf(a) or math.isinf(b):
        return False
    if tolerance and tolerance.allows(a, b):
        return True
    if printed:
        return agree_as_printed(x, y)
    return not (x.whole and y.whole) and math.isclose(a, b, rel_tol=RELATIVE)


def _value(number: Numeral) -> float:
    return float(f"{'-' if number.negative else ''}{number.digits or '0'}e{number.exponent}")
