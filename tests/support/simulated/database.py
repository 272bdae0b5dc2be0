"""PostgreSQL in memory, at the level that the product leans on.

Transactions are atomic and read what is committed; rows, unique values and advisory locks are held until the end, a
writer that had to wait looks at the row again, and a circle of waiters loses one of them. Row numbers are given when a
statement runs, so a later number may be committed first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql.elements import TextClause
from support.simulated import texts
from support.simulated.language import Lock, Row, Statement, Unknown, bound, evaluate, taken_apart
from support.simulated.network import Network

from erc.schemas import tables

Key = tuple[Any, ...]


class DeadlockError(Exception):
    """What PostgreSQL tells the one of a circle that it gives up."""

    sqlstate = "40P01"


class ViolationError(Exception):
    """What PostgreSQL tells who repeats a unique value."""

    sqlstate = "23505"


class TableData:
    """The committed rows of a table, by primary key, and what must not be there twice."""

    def __init__(self, table: Table) -> None:
        self.name = table.name
        self.key = tuple(column.name for column in table.primary_key.columns)
        constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
        self.unique = sorted(tuple(column.name for column in one.columns) for one in constraints)
        self.columns = [column.name for column in table.columns]
        self.identity = next((column.name for column in table.columns if column.identity), None)
        defaults = [column.name for column in table.columns if column.server_default is not None]
        self.moments = [name for name in defaults if name != self.identity]
        self.rows: dict[Key, Row] = {}
        self.index: dict[tuple[str, ...], dict[Key, Key]] = {columns: {} for columns in self.unique}
        self.numbers = 0

    def key_of(self, row: Row) -> Key:
        return tuple([row[name] for name in self.key])

    def put(self, key: Key, row: Row | None) -> None:
        """Commit one row."""
        before = self.rows.pop(key, None) if row is None else self.rows.get(key)
        for columns, known in self.index.items():
            if before is not None:
                known.pop(tuple([before[name] for name in columns]), None)
            if row is not None:
                known[tuple([row[name] for name in columns])] = key
        if row is not None:
            self.rows[key] = row


class Postgres:
    """The server: its tables, its locks, its clock."""

    def __init__(self, network: Network, now: Callable[[], datetime]) -> None:
        self.network, self.now = network, now
        self.tables = {table.name: TableData(table) for table in tables.metadata.sorted_tables}
        self.locks: dict[Key, dict[Session, Lock]] = {}
        """Who holds what, and how."""
        self.waiters: dict[Key, list[asyncio.Future[None]]] = {}
        self.leader: Any = None
        """The connection that has the relay's lock."""
        self.texts: dict[int, str] = {}
        """The bodies of the events as text, as the relay reads them."""
        self.deadlocks = 0
        self.written: asyncio.Event = asyncio.Event()
        """Set whenever something is committed."""

    def rows(self, name: str) -> list[Row]:
        """Return the committed rows of a table."""
        return list(self.tables[name].rows.values())

    def engine(self) -> Engine:
        """Return what a process connects with."""
        return Engine(self)


class Result:
    """What a statement gave."""

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def mappings(self) -> list[Row]:
        return self._rows


