"""Views of compendia that were rendered lately, by the version that they show."""

from __future__ import annotations

from dataclasses import dataclass

from erc.gateway.auth import Thing
from erc.gateway.files.manifests import Kept

MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Rendered:
    """A view as bytes, and of what it is: who may see it is asked each time."""

    thing: Thing
    document: bytes


class Views:
    """So many bytes of views; a version of a compendium never looks otherwise."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept = Kept[tuple[str, int], Rendered](most_bytes, lambda rendered: len(rendered.document))

    def get(self, identifier: str, version: int) -> Rendered | None:
        """Return the view of this version, if it is kept."""
        return self._kept.get((identifier, version))

    def put(self, identifier: str, version: int, rendered: Rendered) -> None:
        """Keep a view."""
        self._kept.put((identifier, version), rendered)
