"""What the builder knows of an environment, and by which rules it builds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from erc.schemas.environment import Plan
from erc.schemas.ids import Digest
from erc.schemas.limits import GIB, BuildLimits
from erc.workers.builder.domain.archives import TimeMachine

OnLog = Callable[[str], Awaitable[None]]
"""Gets each line of a log as it comes."""


class Base(NamedTuple):
    """A base image: the name to build from, and the id (`sha256:…`) that is part of an environment's key."""

    name: str
    image_id: str


@dataclass(frozen=True)
class KeptBase:
    """A base image as it is remembered: where it is kept as a blob, and what its suite has."""

    image_id: str
    image: Digest | None = None
    versions: dict[str, str] = field(default_factory=dict)
    """Versions by package (`python3`, `r-base-core`) that the suite had when it was asked."""


@dataclass(frozen=True)
class Built:
    """An environment that needs no build; `image` is the blob of its image once it is saved."""

    image_id: str
    image: Digest | None
    evidence: Digest | None = None
    """Blob of the index of its evidence."""


@dataclass(frozen=True)
class Made:
    """An environment that was built; `image` is the blob of its image, where it came as one."""

    image_id: str
    image: Digest | None = None


def tag_of(key: Digest) -> str:
    """Return the name that the engine has the image of an environment under."""
    return f"erc-environment:{key[:40]}"


@dataclass(frozen=True)
class Order:
    """What is to be built: a plan on a base, under a tag."""

    plan: Plan
    base: Base
    tag: str
    scripts: tuple[tuple[str, bytes], ...] = ()
    """Path and content of the files that are run while it is built."""
    cold: bool = False
    """Whether nothing of earlier builds may be used."""


@dataclass(frozen=True)
class Ground:
    """Where base images come from here."""

    configured: str = ""
    """BUILDER_BASE: an image that serves every plan that names none itself."""
    machine: TimeMachine = field(default_factory=TimeMachine)


@dataclass(frozen=True)
class BuildRules:
    """How environments are built here. `platform` such as `linux/amd64`."""

    platform: str
    limits: BuildLimits
    ca_bundle: Path | None
    """Certificates that fetching packages needs here; in the build, never in the image."""
    save_image: bool
    ground: Ground = field(default_factory=Ground)
    free_bytes: int = 5 * GIB
    """How much of the engine's disk must be free before a build begins."""
    carried_images: bool = True
    """Whether a compendium that brings its image (`image.tar`) runs in that one."""
    check_reproducible: bool = False
    """Whether everything is built twice, the second time from nothing, and compared."""
