"""Patterns of people for paths and for lines of text, matched in time that grows with pattern times text at most."""

from __future__ import annotations

import re

MOST_PATTERNS = 200
"""How many lines of an `.ercignore` are read."""
_SPECIAL = re.compile(r"[*?\[\\]")
_MORE = re.compile(r"[?\[\\]")
_SIGN = re.compile(r"\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Return whether a whole text fits a pattern in which `*` stands for any characters; nothing else is special."""
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return pattern == text
    first, last = pieces[0], pieces[-1]
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def path_matches(pattern: str, path: str) -> bool:
    """Return whether a path fits a pattern: `*`, `?` and `[…]` within one name, `**` any number of folders.

    A pattern that ends with `/` takes everything below that folder.
    """
    plain = pattern.strip().removeprefix("./")
    if not path.startswith(_SPECIAL.split(plain, maxsplit=1)[0]):
        return False
    wanted = plain.split("/")
    if wanted[-1] == "":
        wanted[-1] = "**"
    names = path.split("/")
    reached = {0}
    for piece in wanted:
        if piece == "**":
            reached = set(range(min(reached), len(names) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(names) and _name(piece, names[at])}
    return len(names) in reached


def _name(pattern: str, name: str) -> bool:
    """Match one name; by keeping the places that the pattern may have come to when it has more than stars."""
    if not _MORE.search(pattern):
        return matches(pattern, name)
    reached = {0}
    for sign in _SIGN.findall(pattern):
        if sign == "*":
            reached = set(range(min(reached), len(name) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(name) and _fits(sign, name[at])}
    return len(name) in reached


def _fits(sign: str, letter: str) -> bool:
    if sign == "?":
        return True
    if len(sign) == 2 and sign[0] == "\\":
        return sign[1] == letter
    if len(sign) < 3 or sign[0] != "[":
        return sign == letter
    negated = sign[1] in "!^"
    inner = sign[2 if negated else 1 : -1]
    ranges = re.findall(r"(.)-(.)|(.)", inner, re.DOTALL)
    inside = any((low <= letter <= high) if low else letter == one for low, high, one in ranges)
    return inside != negated


class Ignored:
    """The patterns of an `.ercignore`, in the manner of .gitignore; as the client reads them before an upload."""

    def __init__(self, text: str) -> None:
        lines = (line.rstrip() for line in text.splitlines()[:MOST_PATTERNS])
        self._lines = [line for line in lines if line and not line.startswith("#")]

    def rule(self, path: str) -> str:
        """Return the line that leaves a file out, by itself or by a folder above it; empty when there is none."""
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            rule = self._of("/".join(parts[:end]), folder=end < len(parts))
            if rule:
                return rule
        return ""

    def _of(self, path: str, *, folder: bool) -> str:
        rule = ""
        for line in self._lines:
            text = line.removeprefix("!")
            plain = text.rstrip("/")
            if text.endswith("/") and not folder:
                continue
            pattern = plain.lstrip("/") if "/" in plain else f"**/{plain}"
            if plain and path_matches(pattern, path):
                rule = "" if line.startswith("!") else line
        return rule
