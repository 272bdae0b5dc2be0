"""New identifiers: the time and chance."""

from __future__ import annotations

import re
import secrets
import string
import time

from erc.schemas.ids import Id, encode_id

LINK_CHARACTERS = 32
"""The length of a public link's id; no other id has it."""

_ID, _LINK = re.compile(r"[0-9a-z]{26}"), re.compile(rf"[0-9A-Za-z]{{{LINK_CHARACTERS}}}")
_LETTERS = string.digits + string.ascii_letters


def new_id() -> Id:
    """Return a new identifier, later than those made before."""
    return encode_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def new_link_id() -> str:
    """Return the id of a new public link: 190 bits of chance, which nobody guesses."""
    number = int.from_bytes(secrets.token_bytes(32), "big")
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(LINK_CHARACTERS))


def is_id(text: str) -> bool:
    """Return whether this has the form of an id of a compendium, job or shipment."""
    return _ID.fullmatch(text) is not None


def is_link_id(text: str) -> bool:
    """Return whether this has the form of a public link's id."""
    return _LINK.fullmatch(text) is not None


def is_text(value: str) -> bool:
    """Return whether this can be kept and told: it holds neither a NUL nor half a character."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
