"""Archives that were sent in pieces, and those that are on their way."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text, UniqueConstraint

from erc.schemas.tables.declaration import metadata, moment

source = Table(
    "source",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("digest", Text, primary_key=True, comment="SHA-256 of the archive, whose bytes are a blob"),
    Column("bytes", BigInteger, nullable=False),
    moment("created", now=True),
    moment("used", now=True),
    comment="owner: gateway. Archives that their owners may make compendia of",
)

source_upload = Table(
    "source_upload",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("digest", Text, nullable=False, comment="SHA-256 that was announced"),
    Column("bytes", BigInteger, nullable=False, comment="size that was announced"),
    moment("created", now=True),
    UniqueConstraint("owner", "digest", name="uq_source_upload_owner"),
    comment="owner: gateway. Archives on their way; their bytes lie in the service's folder `staging`",
)
