"""New identifiers: the time and chance."""

from __future__ import annotations

import secrets
import time

from erc.schemas.ids import Id, encode_id


def new_id() -> Id:
    """Return a new identifier, later than those made before."""
    return encode_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))
