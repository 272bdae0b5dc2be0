"""The relay's own connection to PostgreSQL: as much of asyncpg as it calls, over the tables in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import asyncpg
from support.simulated.database import Postgres
from support.simulated.language import Row, Unknown
from support.simulated.texts import digest


class RelayConnection:
    """One connection; its advisory lock is free as soon as it ends."""

    def __init__(self, server: Postgres) -> None:
        self._server, self._open = server, True
        self.process = server.network.process()
        self._does: dict[str, Callable[..., Any]] = {
            "96724ea1050e": self._try_lock,
            "3ad943427858": self._beat,
            "399e7e876460": self._replace_the_silent,
            "84da38679c1d": self._unsent,
            "358ef824d098": self._mark,
        }

    async def fetchval(self, text: str, *arguments: Any, **_options: Any) -> Any:
        return await self._run(text, arguments)

    async def execute(self, text: str, *arguments: Any, **_options: Any) -> Any:
        return await self._run(text, arguments)

    async def fetch(self, text: str, *arguments: Any, **_options: Any) -> Any:
        return await self._run(text, arguments)

    def is_closed(self) -> bool:
        return not self._open

    def terminate(self) -> None:
        """End it, from either side."""
        self._open = False

    @property
    def lives(self) -> bool:
        """Whether the server still sees this connection; that of a killed process is closed at once."""
        return self._open and self.process.alive

    async def _run(self, text: str, arguments: tuple[Any, ...]) -> Any:
        does = self._does.get(digest(text))
        if does is None:
            self._server.network.unknown.append(Unknown(f"The relay's statement {digest(text)}: {text}"))
            raise self._server.network.unknown[-1]

        def effect() -> Any:
            if not self._open:
                raise asyncpg.InterfaceError("the connection is closed")
            return does(*arguments)

        return await self._server.network.call(does.__name__.strip("_"), effect, _lost)

    def _try_lock(self, _number: int) -> bool:
        holder: RelayConnection | None = self._server.leader
        if holder is not None and holder is not self and holder.lives:
            return False
        self._server.leader = self
        return True

    def _beat(self, instance: str) -> None:
        row = {"id": 1, "instance": instance, "backend": id(self), "seen": self._server.now()}
        self._server.tables["relay"].put((1,), row)

    def _replace_the_silent(self, _number: int, silent: Any) -> None:
        row = self._server.tables["relay"].rows.get((1,))
        if row is not None and row["seen"] < self._server.now() - silent and self._server.leader is not None:
            self._server.leader.terminate()

    def _unsent(self, most: int, old: Any) -> list[Row]:
        limit = self._server.now() - old
        rows = [row for row in self._server.tables["event"].rows.values() if row["sent"] is None]
        rows.sort(key=lambda row: row["id"])
        return [{**row, "body": self._text(row), "old": row["created"] < limit} for row in rows[:most]]

    def _text(self, row: Row) -> str:
        texts = self._server.texts
        if row["id"] not in texts:
            texts[row["id"]] = json.dumps(row["body"])
        return texts[row["id"]]

    def _mark(self, numbers: list[int]) -> None:
        data = self._server.tables["event"]
        last = max((row["position"] or 0 for row in data.rows.values()), default=0)
        for number, identifier in enumerate(numbers, start=1):
            row = data.rows.get((identifier,))
            if row is not None:
                data.put(
                    (identifier,), {**row, "sent": self._server.now(), "position": row["position"] or last + number}
                )


def _lost() -> Exception:
    return OSError("the connection was lost")
