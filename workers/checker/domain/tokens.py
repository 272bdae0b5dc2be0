"""Cuts a passage into what is compared: words, numbers with their value, and volatile parts with their rule."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from erc.workers.checker.domain.numerals import MINUS, NUMBER, Numeral, numeral
from erc.workers.checker.domain.volatile import found_in

_ALIKE = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    "…": "...", "ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl",
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", ""),
    "µ": "μ",
}  # fmt: skip
_TYPOGRAPHY = str.maketrans(_ALIKE)
_UNSEEN = str.maketrans(dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", ""))
_TOKEN = re.compile(
    rf"(?P<label>\d{{1,20}}(?:\.\d{{1,20}}){{2,20}}|0\d{{1,60}}(?![\d.eE%,]))|(?P<number>{NUMBER})|(?P<word>[^\W\d_]\w*|_\w*)"
    r"|(?P<other>\S)"
)
_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_LABELS = {
    "version", "v", "section", "sec", "table", "tab", "figure", "fig", "chapter", "equation", "eq", "appendix", "model",
    "python", "r", "no", "step", "listing", "algorithm", "doi",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A part of a passage; two parts with equal keys say the same."""

    key: str
    raw: str
    number: Numeral | None = None
    rule: str = ""
    """The rule by which it is volatile, else empty."""


def tidy(text: str) -> str:
    """Return a passage without what no reader sees: composed letters, single spaces, no invisible characters."""
    if text.isascii():
        return " ".join(text.split())
    joined = _THOUSANDS.sub("", text.translate(_UNSEEN))
    return " ".join(unicodedata.normalize("NFC", joined).split())


def tokens(text: str) -> list[Token]:
    """Return the parts of a passage in order; blanks and typography (quotes, dashes, ligatures) do not count."""
    text = tidy(text)
    found: list[Token] = []
    at = 0
    for start, end, rule, kept in found_in(text):
        _plain(text, at, start, found)
        found.append(Token(f"\0{rule}\0{kept.casefold()}", text[start:end], rule=rule))
        at = end
    _plain(text, at, len(text), found)
    return found


def key_of(parts: list[Token]) -> str:
    """Return a key that is equal for two passages that say the same."""
    return "\x1f".join(part.key for part in parts)


def skeleton(parts: list[Token]) -> str:
    """Return a passage's words without its numbers, by which one with other numbers is found again."""
    return "\x1f".join("#" if part.number is not None else part.key for part in parts)


def _plain(text: str, start: int, end: int, found: list[Token]) -> None:
    position = start
    while position < end:
        match = _TOKEN.search(text, position, end)
        if match is None:
            return
        found.append(_token(match, found))
        if match.lastgroup == "number":
            _join_sign(found, text, match.start())
        position = match.end()


def _token(match: re.Match[str], before: list[Token]) -> Token:
    raw = match[0]
    if match["number"] is None:
        return Token(raw.translate(_TYPOGRAPHY) or "\u200b", raw)
    value = numeral(raw)
    previous = before[-1].raw if before else ""
    word = before[-2].raw if previous == "." and len(before) > 1 else previous
    if value is None or (word.casefold() in _LABELS and not raw.endswith("%")):
        return Token(raw, raw)
    return Token(f"#{value.key}", raw, value)


def _join_sign(found: list[Token], text: str, start: int) -> None:
    """Make a sign that stands just before a number, and after no other number or word, a part of the number."""
    if len(found) < 2 or start < 1 or text[start - 1] not in "+" + MINUS or found[-1].number is None:
        return
    before = text[start - 2] if start > 1 else " "
    if before.isalnum() or before in ")]}%.":
        return
    raw = text[start - 1] + found[-1].raw
    value = numeral(raw)
    if value is not None and found[-2].raw == text[start - 1]:
        found[-2:] = [Token(f"#{value.key}", raw, value)]
