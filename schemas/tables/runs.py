"""Names that runs are referred to by."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from erc.schemas.tables.declaration import metadata, moment

run = Table(
    "run",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("generation", Integer, primary_key=True, comment="from 1; the highest is what the name means"),
    Column("origin", Text, nullable=False, comment="whose name it is: a repository and folder, an id, or a path"),
    Column("source", Text, nullable=False, comment="what its owner wrote"),
    Column("entrypoint", Text, nullable=False, comment="main file as its owner named it, or empty"),
    Column("compendium_id", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    moment("created", now=True),
    Index("ix_run_compendium_id", "compendium_id"),
    comment="owner: gateway. What each name meant, one row a generation; its state is the job's",
)
