"""Alembic's entry: runs the versions over asyncpg, one migration at a time in the whole cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from erc.schemas.tables import metadata

_LOCK = 0x65_72_63_6D


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        context.run_migrations()
        _set_passwords(connection, context.config.attributes.get("passwords", {}))


def _set_passwords(connection: Connection, passwords: Mapping[str, str]) -> None:
    for process, password in passwords.items():
        # Utility statements take no parameters; the server's own function quotes the password.
        statement = connection.scalar(
            text("SELECT format('ALTER ROLE %I PASSWORD %L', CAST(:role AS text), CAST(:password AS text))"),
            {"role": f"erc_{process}", "password": password},
        )
        connection.exec_driver_sql(str(statement))


async def _connect(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_connect(context.config.attributes["url"]))
