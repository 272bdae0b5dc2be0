"""Every table, its owner in its comment: only the owner's database role may write it."""

from __future__ import annotations

from sqlalchemy import Table

from erc.schemas.tables.declaration import metadata
from erc.schemas.tables.environments import base, broken, built
from erc.schemas.tables.people import account, device, link, removed, revision, sign_in, token
from erc.schemas.tables.records import (
    cancellation,
    capacity,
    check,
    compendium,
    description,
    environment,
    event,
    execution,
    idempotency,
    image,
    job,
    operation,
    package,
    relay,
    search_document,
    secret,
    session,
    shipment,
    stream,
    tombstone,
    waiting,
    webhook,
    webhook_attempt,
    webhook_progress,
    workspace,
)
from erc.schemas.tables.runs import run
from erc.schemas.tables.sources import source, source_upload

_PROCESSES = "gateway loader metadata builder executor checker shipper indexer relay notifier"

WRITERS: dict[str, tuple[Table, ...]] = {
    name: tuple(one for one in metadata.sorted_tables if (one.comment or "").startswith(f"owner: {name}"))
    for name in _PROCESSES.split()
}
"""Which database role may write which tables. Beside them every role adds to `event` and `capacity`."""

__all__ = [
    "WRITERS",
    "account",
    "base",
    "broken",
    "built",
    "cancellation",
    "capacity",
    "check",
    "compendium",
    "description",
    "device",
    "environment",
    "event",
    "execution",
    "idempotency",
    "image",
    "job",
    "link",
    "metadata",
    "operation",
    "package",
    "relay",
    "removed",
    "revision",
    "run",
    "search_document",
    "secret",
    "session",
    "shipment",
    "sign_in",
    "source",
    "source_upload",
    "stream",
    "token",
    "tombstone",
    "waiting",
    "webhook",
    "webhook_attempt",
    "webhook_progress",
    "workspace",
]
