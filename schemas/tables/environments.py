"""What the builder keeps of environments and of the base images that they stand on."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from erc.schemas.tables.declaration import metadata, moment

built = Table(
    "built",
    metadata,
    Column("key", Text, primary_key=True, comment="environment key"),
    Column("image_id", Text, nullable=False),
    Column("image", Text, comment="blob of the saved image"),
    moment("created", now=True),
    Column("evidence", Text, comment="blob of the index of package list, provenance and drift"),
    moment("used", now=True),
    comment="owner: builder. Environments that need no build",
)

broken = Table(
    "broken",
    metadata,
    Column("key", Text, primary_key=True, comment="environment key"),
    Column("problem", Text, nullable=False, comment="blob that says why"),
    moment("failed"),
    comment="owner: builder. Environments that could not be built a moment ago, and would fail again",
)

base = Table(
    "base",
    metadata,
    Column("name", Text, primary_key=True, comment="of the image: suite, and snapshot where there is one"),
    Column("image_id", Text, nullable=False),
    Column("image", Text, comment="blob of the saved image"),
    Column("document", JSONB, nullable=False, comment="what the suite has: versions of Python and R, and when"),
    moment("created", now=True),
    comment="owner: builder. Base images, found again by their ids",
)
