"""What the service keeps: the event log, compendia, jobs, shipments, and the work of each process.

SQLAlchemy's table objects only; no engine, no session. Times are UTC, documents `jsonb`, sizes in bytes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from erc.schemas.tables.declaration import metadata, moment

event = Table(
    "event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("stream", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("public", Text, comment="subject on the PUBLIC stream, for events of published compendia"),
    Column("traceparent", Text),
    Column("body", JSONB, nullable=False),
    moment("created", now=True),
    moment("sent", nullable=True),
    Column("position", BigInteger, comment="place in the order of publication, from 1; what readers page by"),
    UniqueConstraint("message_id"),
    UniqueConstraint("aggregate", "aggregate_id", "sequence", name="uq_event_order"),
    Index("ix_event_unsent", "id", postgresql_where=text("sent IS NULL")),
    Index("ix_event_position", "position", unique=True),
    comment="owner: everybody adds, the relay marks as sent. The outbox, kept as the event log",
)

relay = Table(
    "relay",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance", Text, nullable=False),
    Column("backend", Integer, nullable=False),
    moment("seen"),
    comment="owner: relay. The one leader and when it was last alive",
)

stream = Table(
    "stream",
    metadata,
    Column("name", Text, primary_key=True),
    Column("incarnation", Text, nullable=False, comment="changes when the stream is made anew"),
    moment("seen", now=True),
    comment="owner: relay. The streams as they were last seen: a new incarnation is filled again from `event`",
)

capacity = Table(
    "capacity",
    metadata,
    Column("instance", Text, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    moment("seen"),
    Column("about", JSONB, comment="what it works with: machine, engine, limits"),
    Index("ix_capacity_worker", "worker"),
    comment="owner: workers. What each worker process can do at once, with its heartbeat",
)

compendium = Table(
    "compendium",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("candidate", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    moment("created"),
    moment("published", nullable=True),
    Column("bytes", BigInteger, nullable=False, server_default="0", comment="of its files; what a quota counts"),
    Column("base", Text, comment="the compendium that a substitution began with"),
    Column("overlay", Text, comment="the compendium whose data a substitution puts in"),
    Column("doi", Text, comment="of the paper, as its metadata say"),
    Index("ix_compendium_owner", "owner", "candidate", "id"),
    Index("ix_compendium_base", "base"),
    Index("ix_compendium_overlay", "overlay"),
    Index("ix_compendium_doi", "doi", "id"),
    Index("ix_compendium_public", "id", postgresql_where=text("NOT candidate")),
    Index("ix_compendium_candidate", "id", postgresql_where=text("candidate")),
    comment="owner: gateway",
)

job = Table(
    "job",
    metadata,
    Column("id", Text, primary_key=True),
    Column("compendium_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    moment("created"),
    Column("link", Text, comment="the public link that it was started by"),
    Column("repeats", Text, comment="the job that it repeats; repeats are in no list"),
    Index("ix_job_compendium_id", "compendium_id", "id"),
    Index("ix_job_link", "link"),
    Index("ix_job_owner", "owner", "id"),
    Index("ix_job_repeats", "repeats", "id", postgresql_where=text("repeats IS NOT NULL")),
    Index("ix_job_status", "status", "id"),
    comment="owner: gateway",
)

shipment = Table(
    "shipment",
    metadata,
    Column("id", Text, primary_key=True),
    Column("compendium_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", JSONB, nullable=False),
    moment("created"),
    comment="owner: gateway",
)

waiting = Table(
    "waiting",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("command", JSONB, nullable=False),
    moment("since", now=True),
    moment("released", nullable=True),
    Index("ix_waiting_worker", "worker", "since"),
    comment="owner: gateway. Builds and executions that wait for a slot or hold one (released)",
)

cancellation = Table(
    "cancellation",
    metadata,
    Column("id", Text, primary_key=True),
    moment("requested", now=True),
    comment="owner: gateway. Work that must stop; workers read it at every heartbeat",
)

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True, comment="SHA-256 of the cookie"),
    Column("principal", Text, nullable=False, comment="id of an account, or `operator`"),
    moment("created", now=True),
    moment("expires"),
    moment("seen", now=True),
    Column("level", Integer, comment="of the account when the cookie was given out"),
    comment="owner: gateway",
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("compendium_id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("candidate", Boolean, nullable=False),
    moment("published", nullable=True),
    moment("deleted", now=True),
    comment="owner: gateway. Who may still see the events of a compendium that is gone",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="the Idempotency-Key header"),
    Column("fingerprint", Text, nullable=False, comment="SHA-256 of method, path and body"),
    Column("answer", JSONB, nullable=False, comment="status, headers and body of the first answer"),
    moment("created", now=True),
    Index("ix_idempotency_created", "created"),
    comment="owner: gateway",
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("document", JSONB, nullable=False, comment="address, filters, secret"),
    moment("created", now=True),
    moment("tested", nullable=True),
    Index("ix_webhook_owner", "owner"),
    comment="owner: gateway",
)

webhook_progress = Table(
    "webhook_progress",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, comment="of the last event that was delivered or given up"),
    Column("failures", Integer, nullable=False, comment="failed attempts at the next event"),
    moment("due", now=True),
    moment("failing", nullable=True),
    Column("given_up", Integer, nullable=False, comment="events given up in a row"),
    moment("disabled", nullable=True),
    moment("tested", nullable=True),
    comment="owner: notifier",
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    moment("made", now=True),
    Index("ix_webhook_attempt_webhook_id", "webhook_id", "id"),
    comment="owner: notifier. The delivery log",
)

operation = Table(
    "operation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("principal", Text, nullable=False, comment="who asked"),
    Column("action", Text, nullable=False),
    Column("document", JSONB, nullable=False, comment="about what, and what came of it or how far it is"),
    moment("created", now=True),
    moment("ended", nullable=True),
    comment="owner: gateway; the indexer tells its progress. What operators did",
)


def _work(name: str, owner: str) -> Table:
    """Return the table in which a worker keeps its work: one row a work id, its attempt is the fence."""
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True, comment="the id of the job, compendium or shipment"),
        Column("command", Text, nullable=False, comment="message id of the command that the row belongs to"),
        Column("attempt", Integer, nullable=False),
        Column("version", Integer, nullable=False, comment="number of events emitted so far"),
        Column("status", Text, nullable=False, comment="running, done, failed or cancelled"),
        Column("document", JSONB, nullable=False),
        moment("changed", now=True),
        comment=f"owner: {owner}",
    )


workspace = _work("workspace", "loader")
description = _work("description", "metadata")
environment = _work("environment", "builder")
image = _work("image", "builder")
execution = _work("execution", "executor")
check = _work("check", "checker")
package = _work("package", "shipper")

search_document = Table(
    "search_document",
    metadata,
    Column("compendium_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("candidate", Boolean, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_search_document_words", "words", postgresql_using="gin"),
    comment="owner: indexer",
)

secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="owner: gateway. Keys made by the service, such as the one that signs addresses of user content",
)
