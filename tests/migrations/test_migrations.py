from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from erc.events.relay import PostgresOutbox
from erc.migrations.__main__ import configuration, upgrade
from erc.schemas.tables import WRITERS, metadata

TABLES = {table.name: owner for owner, tables in WRITERS.items() for table in tables}
PRIVATE = {
    "secret": {"gateway"},
    "session": {"gateway"},
    "idempotency": {"gateway"},
    "webhook": {"gateway", "notifier"},
    "operation": {"gateway", "indexer"},
    **{key: {"gateway"} for key in ("account", "sign_in", "token", "device", "link", "revision", "removed")},
    **{key: {"gateway"} for key in ("source", "source_upload", "run")},
}
"""Tables that not everybody reads, and who does."""


async def test_the_newest_version_is_what_the_tables_say(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    engine = create_async_engine(database_url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_every_comment_is_in_the_database(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1) as pool:
        rows = await pool.fetch(
            "SELECT relname, obj_description(oid) AS comment FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
        )
    assert {row["relname"]: row["comment"] for row in rows} == {
        table.name: table.comment for table in metadata.sorted_tables
    }


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url, {name: name for name in WRITERS})


def test_there_is_one_newest_version() -> None:
    assert len(ScriptDirectory.from_config(configuration("postgresql://nowhere/")).get_heads()) == 1


@pytest.mark.parametrize("process", WRITERS)
async def test_a_role_writes_its_own_tables_only(process: str, url_of: Callable[[str], str]) -> None:
    connection = await asyncpg.connect(url_of(process))
    try:
        for table, owner in TABLES.items():
            for action in ("INSERT", "UPDATE", "DELETE"):
                may = await connection.fetchval("SELECT has_table_privilege($1, $2)", f'public."{table}"', action)
                assert may == (owner == process), f"{process}: {action} on {table}"
            may_read = await connection.fetchval("SELECT has_table_privilege($1, 'SELECT')", f'public."{table}"')
            assert may_read == (process in PRIVATE.get(table, {process})), f"{process} reads {table}"
    finally:
        await connection.close()


async def test_the_loader_cannot_write_a_job(url_of: Callable[[str], str]) -> None:
    connection = await asyncpg.connect(url_of("loader"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE job SET status = 'success'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (id int)")
    finally:
        await connection.close()


ADD = (
    "INSERT INTO event (stream, subject, message_id, aggregate, aggregate_id, sequence, body) "
    "VALUES ('EVENTS', 's', $1, 'a', $1, 1, '{}') ON CONFLICT (message_id) DO NOTHING"
)


@pytest.mark.parametrize("process", WRITERS)
async def test_every_role_adds_events_and_announces_itself(process: str, url_of: Callable[[str], str]) -> None:
    connection = await asyncpg.connect(url_of(process))
    try:
        await connection.execute(ADD, process)
        await connection.execute(
            "INSERT INTO capacity (instance, worker, slots, seen) VALUES ($1, $1, 1, now()) "
            "ON CONFLICT (instance) DO UPDATE SET slots = 2",
            process,
        )
        await connection.execute("DELETE FROM capacity WHERE instance = $1", process)
        for change in ("SET body = '{}'", *(() if process == "relay" else ("SET sent = now()",))):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"UPDATE event {change}")
    finally:
        await connection.close()


async def test_the_relay_marks_as_sent_with_its_own_role(url_of: Callable[[str], str]) -> None:
    writer = await asyncpg.connect(url_of("checker"))
    await writer.execute(ADD, "for the relay")
    await writer.close()
    outbox = PostgresOutbox(url_of("relay"), "one")
    assert await outbox.lead()
    waiting = [message.row for message in await outbox.unsent(100)]
    await outbox.mark_sent(waiting)
    assert waiting
    assert not await outbox.unsent(100)
    await outbox.close()


async def test_a_silent_leader_is_replaced(url_of: Callable[[str], str]) -> None:
    silent, second = PostgresOutbox(url_of("relay"), "silent"), PostgresOutbox(url_of("relay"), "second")
    assert await silent.lead()
    assert not await second.lead()
    connection = await asyncpg.connect(url_of("relay"))
    await connection.execute("UPDATE relay SET seen = now() - interval '11 seconds'")
    await connection.close()
    led = [await second.lead() for _ in range(50)]
    assert True in led, "the backend of the silent one was not terminated"
    await silent.close()
    await second.close()


async def test_a_wrong_password_is_refused(url_of: Callable[[str], str]) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url_of("loader").replace(":loader@", ":wrong@"))
