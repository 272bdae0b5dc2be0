"""Programs that wait to be signed in (RFC 8628): the codes, and what a program is told when it asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

LIFETIME = timedelta(minutes=10)
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants: no word comes out, and no letter looks like a digit."""
CODE_CHARACTERS = 8


class Waits(StrEnum):
    """What a program is told while it has no token, in the RFC's words."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


ADVICE = {
    Waits.PENDING: "Nobody has decided yet. Ask again after the interval.",
    Waits.SLOW_DOWN: "Wait five seconds longer between two questions.",
    Waits.DENIED: "The person said no.",
    Waits.EXPIRED: "Nobody decided in time. Begin again.",
    Waits.UNKNOWN: "This device code is not known, or was used.",
}


def answer(
    now: datetime, expires: datetime, asked: datetime | None, interval: timedelta, *, denied: bool, granted: bool
) -> Waits | None:
    """Return what a program is told when it asks; None: it gets its token."""
    if now >= expires:
        return Waits.EXPIRED
    if denied:
        return Waits.DENIED
    if asked is not None and now - asked < interval:
        return Waits.SLOW_DOWN
    return None if granted else Waits.PENDING


def shown(code: str) -> str:
    """Return a user code as people read it: `BCDF-GHJK`."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str:
    """Return the user code that somebody typed, without what stands between; empty when it cannot be one."""
    code = "".join(sign for sign in text.upper() if sign.isalnum())
    return code if len(code) == CODE_CHARACTERS and set(code) <= set(ALPHABET) else ""
