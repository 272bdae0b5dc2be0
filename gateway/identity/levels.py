"""Levels of accounts, in numbers and in words, and who may give which to whom."""

from __future__ import annotations

import re

from erc.gateway.auth import ADMIN, EDITOR, KNOWN, OPERATOR

SUBSTITUTE = 50
_WORDS = ((ADMIN, "administrator"), (EDITOR, "editor"), (KNOWN, "known author"), (SUBSTITUTE, "may substitute data"))
GIVEN = (0, SUBSTITUTE, KNOWN, EDITOR, ADMIN)
"""The levels that mean something; those between mean what the one below means."""


def in_words(level: int) -> str:
    """Return what a level means."""
    return next((word for least, word in _WORDS if level >= least), "signed in")


def parse_level(text: str) -> int | None:
    """Return the whole number that a text is, None for everything else."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else None


def may_give(giver: str, own: int, before: int, after: int) -> bool:
    """Return whether somebody at level `own` may move somebody else from level `before` to level `after`.

    Both are below one's own; administrators also make administrators, and only the operator unmakes them.
    """
    if giver == OPERATOR:
        return True
    return before < own and (after < own or own >= ADMIN)