class Session:
    """One transaction."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._own: dict[str, dict[Key, Row | None]] = {}
        self._held: list[Key] = []
        self.waits: tuple[Key, Lock] | None = None
        self.now = server.now()

    # ------------------------------------------------------------------------------------------ locks

    async def hold(self, key: Key, how: Lock = Lock.UPDATE) -> bool:
        """Take a lock, after whoever has it otherwise; return whether that took a wait."""
        waited = False
        while self._others(key, how):
            self._refuse_a_circle(key, how)
            waited, self.waits = True, (key, how)
            free: asyncio.Future[None] = self._server.network.loop.create_future()
            self._server.waiters.setdefault(key, []).append(free)
            try:
                await free
            finally:
                self.waits = None
        self._take(key, how)
        return waited

    def _take(self, key: Key, how: Lock) -> None:
        owners = self._server.locks.setdefault(key, {})
        if self not in owners:
            self._held.append(key)
        owners[self] = max(how, owners.get(self, how))

    def _others(self, key: Key, how: Lock) -> list[Session]:
        """Return who holds it in a way that does not bear this one."""
        owners = self._server.locks.get(key)
        if not owners:
            return []
        return [owner for owner, theirs in owners.items() if owner is not self and not how.bears(theirs)]

    def hold_now(self, key: Key) -> bool:
        """Take a lock if nobody else has it; return whether it is held now."""
        if self._others(key, Lock.UPDATE):
            return False
        self._take(key, Lock.UPDATE)
        return True

    def _refuse_a_circle(self, key: Key, how: Lock) -> None:
        seen, reached = set[Session](), self._others(key, how)
        while reached:
            one = reached.pop()
            if one is self:
                self._server.deadlocks += 1
                raise DBAPIError("deadlock detected", None, DeadlockError())
            if one not in seen:
                seen.add(one)
                reached += one._others(*one.waits) if one.waits else []

    def let_go(self, key: Key) -> None:
        """Give up one lock."""
        owners = self._server.locks.get(key, {})
        if owners.pop(self, None) is not None:
            if not owners:
                del self._server.locks[key]
            self._held.remove(key)
            for waiter in self._server.waiters.pop(key, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def end(self) -> None:
        """Give up every lock and what was not committed."""
        for key in [*self._held]:
            self.let_go(key)
        self._own.clear()

    def commit(self) -> None:
        """Make it all visible at once."""
        for name, rows in self._own.items():
            data = self._server.tables[name]
            for key, row in rows.items():
                data.put(key, row)
        if self._own:
            self._server.written.set()
        self.end()

    def commit_statement(self) -> None:
        """Make one statement visible; what the connection itself holds stays held."""
        kept = [key for key in self._held if key[0] == "session"]
        self._held = [key for key in self._held if key[0] != "session"]
        self.commit()
        self._held = kept

    # ------------------------------------------------------------------------------------------ rows

    def visible(self, name: str) -> Iterator[tuple[Key, Row]]:
        """Yield the rows that this transaction sees."""
        own = self._own.get(name, {})
        for key, row in self._server.tables[name].rows.items():
            if key not in own:
                yield key, row
        for key, mine in own.items():
            if mine is not None:
                yield key, mine

    def get(self, name: str, key: Key) -> Row | None:
        """Return a row by its key."""
        own = self._own.get(name)
        if own is not None and key in own:
            return own[key]
        return self._server.tables[name].rows.get(key)

    def write(self, name: str, key: Key, row: Row | None) -> None:
        """Change a row within this transaction; it holds the row."""
        self._own.setdefault(name, {})[key] = row

    async def locked(self, name: str, key: Key) -> Row | None:
        """Hold a row and return it as it is then."""
        await self.hold((name, key), Lock.NO_KEY_UPDATE)
        return self.get(name, key)

    def _found(self, name: str, statement: Statement) -> list[tuple[Key, Row]]:
        data = self._server.tables[name]
        equal, others = bound(statement.where_)
        candidates: Iterable[tuple[Key, Row]]
        if all(column in equal for column in data.key):
            key = tuple([equal[column] for column in data.key])
            row = self.get(name, key)
            candidates = [(key, row)] if row is not None else []
        elif columns := next((some for some in data.unique if all(one in equal for one in some)), None):
            owner = self._owner(data, columns, tuple([equal[column] for column in columns]))
            row = None if owner is None else self.get(name, owner)
            candidates = [(owner, row)] if owner is not None and row is not None else []
        else:
            candidates = self.visible(name)
        return [
            (key, row)
            for key, row in candidates
            if all(row[column] == value for column, value in equal.items())
            and all(evaluate(clause, row, self.now) for clause in others)
        ]

    async def _held_rows(self, name: str, statement: Statement, how: Lock) -> list[tuple[Key, Row]]:
        """Return the rows that match, all of them held; after a wait it is asked again."""
        while True:
            found = self._found(name, statement)
            if statement.skip_locked:
                found = [one for one in found if not self._others((name, one[0]), how)]
            waits = [await self.hold((name, key), how) for key, _row in found]
            if not any(waits):
                return found

    # ------------------------------------------------------------------------------------------ statements

    async def execute(self, given: Any, parameters: Any = None) -> Result:
        """Run one statement."""
        if isinstance(given, TextClause):
            rows = await texts.run(self, given.text, parameters or {})
            return Result(rows, len(rows))
        statement = taken_apart(given)
        if statement.table is None:
            return await self._function(statement)
        if statement.kind == "insert":
            rows = parameters if isinstance(parameters, list) else [parameters or statement.set_]
            kept = [one for row in rows if (one := await self.insert(statement.table, row, statement)) is not None]
            return Result(kept, len(kept))
        return await self._change(statement.table, statement)

    async def _change(self, name: str, statement: Statement) -> Result:
        if statement.kind == "select":
            how = statement.lock
            found = self._found(name, statement) if how is None else await self._held_rows(name, statement, how)
            return Result(_in_order([row for _key, row in found], statement), len(found))
        changed = []
        how = Lock.UPDATE if statement.kind == "delete" else Lock.NO_KEY_UPDATE
        for key, row in await self._held_rows(name, statement, how):
            after = None
            if statement.kind == "update":
                values = {column: evaluate(value, row, self.now) for column, value in statement.set_.items()}
                after = {**row, **values}
            self.write(name, key, after)
            changed.append(after or row)
        return Result(changed, len(changed))

    async def insert(self, name: str, values: Row, statement: Statement) -> Row | None:
        """Insert a row, or do what the statement says about a conflict; None when nothing was kept."""
        data = self._server.tables[name]
        row: Row = dict.fromkeys(data.columns)
        row |= dict.fromkeys(data.moments, self.now)
        row |= {column: evaluate(value, row, self.now) for column, value in values.items()}
        if data.identity is not None and row[data.identity] is None:
            data.numbers += 1
            row[data.identity] = data.numbers
        taken = await self._taken(data, row)
        if taken is None:
            self.write(name, data.key_of(row), row)
            return row
        columns, key = taken
        if (statement.conflict_on and set(statement.conflict_on) != set(columns)) or not statement.conflict:
            raise IntegrityError(f"{name}: {columns} is there already", None, ViolationError())
        before = await self.locked(name, key)
        if statement.conflict == "nothing" or before is None:
            return None
        if statement.conflict_where is not None and not evaluate(statement.conflict_where, before, self.now, row):
            return None
        values = {one: evaluate(value, before, self.now, row) for one, value in statement.conflict_set.items()}
        self.write(name, key, {**before, **values})
        return {**before, **values}

    async def _taken(self, data: TableData, row: Row) -> tuple[tuple[str, ...], Key] | None:
        """Return which unique columns are taken and by which row, after waiting for who is about to decide it."""
        for columns in (data.key, *data.unique):
            value = tuple([row[name] for name in columns])
            lock = (data.name, value) if columns is data.key else (data.name, *columns, value)
            if (key := self._owner(data, columns, value)) is not None and not self._goes(data.name, key):
                return columns, key
            await self.hold(lock)
            if (key := self._owner(data, columns, value)) is not None:
                return columns, key
        return None

    def _owner(self, data: TableData, columns: tuple[str, ...], value: Key) -> Key | None:
        """Return the key of the row that has this unique value, as this transaction sees it."""
        if columns is data.key:
            return value if self.get(data.name, value) is not None else None
        key = data.index[columns].get(value)
        if key is not None and self.get(data.name, key) is not None:
            return key
        mine = self._own.get(data.name, {})
        return next((k for k, r in mine.items() if r and tuple([r[n] for n in columns]) == value), None)

    def _goes(self, name: str, key: Key) -> bool:
        """Return whether somebody is about to delete this row."""
        holders = self._server.locks.get((name, key), {})
        return any(one is not self and one._own.get(name, {}).get(key, ...) is None for one in holders)

    async def _function(self, statement: Statement) -> Result:
        """`SELECT pg_advisory_xact_lock(hashtext(…)), …`: the one function that is called by itself."""
        for call in statement.columns:
            if call.name != "pg_advisory_xact_lock":
                raise Unknown(str(call))
            (argument,) = call.clauses
            (word,) = getattr(argument, "clauses", [argument])
            await self.hold(("advisory", getattr(word, "effective_value", word)))
        return Result([], 1)


def _in_order(rows: list[Row], statement: Statement) -> list[Row]:
    for clause in reversed(statement.order):
        descending = getattr(getattr(clause, "modifier", None), "__name__", "") == "desc_op"
        column = getattr(clause, "element", clause)
        rows.sort(key=lambda row, name=column.name: row[name], reverse=descending)
    return rows if statement.most is None else rows[: statement.most]


class Connection:
    """A connection in a transaction of several statements, or, with `alone`, of one statement each."""

    def __init__(self, server: Postgres, session: Session, *, alone: bool) -> None:
        self._server, self._session, self._alone = server, session, alone

    async def execute(self, statement: Any, parameters: Any = None) -> Result:
        network = self._server.network
        if self._alone:
            self._session.now = self._server.now()
            await network.call("read", _nothing, _lost)
        else:
            await network.pause()
        try:
            result = await self._session.execute(statement, parameters)
        except DBAPIError:
            raise
        except Exception as error:
            network.unknown.append(error)
            raise
        if self._alone:
            self._session.commit_statement()
        return result

    async def execution_options(self, **_options: Any) -> Connection:
        return self

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        rows = (await self.execute(statement, parameters)).mappings()
        return next(iter(rows[0].values())) if rows else None

    async def commit(self) -> None:
        """Nothing: each statement of such a connection is committed already."""


class Engine:
    """What SQLAlchemy's engine is to the product."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self.client: Any = None
        """A connection to the broker, for planted bugs that write twice."""

    def execution_options(self, **_options: Any) -> Engine:
        return self

    def begin(self) -> _Open:
        return _Open(self._server, alone=False)

    def connect(self) -> _Open:
        return _Open(self._server, alone=True)

    async def dispose(self) -> None:
        """Nothing is held."""


class _Open:
    """An open connection; one with a transaction commits at a good end, and whatever happens, nothing stays held."""

    def __init__(self, server: Postgres, *, alone: bool) -> None:
        self._server, self._alone, self._session = server, alone, Session(server)

    async def __aenter__(self) -> Connection:
        if not self._alone:
            await self._server.network.call("begin", _nothing, _lost)
        return Connection(self._server, self._session, alone=self._alone)

    async def __aexit__(self, kind: object, _error: object, _trace: object) -> None:
        try:
            if kind is None and not self._alone:
                await self._server.network.call("commit", self._session.commit, _lost)
        finally:
            self._session.end()


def _nothing() -> None:
    """The call itself has no effect."""


def _lost() -> Exception:
    return OSError("the connection was lost")
