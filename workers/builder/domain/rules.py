"""What the builder knows of an environment, and by which rules it builds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from erc.schemas.ids import Digest
from erc.schemas.limits import BuildLimits


@dataclass(frozen=True)
class Built:
    """An environment that needs no build; `image` is the blob of its image once it is saved."""

    image_id: str
    image: Digest | None


@dataclass(frozen=True)
class BuildRules:
    """How environments are built here. `platform` such as `linux/amd64`."""

    platform: str
    limits: BuildLimits
    ca_bundle: Path | None
    """Certificates that fetching packages needs here; in the build, never in the image."""
    save_image: bool
