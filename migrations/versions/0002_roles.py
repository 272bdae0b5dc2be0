"""Make a role for each process, which may write its own tables only."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WRITERS = {
    "gateway": "compendium job shipment waiting cancellation session secret",
    "loader": "workspace",
    "metadata": "description",
    "builder": "environment image built",
    "executor": "execution",
    "checker": '"check"',
    "shipper": "package",
    "indexer": "search_document",
    "relay": "relay",
}
EVERYBODY_READS = (
    "event relay capacity compendium job shipment waiting cancellation workspace description environment image "
    'execution "check" package built search_document'
)


def upgrade() -> None:
    for name, tables in WRITERS.items():
        role = f"erc_{name}"
        # Roles belong to the cluster: another database of the same server may have made them.
        op.execute(
            f"DO $$ BEGIN CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        # Sessions and signing keys are for the gateway alone: workers read what strangers wrote.
        op.execute(f"GRANT SELECT ON {_listed(EVERYBODY_READS)} TO {role}")
        op.execute(f"GRANT INSERT ON event TO {role}")
        op.execute(f"GRANT INSERT, UPDATE, DELETE ON capacity TO {role}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_listed(tables)} TO {role}")
    op.execute("GRANT UPDATE (sent) ON event TO erc_relay")


def downgrade() -> None:
    for name in WRITERS:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM erc_{name}")
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM erc_{name}")


def _listed(tables: str) -> str:
    return ", ".join(tables.split())
