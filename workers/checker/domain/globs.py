"""Patterns of people for paths and for lines of text, matched in time that grows with pattern times text at most."""

from __future__ import annotations


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
    """Return whether a path fits a pattern: `*` and `?` within one name, `**` any number of folders.

    A pattern that ends with `/` takes everything below that folder.
    """
    wanted = pattern.removeprefix("./").strip().split("/")
    if wanted[-1] == "":
        wanted[-1] = "**"
    return _folders(tuple(wanted), tuple(path.split("/")))


def _folders(pattern: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Match name by name; `reached` holds how many names the pattern so far may have used up."""
    reached = {0}
    for piece in pattern:
        if piece == "**":
            reached = set(range(min(reached), len(names) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(names) and _name(piece, names[at])}
    return len(names) in reached


def _name(pattern: str, name: str) -> bool:
    """Match one name by keeping the places that the pattern may have come to."""
    reached = {0}
    for sign in pattern:
        if sign == "*":
            reached = set(range(min(reached), len(name) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(name) and sign in {"?", name[at]}}
    return len(name) in reached
