"""Add sources: archives that were sent in pieces, and those that are on their way."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = ("source_upload", "source")


def upgrade() -> None:
    op.create_table(
        "source",
        _text("owner", primary_key=True),
        _text("digest", primary_key=True, comment="SHA-256 of the archive, whose bytes are a blob"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        _moment("created"),
        _moment("used"),
        comment="owner: gateway. Archives that their owners may make compendia of",
    )
    op.create_table(
        "source_upload",
        _text("id", primary_key=True),
        _text("owner"),
        _text("digest", comment="SHA-256 that was announced"),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="size that was announced"),
        _moment("created"),
        sa.UniqueConstraint("owner", "digest", name="uq_source_upload_owner"),
        comment="owner: gateway. Archives on their way; their bytes lie in the service's folder `staging`",
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_TABLES)} TO erc_gateway")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _text(name: str, **how: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **how})


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
