"""Decides what saved metadata make of a compendium: a revision, and with it the publication if that is wanted. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from erc.events.catalog import DescribeWorkspace
from erc.gateway.merge_patch import changed_fields
from erc.gateway.preparing import Prepared
from erc.gateway.publication import publish
from erc.gateway.transition import Advance
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest

_TAGS = re.compile(r'(?:W/)?"[^"]*"')


def matches(if_match: str, revision: int) -> bool:
    """Return whether an `If-Match` header names this revision; weak tags never do (RFC 9110)."""
    return if_match.strip() == "*" or etag(revision) in _TAGS.findall(if_match)


def etag(revision: int) -> str:
    """Return the entity tag of a revision."""
    return f'"{revision}"'


def edited(compendium: Compendium, prepared: Prepared) -> Compendium:
    """Return the compendium with what was prepared, in the same version; the same metadata make no revision."""
    changed = changed_fields(compendium.metadata.get("o2r", {}), prepared.metadata["o2r"])
    return compendium.model_copy(
        update={
            "metadata": prepared.metadata,
            "manifest": prepared.manifest,
            "description": prepared.description,
            "choice": prepared.choice,
            "revision": compendium.revision + bool(changed),
        }
    )


def saved(before: Compendium, after: Compendium) -> Advance[Compendium] | None:
    """Return the transition of a save; None when nothing changed."""
    if after == before:
        return None
    return Advance(after.model_copy(update={"version": before.version + 1}), _commands(before, after))


def published(before: Compendium, after: Compendium, snapshot: Digest, now: datetime) -> Advance[Compendium] | None:
    """Return the transition of a save that publishes a candidate."""
    advance = publish(after, snapshot, now)
    return Advance(advance.state, _commands(before, after)) if advance else None


def _commands(before: Compendium, after: Compendium) -> list[DescribeWorkspace]:
    """Ask for the code of another main file to be read."""
    if after.choice is None or after.choice == before.choice or after.manifest is None:
        return []
    return [DescribeWorkspace(compendium_id=after.id, manifest=after.manifest, description=after.choice)]
