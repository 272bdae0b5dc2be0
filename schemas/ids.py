"""Identifiers: 26 characters `[0-9a-z]`, sortable by the time they were made.

The layout is that of a ULID (48 bits of milliseconds, 80 bits of chance) in lower-case Crockford base 32.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import StringConstraints

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-z]{26}$")]
"""An identifier made by this service."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a blob, 64 hexadecimal characters."""


def encode_id(milliseconds: int, chance: bytes) -> str:
    """Return the identifier for a moment (Unix time in ms, 48 bits) and 10 bytes of chance."""
    number = (milliseconds << 80) | int.from_bytes(chance[:10], "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def derived_id(*parts: str) -> str:
    """Return the identifier that always belongs to these parts, so that a repeat is recognised as one."""
    seed = hashlib.sha256("\0".join(parts).encode()).digest()
    return encode_id(int.from_bytes(seed[:6], "big"), seed[6:16])
