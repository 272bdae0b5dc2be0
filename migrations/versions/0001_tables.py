"""Create every table."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _wire()
    _gateway()
    _waiting()
    _workers()


def downgrade() -> None:
    for table in sa.inspect(op.get_bind()).get_table_names():
        if table != "alembic_version":
            op.drop_table(table)


def _text(name: str, **how: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **how})


def _integer(name: str, **how: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), **{"nullable": False, **how})


def _document(name: str = "document") -> sa.Column[Any]:
    return sa.Column(name, JSONB(), nullable=False)


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column[Any]:
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _wire() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        _text("stream"),
        _text("subject"),
        _text("message_id"),
        _text("aggregate"),
        _text("aggregate_id"),
        _integer("sequence"),
        _text("public", nullable=True, comment="subject on the PUBLIC stream, for events of published compendia"),
        _text("traceparent", nullable=True),
        _document("body"),
        _moment("created", now=True),
        _moment("sent", nullable=True),
        sa.UniqueConstraint("message_id", name="uq_event_message_id"),
        sa.UniqueConstraint("aggregate", "aggregate_id", "sequence", name="uq_event_order"),
        comment="owner: everybody adds, the relay marks as sent. The outbox, kept as the event log",
    )
    op.create_index("ix_event_unsent", "event", ["id"], postgresql_where=sa.text("sent IS NULL"))
    op.create_table(
        "relay",
        _integer("id", primary_key=True),
        _text("instance"),
        _integer("backend"),
        _moment("seen"),
        comment="owner: relay. The one leader and when it was last alive",
    )
    op.create_table(
        "capacity",
        _text("instance", primary_key=True),
        _text("worker"),
        _integer("slots"),
        _moment("seen"),
        comment="owner: workers. What each worker process can do at once, with its heartbeat",
    )
    op.create_index("ix_capacity_worker", "capacity", ["worker"])


def _versioned(name: str, *first: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _text("id", primary_key=True),
        *first,
        _text("status"),
        _integer("version"),
        _document(),
        _moment("created"),
        comment="owner: gateway",
    )


def _gateway() -> None:
    _versioned("compendium", _text("owner"), sa.Column("candidate", sa.Boolean(), nullable=False))
    op.create_index("ix_compendium_owner", "compendium", ["owner"])
    _versioned("job", _text("compendium_id"), _text("owner"))
    op.create_index("ix_job_compendium_id", "job", ["compendium_id"])
    op.create_index("ix_job_owner", "job", ["owner"])
    _versioned("shipment", _text("compendium_id"), _text("owner"))
    op.create_table(
        "session",
        _text("id", primary_key=True, comment="SHA-256 of the cookie"),
        _text("principal"),
        _moment("created", now=True),
        _moment("expires"),
        comment="owner: gateway",
    )
    op.create_table(
        "secret",
        _text("name", primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        comment="owner: gateway. Keys made by the service, such as the one that signs addresses of user content",
    )


def _waiting() -> None:
    op.create_table(
        "waiting",
        _text("job_id", primary_key=True),
        _text("worker", primary_key=True),
        _text("owner"),
        _text("cause"),
        _document("command"),
        _moment("since", now=True),
        _moment("released", nullable=True),
        comment="owner: gateway. Builds and executions that wait for a slot or hold one (released)",
    )
    op.create_index("ix_waiting_worker", "waiting", ["worker", "since"])
    op.create_table(
        "cancellation",
        _text("id", primary_key=True),
        _moment("requested", now=True),
        comment="owner: gateway. Work that must stop; workers read it at every heartbeat",
    )


def _work(name: str, owner: str) -> None:
    op.create_table(
        name,
        _text("id", primary_key=True, comment="the id of the job, compendium or shipment"),
        _text("command", comment="message id of the command that the row belongs to"),
        _integer("attempt"),
        _integer("version", comment="number of events emitted so far"),
        _text("status", comment="running, done, failed or cancelled"),
        _document(),
        _moment("changed", now=True),
        comment=f"owner: {owner}",
    )


def _workers() -> None:
    _work("workspace", "loader")
    _work("description", "metadata")
    _work("environment", "builder")
    _work("image", "builder")
    _work("execution", "executor")
    _work("check", "checker")
    _work("package", "shipper")
    op.create_table(
        "built",
        _text("key", primary_key=True, comment="environment key"),
        _text("image_id"),
        _text("image", nullable=True, comment="blob of the saved image"),
        _moment("created", now=True),
        comment="owner: builder. Environments that need no build",
    )
    op.create_table(
        "search_document",
        _text("compendium_id", primary_key=True),
        _integer("version"),
        _text("owner"),
        sa.Column("candidate", sa.Boolean(), nullable=False),
        _document(),
        sa.Column("words", TSVECTOR(), nullable=False),
        comment="owner: indexer",
    )
    op.create_index("ix_search_document_words", "search_document", ["words"], postgresql_using="gin")
