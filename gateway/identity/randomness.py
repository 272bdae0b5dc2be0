"""What nobody can guess."""

from __future__ import annotations

import secrets


def opaque() -> str:
    """Return 256 bits at random as 43 characters that may stand in an address or a cookie."""
    return secrets.token_urlsafe(32)


def letters(alphabet: str, number: int) -> str:
    """Return so many characters of an alphabet, drawn by chance."""
    return "".join(secrets.choice(alphabet) for _ in range(number))
