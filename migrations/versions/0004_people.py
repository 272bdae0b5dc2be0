"""Add people and what they may do, and what lists filter by: accounts, tokens, public links, metadata history."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = ("removed", "revision", "link", "device", "token", "sign_in", "account")
_SORTED = ("compendium_id", "owner", "status")
"""What jobs are listed by, newest first."""


def upgrade() -> None:
    _sign_in()
    _access()
    _compendia()
    _lists()
    # People, their tokens and what was moved aside are for the gateway alone: workers read what strangers wrote.
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_TABLES)} TO erc_gateway")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    for column in ("seen", "level"):
        op.drop_column("session", column)
    for column in _SORTED:
        op.drop_index(f"ix_job_{column}", "job")
        op.create_index(f"ix_job_{column}", "job", [column])
    op.drop_index("ix_job_link", "job")
    op.drop_column("job", "link")
    op.drop_column("capacity", "about")
    for index in ("candidate", "public", "doi", "overlay", "base", "owner"):
        op.drop_index(f"ix_compendium_{index}", "compendium")
    op.create_index("ix_compendium_owner", "compendium", ["owner"])
    for column in ("bytes", "base", "overlay", "doi"):
        op.drop_column("compendium", column)


def _text(name: str, **how: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **how})


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column[Any]:
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _sign_in() -> None:
    op.add_column("session", _moment("seen", now=True))
    level = sa.Column("level", sa.Integer(), comment="of the account when the cookie was given out")
    op.add_column("session", level)
    op.alter_column("session", "principal", comment="id of an account, or `operator`")
    op.create_table(
        "account",
        _text("id", primary_key=True, comment="public id: an ORCID iD, or provider and subject"),
        _text("provider"),
        _text("subject"),
        _text("name"),
        sa.Column("level", sa.Integer(), nullable=False),
        _moment("created", now=True),
        _moment("seen", nullable=True),
        _moment("closed", nullable=True),
        sa.UniqueConstraint("provider", "subject", name="uq_account_subject"),
        comment="owner: gateway. Public identity only",
    )
    op.create_table(
        "sign_in",
        _text("state", primary_key=True, comment="SHA-256 of the state that the provider gives back"),
        _text("browser", comment="SHA-256 of the cookie of the browser that began it"),
        _text("provider"),
        sa.Column("document", JSONB(), nullable=False, comment="nonce, PKCE verifier, where to go on"),
        _moment("expires"),
        comment="owner: gateway. Sign-ins that have begun; each is used once",
    )


def _access() -> None:
    op.create_table(
        "token",
        _text("id", primary_key=True),
        _text("hash", comment="SHA-256 of the token"),
        _text("account"),
        _text("name"),
        sa.Column("scopes", JSONB(), nullable=False),
        _moment("created", now=True),
        _moment("expires", nullable=True),
        _moment("used", nullable=True),
        sa.UniqueConstraint("hash", name="uq_token_hash"),
        comment="owner: gateway. Personal access tokens",
    )
    op.create_index("ix_token_account", "token", ["account"])
    op.create_table(
        "device",
        _text("code", primary_key=True, comment="SHA-256 of the code that the program keeps"),
        _text("user_code", comment="what the person types"),
        _text("name"),
        sa.Column("scopes", JSONB(), nullable=False),
        _text("account", nullable=True, comment="who granted it"),
        sa.Column("denied", sa.Boolean(), nullable=False, server_default="false"),
        _moment("created", now=True),
        _moment("expires"),
        _moment("asked", nullable=True),
        sa.UniqueConstraint("user_code", name="uq_device_user_code"),
        comment="owner: gateway. Programs that wait to be signed in (RFC 8628)",
    )
    op.create_table(
        "link",
        _text("id", primary_key=True, comment="32 letters and digits at random: who knows it may look"),
        _text("compendium_id"),
        _text("owner", comment="who made it"),
        _moment("created", now=True),
        _moment("expires", nullable=True),
        sa.UniqueConstraint("compendium_id", name="uq_link_compendium_id"),
        comment="owner: gateway. Public links, one a compendium",
    )


def _compendia() -> None:
    op.create_table(
        "revision",
        _text("compendium_id", primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, comment="from 1"),
        _text("author"),
        sa.Column("document", JSONB(), nullable=False, comment="the o2r metadata as they were then"),
        sa.Column("summary", JSONB(), nullable=False, comment="which fields changed"),
        _moment("created", now=True),
        comment="owner: gateway. The history of the metadata",
    )
    op.create_table(
        "removed",
        _text("compendium_id", primary_key=True),
        _text("principal", comment="who deleted it"),
        sa.Column("document", JSONB(), nullable=False, comment="the compendium, its jobs and its history as they were"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        _moment("deleted", now=True),
        comment="owner: gateway. Published compendia that an administrator deleted: moved aside, for ever",
    )
    op.add_column(
        "compendium",
        sa.Column(
            "bytes", sa.BigInteger(), nullable=False, server_default="0", comment="of its files; what a quota counts"
        ),
    )
    op.add_column("compendium", _text("base", nullable=True, comment="the compendium that a substitution began with"))
    op.add_column(
        "compendium", _text("overlay", nullable=True, comment="the compendium whose data a substitution puts in")
    )
    op.add_column("compendium", _text("doi", nullable=True, comment="of the paper, as its metadata say"))
    op.add_column("capacity", sa.Column("about", JSONB(), comment="what it works with: machine, engine, limits"))
    op.add_column("job", _text("link", nullable=True, comment="the public link that it was started by"))
    op.create_index("ix_job_link", "job", ["link"])


def _lists() -> None:
    op.drop_index("ix_compendium_owner", "compendium")
    op.create_index("ix_compendium_owner", "compendium", ["owner", "candidate", "id"])
    op.create_index("ix_compendium_base", "compendium", ["base"])
    op.create_index("ix_compendium_overlay", "compendium", ["overlay"])
    op.create_index("ix_compendium_doi", "compendium", ["doi", "id"])
    op.create_index("ix_compendium_public", "compendium", ["id"], postgresql_where=sa.text("NOT candidate"))
    op.create_index("ix_compendium_candidate", "compendium", ["id"], postgresql_where=sa.text("candidate"))
    for column in _SORTED:
        op.drop_index(f"ix_job_{column}", "job")
        op.create_index(f"ix_job_{column}", "job", [column, "id"])
