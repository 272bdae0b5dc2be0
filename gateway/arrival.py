"""What follows for a compendium from an event: loading, describing, ready or rejected. Pure."""

from __future__ import annotations

from typing import Any

from erc.events.catalog import (
    DescribeWorkspace,
    DescriptionRejected,
    Event,
    WorkspaceDescribed,
    WorkspaceLoaded,
    WorkspaceRejected,
)
from erc.gateway.transition import Advance, Facts
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.problem import Problem


def advance_compendium(compendium: Compendium, event: Event, facts: Facts) -> Advance[Compendium] | None:
    """Return what follows for a compendium, or None when the event is stale."""
    if compendium.choice and compendium.status is CompendiumStatus.READY:
        return _read_again(compendium, event, facts)
    expected = {
        WorkspaceLoaded: CompendiumStatus.LOADING,
        WorkspaceRejected: CompendiumStatus.LOADING,
        WorkspaceDescribed: CompendiumStatus.DESCRIBING,
        DescriptionRejected: CompendiumStatus.DESCRIBING,
    }.get(type(event))
    if expected is None or compendium.status is not expected:
        return None
    match event:
        case WorkspaceLoaded():
            changes = {
                "status": CompendiumStatus.DESCRIBING,
                "manifest": event.manifest,
                "bag": event.bag,
                "compendium": event.compendium,
                "size_bytes": compendium.size_bytes if event.size_bytes is None else event.size_bytes,
            }
            describe = DescribeWorkspace(compendium_id=compendium.id, manifest=event.manifest)
            return Advance(_next(compendium, changes), [describe])
        case WorkspaceDescribed():
            about = facts.description
            metadata = {"raw": about.raw, "o2r": about.o2r} if about else {}
            changes = {
                "status": CompendiumStatus.READY,
                "description": event.description,
                "metadata": metadata,
                "manifest": about.manifest if about else compendium.manifest,
            }
            return Advance(_next(compendium, changes))
        case _:
            return reject_compendium(compendium, facts.problem)


def _read_again(compendium: Compendium, event: Event, facts: Facts) -> Advance[Compendium] | None:
    """Take over what the code of a chosen main file needs; when it cannot be read, the choice stays as it was made."""
    match event:
        case WorkspaceDescribed() if facts.description and facts.description.choice == compendium.choice:
            return Advance(_next(compendium, {"description": event.description, "choice": None}))
        case DescriptionRejected():
            return Advance(_next(compendium, {"choice": None}))
    return None


def reject_compendium(compendium: Compendium, problem: Problem | None) -> Advance[Compendium] | None:
    """End a compendium that has not come to its end, with the problem that the author is told."""
    if compendium.status in {CompendiumStatus.READY, CompendiumStatus.REJECTED}:
        return None
    return Advance(_next(compendium, {"status": CompendiumStatus.REJECTED, "problem": problem}))


def _next(compendium: Compendium, changes: dict[str, Any]) -> Compendium:
    return compendium.model_copy(update={**changes, "version": compendium.version + 1})
