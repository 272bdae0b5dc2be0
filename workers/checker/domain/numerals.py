"""Numbers as they are printed: where they stand in a text, and when two of them say the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

MINUS = "-\u2212\u2013\u2012\u2010\u2011\ufe63\uff0d"
"""What people and programs print for a minus sign."""
_SEPARATORS = ",'\u2019\u00a0\u2009\u202f"
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = (
    r"[ \u00a0]?[×x·⋅∙*][ \u00a0]?10(?:(?:\^|\*\*)[({]?[-\u2212+]?\d{1,4}[)}]?|[⁻⁺]?[⁰¹²³⁴-⁹]{1,4}|[-\u2212]\d{1,3})"
)

NUMBER = (
    rf"(?:\d{{1,3}}(?:[{_SEPARATORS}]\d{{3}}){{1,20}}(?!\d)|\d{{1,400}})(?:\.\d{{1,400}})?"
    rf"(?:[eE][-\u2212+]?\d{{1,4}}(?!\w)|{_POWER})?(?:[ \u00a0\u202f]?%)?"
    r"|\.\d{1,400}(?:[eE][-\u2212+]?\d{1,4}(?!\w))?(?:[ \u00a0\u202f]?%)?"
)
"""A pattern for a number without its sign; quantifiers are bounded, so that no text takes long."""

_PARTS = re.compile(
    rf"(?P<sign>[{MINUS}+]?)(?P<whole>[\d{_SEPARATORS}]*)\.?(?P<fraction>(?<=\.)\d*)?"
    rf"(?:[eE](?P<exponent>[-\u2212+]?\d{{1,4}})|(?P<power>{_POWER}))?(?P<percent>[ \u00a0\u202f]?%)?"
)
_NOT_DIGITS = re.compile(r"\D")
_SIGNED = re.compile(r"[-+]?\d{1,4}$")
_EXACT = Context(prec=1000)
_DIGITS_TRUSTED = 3
_SMALLEST_P = {"2e-16", "22e-17"}


@dataclass(frozen=True)
class Numeral:
    """A printed number: its value is `digits` × 10^`exponent`, exactly as printed (zeros at the end included)."""

    negative: bool
    digits: str
    exponent: int
    whole: bool
    """Whether it was printed without a point and without a power, as a count is."""

    @property
    def key(self) -> str:
        """Equal for two numerals of the same value: `0.0320`, `3.2e-2` and `3.2 %` are `32e-3`."""
        plain = self.digits.rstrip("0")
        if not plain:
            return "0"
        return f"{'-' if self.negative else ''}{plain}e{self.exponent + len(self.digits) - len(plain)}"

    @property
    def value(self) -> Decimal:
        """The number."""
        return Decimal((int(self.negative), tuple(map(int, self.digits or "0")), self.exponent))


def numeral(text: str) -> Numeral | None:
    """Return what a printed number says, None when the text is none; a sign may stand before it."""
    found = _PARTS.fullmatch(text)
    if not found or not any(one.isdigit() for one in text):
        return None
    whole, fraction = _NOT_DIGITS.sub("", found["whole"]), found["fraction"] or ""
    power = int((found["exponent"] or "0").replace("\u2212", "-"))
    if found["power"]:
        written = found["power"].translate(_SUPERSCRIPT).replace("\u2212", "-").rstrip(")}")
        power = _last_number(written)
    percent = 2 if found["percent"] else 0
    digits = (whole + fraction).lstrip("0")
    counts = "." not in text and not power and not percent
    return Numeral(found["sign"] in tuple(MINUS), digits, power - len(fraction) - percent, counts)


def _last_number(written: str) -> int:
    found = _SIGNED.search(written.partition("10")[2].lstrip("^*({"))
    return int(found[0]) if found else 0


def agree_as_printed(a: Numeral, b: Numeral) -> bool:
    """Return whether two numbers agree in the digits that both print: 0.03241 and 0.0324 do, 3 and 3.4 do not.

    The one with fewer digits must print at least three and no count: what is rounded harder may hide a difference.
    """
    if a.key == b.key:
        return True
    coarse, fine = (a, b) if a.exponent > b.exponent else (b, a)
    if coarse.exponent == fine.exponent or coarse.whole or fine.whole or len(coarse.digits) < _DIGITS_TRUSTED:
        return False
    if max(len(a.digits), len(b.digits)) + abs(coarse.exponent - fine.exponent) > _EXACT.prec - 10:
        return False
    half = Decimal((0, (5,), coarse.exponent - 1))
    return abs(_EXACT.subtract(coarse.value, fine.value)) <= half


def smallest_p(a: Numeral, b: Numeral) -> bool:
    """Return whether both are what R prints after `<` for a p-value too small to be told (2e-16, 2.2e-16)."""
    return a.key in _SMALLEST_P and b.key in _SMALLEST_P
