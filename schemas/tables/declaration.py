"""What every table is declared with."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, func

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
)


def moment(name: str, *, now: bool = False, nullable: bool = False) -> Column[object]:
    """Return a column for a time, UTC; `now` is its default."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=func.now() if now else None)
