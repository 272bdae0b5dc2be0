"""Add what readers of events need: positions, streams as last seen, webhooks, idempotency, tombstones."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = ("webhook_attempt", "webhook_progress", "webhook", "idempotency", "tombstone", "stream", "operation")
_EVERYBODY = "gateway loader metadata builder executor checker shipper indexer relay notifier"
_READABLE_BEFORE = (
    "event, relay, capacity, compendium, job, shipment, waiting, cancellation, workspace, description, environment, "
    'image, execution, "check", package, built, search_document'
)
_WRITERS = {
    "gateway": "tombstone, idempotency, webhook, operation",
    "relay": "stream",
    "notifier": "webhook_progress, webhook_attempt",
}


def upgrade() -> None:
    op.add_column(
        "event",
        sa.Column(
            "position",
            sa.BigInteger(),
            comment="place in the order of publication, from 1; what readers page by",
        ),
    )
    op.execute(
        "UPDATE event SET position = sent.number FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM event "
        "WHERE sent IS NOT NULL) AS sent WHERE event.id = sent.id"
    )
    op.create_index("ix_event_position", "event", ["position"], unique=True)
    op.add_column("compendium", _moment("published", nullable=True))
    op.create_index("ix_job_status", "job", ["status"])
    _wire()
    _webhooks()
    _operations()
    _grants()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_index("ix_job_status", "job")
    op.drop_column("compendium", "published")
    op.drop_index("ix_event_position", "event")
    op.drop_column("event", "position")
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM erc_notifier")
    op.execute("REVOKE USAGE ON SCHEMA public FROM erc_notifier")


def _text(name: str, **how: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **how})


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column[Any]:
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _wire() -> None:
    op.create_table(
        "stream",
        _text("name", primary_key=True),
        _text("incarnation", comment="changes when the stream is made anew"),
        _moment("seen", now=True),
        comment="owner: relay. The streams as they were last seen: a new incarnation is filled again from `event`",
    )
    op.create_table(
        "tombstone",
        _text("compendium_id", primary_key=True),
        _text("owner"),
        sa.Column("candidate", sa.Boolean(), nullable=False),
        _moment("published", nullable=True),
        _moment("deleted", now=True),
        comment="owner: gateway. Who may still see the events of a compendium that is gone",
    )
    op.create_table(
        "idempotency",
        _text("principal", primary_key=True),
        _text("key", primary_key=True, comment="the Idempotency-Key header"),
        _text("fingerprint", comment="SHA-256 of method, path and body"),
        sa.Column("answer", JSONB(), nullable=False, comment="status, headers and body of the first answer"),
        _moment("created", now=True),
        comment="owner: gateway",
    )
    op.create_index("ix_idempotency_created", "idempotency", ["created"])


def _webhooks() -> None:
    op.create_table(
        "webhook",
        _text("id", primary_key=True),
        _text("owner"),
        sa.Column("document", JSONB(), nullable=False, comment="address, filters, secret"),
        _moment("created", now=True),
        _moment("tested", nullable=True),
        comment="owner: gateway",
    )
    op.create_index("ix_webhook_owner", "webhook", ["owner"])
    op.create_table(
        "webhook_progress",
        _text("webhook_id", primary_key=True),
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=False,
            comment="of the last event that was delivered or given up",
        ),
        sa.Column("failures", sa.Integer(), nullable=False, comment="failed attempts at the next event"),
        _moment("due", now=True),
        _moment("failing", nullable=True),
        sa.Column("given_up", sa.Integer(), nullable=False, comment="events given up in a row"),
        _moment("disabled", nullable=True),
        _moment("tested", nullable=True),
        comment="owner: notifier",
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        _text("webhook_id"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("outcome"),
        _moment("made", now=True),
        comment="owner: notifier. The delivery log",
    )
    op.create_index("ix_webhook_attempt_webhook_id", "webhook_attempt", ["webhook_id", "id"])


def _operations() -> None:
    op.create_table(
        "operation",
        _text("id", primary_key=True),
        _text("principal", comment="who asked"),
        _text("action"),
        sa.Column("document", JSONB(), nullable=False, comment="about what, and what came of it or how far it is"),
        _moment("created", now=True),
        _moment("ended", nullable=True),
        comment="owner: gateway; the indexer tells its progress. What operators did",
    )


def _grants() -> None:
    op.execute(
        "DO $$ BEGIN CREATE ROLE erc_notifier LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute("GRANT USAGE ON SCHEMA public TO erc_notifier")
    op.execute(f"GRANT SELECT ON {_READABLE_BEFORE} TO erc_notifier")
    op.execute("GRANT INSERT ON event TO erc_notifier")
    op.execute("GRANT INSERT, UPDATE, DELETE ON capacity TO erc_notifier")
    # Addresses and secrets of webhooks are for the gateway and the notifier; answers that are kept, for the gateway.
    op.execute("GRANT SELECT ON webhook TO erc_notifier")
    for name in _EVERYBODY.split():
        op.execute(f"GRANT SELECT ON stream, tombstone, webhook_progress, webhook_attempt TO erc_{name}")
    for name, tables in _WRITERS.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO erc_{name}")
    op.execute("GRANT UPDATE (sent, position) ON event TO erc_relay")
    op.execute("GRANT SELECT, UPDATE (document, ended) ON operation TO erc_indexer")
