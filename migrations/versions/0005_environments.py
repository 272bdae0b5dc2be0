"""Add what the builder keeps of environments: evidence, use, what failed a moment ago, and base images."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The roles of 0002 and 0003: everybody may read what an environment is made of, its owner writes.
_READERS = "gateway loader metadata executor checker shipper indexer relay notifier"


def upgrade() -> None:
    evidence = sa.Column("evidence", sa.Text(), comment="blob of the index of package list, provenance and drift")
    op.add_column("built", evidence)
    op.add_column("built", _moment("used", now=True))
    op.create_table(
        "broken",
        sa.Column("key", sa.Text(), primary_key=True, comment="environment key"),
        sa.Column("problem", sa.Text(), nullable=False, comment="blob that says why"),
        _moment("failed"),
        comment="owner: builder. Environments that could not be built a moment ago, and would fail again",
    )
    op.create_table(
        "base",
        sa.Column("name", sa.Text(), primary_key=True, comment="of the image: suite, and snapshot where there is one"),
        sa.Column("image_id", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), comment="blob of the saved image"),
        sa.Column(
            "document", JSONB(), nullable=False, comment="what the suite has: versions of Python and R, and when"
        ),
        _moment("created", now=True),
        comment="owner: builder. Base images, found again by their ids",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON broken, base TO erc_builder")
    op.execute(f"GRANT SELECT ON broken, base TO {', '.join(f'erc_{name}' for name in _READERS.split())}")


def downgrade() -> None:
    op.drop_table("base")
    op.drop_table("broken")
    op.drop_column("built", "used")
    op.drop_column("built", "evidence")


def _moment(name: str, *, now: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now() if now else None)
