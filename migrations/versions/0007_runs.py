"""Add runs: what the names of runs mean, one row a generation."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run",
        *(_text(name, primary_key=True) for name in ("owner", "name", "version")),
        sa.Column("generation", sa.Integer(), primary_key=True, comment="from 1; the highest is what the name means"),
        _text("origin", comment="whose name it is: a repository and folder, an id, or a path"),
        _text("source", comment="what its owner wrote"),
        _text("entrypoint", comment="main file as its owner named it, or empty"),
        _text("compendium_id"),
        _text("job_id"),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        comment="owner: gateway. What each name meant, one row a generation; its state is the job's",
    )
    op.create_index("ix_run_compendium_id", "run", ["compendium_id"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON run TO erc_gateway")


def downgrade() -> None:
    op.drop_table("run")


def _text(name: str, **how: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **how})
