"""What the handler is told about an archive."""

from __future__ import annotations

from dataclasses import dataclass

from erc.schemas.ids import Digest


@dataclass(frozen=True)
class Extracted:
    """What was found in an archive; of a bag the payload is the workspace."""

    manifest: Digest
    bag: bool
    compendium: bool
    size_bytes: int
    """Of all files."""
