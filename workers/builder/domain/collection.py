"""Decides which environments the engine may let go. Pure: what is kept, who needs it, how full the disk is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from erc.schemas.ids import Digest
from erc.schemas.limits import GIB


class Pin(StrEnum):
    """Why an environment stays."""

    RUNNING = "a job that has not ended uses it"
    PUBLISHED = "a published compendium stands on it, and it is kept nowhere else"
    YOUNG = "it was used a short time ago"


@dataclass(frozen=True)
class KeptEnvironment:
    """An environment that the engine holds."""

    key: Digest
    image_id: str
    size_bytes: int
    used: datetime
    saved: bool
    """Whether its image is a blob too, so that it comes back without being built."""


@dataclass(frozen=True)
class Needs:
    """The keys that somebody needs."""

    running: frozenset[Digest] = frozenset()
    published: frozenset[Digest] = frozenset()


@dataclass(frozen=True)
class Watermarks:
    """When to begin letting go and when to stop, by what is free on the engine's disk."""

    low_bytes: int = 10 * GIB
    """Below this much free, environments go."""
    high_bytes: int = 20 * GIB
    """They go until this much is free."""
    grace: timedelta = timedelta(hours=1)
    """What was used within this time stays."""


@dataclass(frozen=True)
class Collection:
    """What is let go, in this order, and why the rest stays."""

    gone: tuple[KeptEnvironment, ...]
    pinned: tuple[tuple[KeptEnvironment, Pin], ...]
    unpinned: int
    """How many may go and need not yet."""
    enough: bool
    """Whether the upper watermark is reached by it, as far as sizes tell."""

    @property
    def freed_bytes(self) -> int:
        """How much is freed at most: environments share layers."""
        return sum(kept.size_bytes for kept in self.gone)


def collect(
    kept: Iterable[KeptEnvironment],
    needs: Needs,
    free_bytes: int,
    marks: Watermarks,
    now: datetime,
    *,
    everything: bool = False,
) -> Collection:
    """Return what to let go, the longest unused first and what is saved before what is not.

    Nothing goes above the lower watermark, unless `everything` that is not pinned is to go.
    """
    ordered = sorted(kept, key=lambda one: (not one.saved, one.used, one.key))
    pins = [(one, _pin(one, needs, marks, now)) for one in ordered]
    loose = [one for one, pin in pins if pin is None]
    wanted = marks.high_bytes if free_bytes < marks.low_bytes else 0
    gone = loose if everything else _until(loose, wanted - free_bytes)
    return Collection(
        gone=tuple(gone),
        pinned=tuple((one, pin) for one, pin in pins if pin is not None),
        unpinned=len(loose) - len(gone),
        enough=free_bytes + sum(one.size_bytes for one in gone) >= wanted,
    )


def needed(one: KeptEnvironment, needs: Needs) -> Pin | None:
    """Return why somebody needs an environment, None when nobody does."""
    if one.key in needs.running:
        return Pin.RUNNING
    return Pin.PUBLISHED if one.key in needs.published and not one.saved else None


def _pin(one: KeptEnvironment, needs: Needs, marks: Watermarks, now: datetime) -> Pin | None:
    return needed(one, needs) or (Pin.YOUNG if now - one.used < marks.grace else None)


def _until(loose: Sequence[KeptEnvironment], missing_bytes: int) -> list[KeptEnvironment]:
    gone: list[KeptEnvironment] = []
    for one in loose:
        if missing_bytes <= 0:
            break
        gone.append(one)
        missing_bytes -= one.size_bytes
    return gone


def report(collection: Collection, gone: list[KeptEnvironment], *, dry_run: bool) -> list[str]:
    """Return what to tell an operator, line by line."""
    said = [f"{one.key[:12]} {'would go' if dry_run else 'is gone'}: {one.size_bytes / GIB:.2f} GiB" for one in gone]
    said += [f"{one.key[:12]} stays: {pin}." for one, pin in collection.pinned]
    if not collection.enough:
        said.append("The upper watermark is not reached by this: what is left is needed.")
    word = "would go" if dry_run else "gone"
    return [*said, f"{word}={len(gone)} pinned={len(collection.pinned)} others={collection.unpinned}"]
