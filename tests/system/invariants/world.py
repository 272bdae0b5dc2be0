"""All that a check looks at, as plain data: what PostgreSQL, streams, blobs, index, engine and clients say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TERMINAL = {
    "compendium": {"ready", "rejected"},
    "job": {"success", "failure"},
    "shipment": {"shipped", "error"},
}


@dataclass(frozen=True)
class Row:
    """A row of a compendium, job or shipment."""

    id: str
    status: str
    version: int
    document: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Logged:
    """A row of the event table."""

    row: int
    stream: str
    message_id: str
    aggregate: str
    aggregate_id: str
    sequence: int
    type: str
    data: dict[str, Any] = field(default_factory=dict)
    public: str | None = None
    sent: bool = True
    position: int | None = None


@dataclass(frozen=True)
class Message:
    """A message of a stream: its place there, its envelope."""

    place: int
    message_id: str
    aggregate: str
    aggregate_id: str
    sequence: int
    type: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Leftover:
    """Something that a run leaves behind: a container, a volume, a folder."""

    kind: str
    job_id: str


Entry = dict[str, Any]
"""A line of a journal; see `journal.Journal`."""


@dataclass
class World:
    """Everything, read at one moment."""

    compendia: dict[str, Row] = field(default_factory=dict)
    jobs: dict[str, Row] = field(default_factory=dict)
    shipments: dict[str, Row] = field(default_factory=dict)
    logged: list[Logged] = field(default_factory=list)
    streams: dict[str, list[Message]] = field(default_factory=dict)
    waiting_commands: int = 0
    """Commands that no worker has acknowledged yet."""
    index: dict[str, str] = field(default_factory=dict)
    """Hash of each search document, by compendium."""
    projection: dict[str, str] = field(default_factory=dict)
    """The same, made from the compendia as they are now."""
    damage: dict[str, str] = field(default_factory=dict)
    """What is wrong with a blob that something refers to, by its digest."""
    manifests: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digest of each file, by path, for each manifest that a compendium or job refers to."""
    leftovers: list[Leftover] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)

    def of(self, kind: str) -> list[Entry]:
        """Return the journal's lines of one kind."""
        return [entry for entry in self.journal if entry["kind"] == kind]

    def rows(self, what: str) -> dict[str, Row]:
        """Return the compendia, jobs or shipments."""
        return {"compendium": self.compendia, "job": self.jobs, "shipment": self.shipments}[what]

    def accepted(self, what: str) -> dict[str, Entry]:
        """Return the answers that accepted something of this kind, by its id."""
        return {entry["id"]: entry for entry in self.of("answered") if entry["what"] == what and _well(entry)}


def _well(entry: Entry) -> bool:
    return 200 <= entry["status"] < 300 and bool(entry.get("id"))
