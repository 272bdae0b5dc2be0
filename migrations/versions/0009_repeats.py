"""Add which job a job repeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("repeats", sa.Text(), comment="the job that it repeats; repeats are in no list"))
    op.create_index("ix_job_repeats", "job", ["repeats", "id"], postgresql_where=sa.text("repeats IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_job_repeats", "job")
    op.drop_column("job", "repeats")
