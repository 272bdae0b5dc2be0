"""A request with a key has one effect and one answer, whatever is repeated, killed or done at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from support.servers import postgres

from erc.events.outbox import Database, Transaction, create_engine
from erc.gateway.idempotency import (
    KEPT,
    Answer,
    Asked,
    Idempotency,
    Keep,
    KeyInvalid,
    KeyReused,
    KeyTaken,
    checked_key,
    fingerprint,
)
from erc.gateway.store.idempotency import SqlAnswers
from erc.migrations.__main__ import upgrade
from erc.schemas import tables

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("idempotency")) as server:
        upgrade(server.url)
        yield server.url


class Desk:
    """A request whose effect is a row in `cancellation`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.once = Idempotency(SqlAnswers(database), lambda: self.now).once
        self.effects = 0

    async def ask(self, asked: Asked, wait: asyncio.Event | None = None, begun: asyncio.Event | None = None) -> Answer:
        async def act(keep: Keep[Transaction]) -> Answer:
            number = self.effects = self.effects + 1
            answer = Answer(202, f'{{"number": {number}}}', {"Location": f"/{number}"})
            async with self.database.transaction() as transaction:
                row = {"id": f"{asked.key} {number}"}
                await transaction.connection.execute(insert(tables.cancellation).values(**row))
                await keep(transaction, answer)
                if begun:
                    begun.set()
                if wait:
                    await wait.wait()
            return answer

        answer, self.replayed = await self.once(asked, act)
        return answer

    async def rows(self, key: str) -> int:
        table = tables.cancellation
        found = await self.database.rows(select(func.count()).select_from(table).where(table.c.id.like(f"{key} %")))
        return int(found[0]["count"])


async def _no_ping() -> None:
    return


@pytest.fixture
async def desk(url: str) -> AsyncIterator[Desk]:
    database = Database(create_engine(url), _no_ping)
    yield Desk(database)
    await database.close()


async def test_a_repeat_gets_the_same_answer_and_has_no_effect(desk: Desk) -> None:
    asked = Asked("ada", "repeat", "a")
    first = await desk.ask(asked)
    assert not desk.replayed
    assert await desk.ask(asked) == first
    assert desk.replayed
    assert (desk.effects, await desk.rows("repeat")) == (1, 1)


async def test_the_same_key_for_something_else_is_refused(desk: Desk) -> None:
    await desk.ask(Asked("ada", "other", "a"))
    with pytest.raises(KeyReused):
        await desk.ask(Asked("ada", "other", "b"))
    assert await desk.rows("other") == 1


async def test_keys_belong_to_who_uses_them(desk: Desk) -> None:
    await desk.ask(Asked("ada", "mine", "a"))
    await desk.ask(Asked("bob", "mine", "b"))
    assert await desk.rows("mine") == 2


async def test_a_repeat_while_the_first_goes_on_has_no_effect_and_may_come_again(desk: Desk) -> None:
    asked, begun, wait = Asked("ada", "flight", "a"), asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(desk.ask(asked, wait, begun))
    await begun.wait()
    with pytest.raises(KeyTaken):
        await desk.ask(asked)
    wait.set()
    answered = await first
    assert await desk.ask(asked) == answered
    assert await desk.rows("flight") == 1


async def test_a_key_is_free_again_at_once_when_its_first_use_dies(desk: Desk) -> None:
    asked, begun = Asked("ada", "dies", "a"), asyncio.Event()
    first = asyncio.create_task(desk.ask(asked, asyncio.Event(), begun))
    await begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await desk.ask(asked)
    assert await desk.rows("dies") == 1


async def test_a_transaction_that_stands_still_loses_its_key(desk: Desk) -> None:
    async with desk.database.transaction() as transaction:
        await SqlAnswers(desk.database).keep(transaction, Asked("ada", "stops", "a"), Answer(200, "{}"), NOW)
        found = await transaction.rows(select(func.current_setting("idle_in_transaction_session_timeout").label("it")))
    assert found[0]["it"] == "1min"


async def test_an_answer_is_forgotten_after_a_day(desk: Desk) -> None:
    asked = Asked("ada", "day", "a")
    first = await desk.ask(asked)
    desk.now = NOW + KEPT - timedelta(seconds=1)
    assert await desk.ask(asked) == first
    desk.now = NOW + KEPT
    again = await desk.ask(Asked("ada", "day", "b"))
    assert again != first
    assert await desk.rows("day") == 2


async def test_a_refusal_is_not_kept(desk: Desk) -> None:
    asked = Asked("ada", "refused", "a")

    async def refuse(_keep: Keep[Transaction]) -> Answer:
        raise ValueError("not ready")

    with pytest.raises(ValueError, match="not ready"):
        await desk.once(asked, refuse)
    assert await desk.ask(asked)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab")), min_size=2, max_size=12))
def test_however_requests_are_mixed_each_key_has_one_effect(url: str, asked: list[tuple[str, str]]) -> None:
    async def play() -> None:
        database = Database(create_engine(url), _no_ping)
        desk, run = Desk(database), f"{id(asked)}{datetime.now(UTC).timestamp()}"
        requests = [Asked("ada", f"{run}{key}", body) for key, body in asked]
        said = await asyncio.gather(*(desk.ask(one) for one in requests), return_exceptions=True)
        for key in {one.key for one in requests}:
            answers = [answer for one, answer in zip(requests, said, strict=True) if one.key == key]
            given_ = {answer.body for answer in answers if isinstance(answer, Answer)}
            assert len(given_) == 1
            assert all(isinstance(answer, Answer | KeyReused | KeyTaken) for answer in answers)
            assert await desk.rows(key) == 1
        await database.close()

    asyncio.run(play())


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\n", "\x7f"])
def test_what_cannot_be_a_key_is_refused(key: str) -> None:
    with pytest.raises(KeyInvalid):
        checked_key(key)


def test_a_fingerprint_tells_requests_apart_but_not_the_order_of_fields() -> None:
    same = fingerprint("POST", "/a", {"x": 1, "y": [2]})
    assert fingerprint("POST", "/a", {"y": [2], "x": 1}) == same
    others = [("PUT", "/a", {"x": 1}), ("POST", "/b", {"x": 1}), ("POST", "/a", {"x": 2}), ("POST", "/a", {"x": 1})]
    assert len({same, *(fingerprint(*other) for other in others)}) == 5
