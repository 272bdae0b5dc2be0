"""People and what they may do: accounts, sign-ins, tokens, public links; and the history of what they wrote."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB

from erc.schemas.tables.declaration import metadata, moment

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True, comment="public id: an ORCID iD, or provider and subject"),
    Column("provider", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("level", Integer, nullable=False),
    moment("created", now=True),
    moment("seen", nullable=True),
    moment("closed", nullable=True),
    UniqueConstraint("provider", "subject", name="uq_account_subject"),
    comment="owner: gateway. Public identity only",
)

sign_in = Table(
    "sign_in",
    metadata,
    Column("state", Text, primary_key=True, comment="SHA-256 of the state that the provider gives back"),
    Column("browser", Text, nullable=False, comment="SHA-256 of the cookie of the browser that began it"),
    Column("provider", Text, nullable=False),
    Column("document", JSONB, nullable=False, comment="nonce, PKCE verifier, where to go on"),
    moment("expires"),
    comment="owner: gateway. Sign-ins that have begun; each is used once",
)

token = Table(
    "token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False, comment="SHA-256 of the token"),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", JSONB, nullable=False),
    moment("created", now=True),
    moment("expires", nullable=True),
    moment("used", nullable=True),
    UniqueConstraint("hash"),
    Index("ix_token_account", "account"),
    comment="owner: gateway. Personal access tokens",
)

device = Table(
    "device",
    metadata,
    Column("code", Text, primary_key=True, comment="SHA-256 of the code that the program keeps"),
    Column("user_code", Text, nullable=False, comment="what the person types"),
    Column("name", Text, nullable=False),
    Column("scopes", JSONB, nullable=False),
    Column("account", Text, comment="who granted it"),
    Column("denied", Boolean, nullable=False, server_default="false"),
    moment("created", now=True),
    moment("expires"),
    moment("asked", nullable=True),
    UniqueConstraint("user_code"),
    comment="owner: gateway. Programs that wait to be signed in (RFC 8628)",
)

link = Table(
    "link",
    metadata,
    Column("id", Text, primary_key=True, comment="32 letters and digits at random: who knows it may look"),
    Column("compendium_id", Text, nullable=False),
    Column("owner", Text, nullable=False, comment="who made it"),
    moment("created", now=True),
    moment("expires", nullable=True),
    UniqueConstraint("compendium_id"),
    comment="owner: gateway. Public links, one a compendium",
)

revision = Table(
    "revision",
    metadata,
    Column("compendium_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, comment="from 1"),
    Column("author", Text, nullable=False),
    Column("document", JSONB, nullable=False, comment="the o2r metadata as they were then"),
    Column("summary", JSONB, nullable=False, comment="which fields changed"),
    moment("created", now=True),
    comment="owner: gateway. The history of the metadata",
)

removed = Table(
    "removed",
    metadata,
    Column("compendium_id", Text, primary_key=True),
    Column("principal", Text, nullable=False, comment="who deleted it"),
    Column("document", JSONB, nullable=False, comment="the compendium, its jobs and its history as they were"),
    Column("bytes", BigInteger, nullable=False),
    moment("deleted", now=True),
    comment="owner: gateway. Published compendia that an administrator deleted: moved aside, for ever",
)
