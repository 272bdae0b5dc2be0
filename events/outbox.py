"""One transaction for the rows and for the messages that follow from them; the relay publishes these."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from erc.events import trace
from erc.events.envelope import Outgoing
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.schemas.tables import event

WAKE = "erc.control.relay.wake"
"""Core NATS subject on which a committer tells the relay that there is something to publish."""

_GONE = ("08", "40", "53", "57P")
"""SQLSTATE classes that mean: later. Connection, deadlock and other rollbacks, resources, operator intervention."""


class Ping(Protocol):
    """Tells the relay that rows wait; may fail silently, as the relay also polls."""

    async def __call__(self) -> None:
        """Send the hint."""
        ...


def create_engine(url: str, size: int = 5) -> AsyncEngine:
    """Return an engine for PostgreSQL through asyncpg; `url` begins with `postgresql://`."""
    driver = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(
        driver, pool_size=size, max_overflow=size, pool_use_lifo=True, pool_timeout=20, hide_parameters=True
    )


class Database:
    """Transactions that carry their outgoing messages."""

    def __init__(self, engine: AsyncEngine, ping: Ping, faults: Faults | None = None) -> None:
        self.engine, self._ping = engine, ping
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._faults = faults or Faults("", None)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Yield a transaction; commit it at the end and wake the relay when it holds messages.

        Raises Unavailable when PostgreSQL cannot be reached or asks to come later.
        """
        async with database_errors():
            async with self.engine.begin() as connection:
                transaction = Transaction(connection)
                yield transaction
                await transaction.flush()
                if transaction.outgoing:
                    self._faults.reach("before_commit")
            if transaction.outgoing:
                self._faults.reach("after_commit")
                await self._ping()

    async def rows(self, query: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the rows of a query, as mappings."""
        async with database_errors(), self._reading.connect() as connection:
            return list((await connection.execute(query, values)).mappings())

    async def plain(self, query: str, *values: Any) -> list[Any]:
        """Return the rows of a query in PostgreSQL's own words, `$1` for the first value, as mappings.

        For questions that are asked all the time: nothing is made of the query, or of columns like `jsonb`.
        """
        async with database_errors():
            lent = await self._lent()
            try:
                return list(await lent.driver_connection.fetch(query, *values))  # type: ignore[union-attr]
            except Exception as error:
                gone = str(getattr(error, "sqlstate", "") or "").startswith(_GONE)
                if gone or lent.driver_connection.is_closed():  # type: ignore[union-attr]
                    raise Unavailable(f"PostgreSQL does not answer: {error}") from error
                raise
            except BaseException:
                # Whoever asked has gone; the server may still be answering.
                await greenlet_spawn(lent.invalidate)
                raise
            finally:
                await greenlet_spawn(lent.close)

    async def _lent(self) -> PoolProxiedConnection:
        """Return a connection of the pool that is not known to be lost."""
        while True:
            lent = await self.engine.raw_connection()
            if not lent.driver_connection.is_closed():  # type: ignore[union-attr]
                return lent
            await greenlet_spawn(lent.invalidate)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


class Transaction:
    """An open transaction: guarded statements and outgoing messages."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.outgoing: list[dict[str, Any]] = []

    async def rows(self, query: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Run a statement and return its rows, as mappings."""
        return list((await self.connection.execute(query, values)).mappings())

    async def changed(self, statement: Any) -> int:
        """Run a guarded statement and return how many rows it changed: 0 means stale."""
        return int((await self.connection.execute(statement)).rowcount)

    def send(
        self, messages: Iterable[Outgoing], *, public: Mapping[str, str] | None = None, traceparent: str | None = None
    ) -> None:
        """Put messages into the outbox at the end of the transaction, in the order of the calls.

        `public` maps message ids to subjects on the PUBLIC stream; `traceparent` is the current one unless it is given.
        """
        place = traceparent or trace.traceparent()
        self.outgoing.extend(
            message.model_dump() | {"public": (public or {}).get(message.message_id), "traceparent": place}
            for message in messages
        )

    async def flush(self) -> None:
        """Write the outgoing messages; called once, before the commit."""
        if self.outgoing:
            statement = insert(event).on_conflict_do_nothing(index_elements=["message_id"])
            await self.connection.execute(statement, self.outgoing)


@contextlib.asynccontextmanager
async def database_errors() -> AsyncIterator[None]:
    """Turn errors that mean *later* into Unavailable."""
    try:
        yield
    except (OperationalError, InterfaceError, OSError, TimeoutError) as error:
        raise Unavailable(f"PostgreSQL does not answer: {error}") from error
    except DBAPIError as error:
        code = str(getattr(error.orig, "sqlstate", "") or "")
        if error.connection_invalidated or code.startswith(_GONE):
            raise Unavailable(f"PostgreSQL does not answer: {error}") from error
        raise


def utc_now() -> datetime:
    """The shipped clock."""
    return datetime.now(UTC)


def guarded_update(table: Table, identifier: str, before: int, **values: Any) -> Any:
    """Return the guarded transition of a versioned row: `UPDATE … WHERE id = … AND version = before`."""
    return update(table).where(table.c.id == identifier, table.c.version == before).values(**values)


def row_for_update(table: Table, identifier: str) -> Any:
    """Return the query that reads one row and holds it until the transaction ends."""
    return select(table).where(table.c.id == identifier).with_for_update()
