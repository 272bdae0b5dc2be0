"""Personal access tokens: how they look, what they are kept as, how long they are good."""

from __future__ import annotations

import string
import zlib
from collections.abc import Callable, Iterable
from datetime import timedelta

from erc.gateway.auth import Scope

PREFIX = "erc_pat_"
ALPHABET = string.digits + string.ascii_letters
SECRET_CHARACTERS = 43
_CHECK_CHARACTERS = 6
USUAL_DAYS, MOST_DAYS = 90, 366
USUAL_LIFETIME = timedelta(days=USUAL_DAYS)
MOST = 50
"""So many tokens an account may have."""
NAME_CHARACTERS = 100


def new_token(letters: Callable[[str, int], str]) -> str:
    """Return a new token: its prefix, 256 bits at random, and a checksum by which scanners know it for real."""
    secret = letters(ALPHABET, SECRET_CHARACTERS)
    return f"{PREFIX}{secret}{_checksum(secret)}"


def may_be_token(text: str) -> bool:
    """Return whether a text has the form of a token; what has not is not asked for."""
    rest = text.removeprefix(PREFIX)
    if rest == text or len(rest) != SECRET_CHARACTERS + _CHECK_CHARACTERS or not rest.isascii():
        return False
    return _checksum(rest[:SECRET_CHARACTERS]) == rest[SECRET_CHARACTERS:]


def _checksum(secret: str) -> str:
    """Return the CRC-32 of a secret in six digits and letters."""
    number, digits = zlib.crc32(secret.encode()), ""
    for _ in range(_CHECK_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def with_read(scopes: Iterable[Scope]) -> list[Scope]:
    """Return scopes in their order, with `read`, which every token has."""
    wanted = {Scope.READ, *scopes}
    return [scope for scope in Scope if scope in wanted]
