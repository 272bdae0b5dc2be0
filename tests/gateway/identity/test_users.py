"""Accounts and levels: the o2r service's texts, and that nobody raises themselves or their betters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from erc.gateway.identity.levels import may_give, parse_level
from erc.schemas import tables

USER, WHO = "/api/v1/user", "/api/v1/auth/whoami"
NO_NUMBER = "parameter 'level' could not be parsed as an integer"


async def test_users_are_listed_and_viewed(world) -> None:
    async with await world.of("ada", 0) as ada, await world.of("bob", 100) as bob, await world.of("eve", 500) as eve:
        assert (await ada.get(USER)).json() == {"results": ["ada", "bob", "eve"]}
        assert (await ada.get(USER, params={"start": 2, "limit": 1})).json() == {"results": ["bob"]}
        assert (await bob.get(f"{USER}/ada")).json() == {"id": "ada", "name": "Ada"}
        for reader in (ada, eve):
            seen = (await reader.get(f"{USER}/ada")).json()
            assert seen == {"id": "ada", "name": "Ada", "level": 0, "lastseen": None}
    async with world.browser() as stranger:
        assert (await stranger.get(f"{USER}/bob")).json() == {"id": "bob", "name": "Bob"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("limit=x", "limit must be an integer"),
        ("limit=0", "limit must be larger than 0"),
        ("start=x", "start must be an integer"),
        ("start=0", "start must be larger than 0"),
        ("start=-1", "start must be larger than 0"),
    ],
)
async def test_a_page_of_users_that_cannot_be_is_refused(world, query: str, error: str) -> None:
    async with world.browser() as stranger:
        answer = await stranger.get(f"{USER}?{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("name", ["nobody", "%0a", "ä", "a" * 300, "%F0%9F%92%A9", "%ff"])
async def test_an_unknown_user_is_not_found(world, name: str) -> None:
    async with await world.of("root", 1000) as root:
        for answer in (
            await root.get(f"{USER}/{name}"),
            await root.patch(f"{USER}/{name}", params={"level": 1}),
            await root.delete(f"{USER}/{name}"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (404, "no user with this id")


@pytest.mark.parametrize("level", ["", "x", "1.5", "1e3", " 5", "1_0", "٣", "9" * 5000, "NaN", "0x10"])
async def test_a_level_that_is_no_whole_number_is_refused_before_anything_else(world, level: str) -> None:
    async with world.browser() as stranger:
        answer = await stranger.patch(f"{USER}/nobody", params={"level": level})
        assert (answer.status_code, answer.json()["error"]) == (400, NO_NUMBER)
        answer = await stranger.patch(f"{USER}/nobody")
        assert (answer.status_code, answer.json()["error"]) == (400, NO_NUMBER)
        for beyond in ("-1", "1001", "999999999"):
            assert (await stranger.patch(f"{USER}/nobody", params={"level": beyond})).status_code == 400


async def test_only_editors_and_administrators_set_levels(world) -> None:
    await world.of("bob", 0)
    async with world.browser() as stranger, await world.of("ada", 100) as ada:
        answer = await stranger.patch(f"{USER}/bob", params={"level": 50})
        assert (answer.status_code, answer.json()["error"]) == (401, "user is not authenticated")
        answer = await ada.patch(f"{USER}/bob", params={"level": 50})
        assert (answer.status_code, answer.json()["error"]) == (403, "user level does not allow edit")
    async with await world.of("eve", 500) as eve:
        answer = await eve.patch(f"{USER}/bob", params={"level": 499})
        assert answer.json() == {"id": "bob", "name": "Bob", "level": 499, "lastseen": None}


LEVELS = (0, 100, 500, 1000)


@pytest.mark.parametrize("own", [500, 1000])
async def test_levels_are_only_moved_below_one_s_own(world, own: int) -> None:
    async with await world.of("giver", own) as giver:
        assert (await giver.patch(f"{USER}/giver", params={"level": own})).status_code == 403
        for before in LEVELS:
            for after in LEVELS:
                await world.of("taker", before)
                answer = await giver.patch(f"{USER}/taker", params={"level": after})
                allowed = before < own and (after < own or own == 1000)
                assert answer.status_code == (200 if allowed else 403), (before, after)


@given(own=some.integers(500, 999), before=some.integers(0, 1000), after=some.integers(0, 1000))
def test_nobody_below_an_administrator_moves_anybody_to_or_from_their_own_level(
    own: int, before: int, after: int
) -> None:
    assert may_give("eve", own, before, after) == (max(before, after) < own)


@given(some.text())
def test_what_is_read_as_a_level_is_a_whole_number(text: str) -> None:
    level = parse_level(text)
    assert level is None or (text.isascii() and int(text) == level)


async def test_only_the_operator_unmakes_an_administrator(world) -> None:
    await world.of("boss", 1000)
    async with await world.of("root", 1000) as root, world.bearer("a-token") as operator:
        assert (await root.patch(f"{USER}/boss", params={"level": 0})).status_code == 403
        assert (await root.delete(f"{USER}/boss")).status_code == 403
        assert (await operator.patch(f"{USER}/boss", params={"level": 0})).json()["level"] == 0


async def test_the_level_of_the_giver_is_that_of_the_moment_of_the_change(world) -> None:
    async with await world.of("eve", 500) as eve, await world.of("bob", 0):
        store = world.services.identity.accounts
        kept = store.set_level

        async def demoted_first(*arguments):
            await world.of("eve", 100)
            return await kept(*arguments)

        store.set_level = demoted_first
        answer = await eve.patch(f"{USER}/bob", params={"level": 100})
    assert (answer.status_code, answer.json()["error"]) == (403, "user level does not allow edit")


async def test_a_change_of_level_is_recorded_for_administrators(world) -> None:
    await world.of("bob", 0)
    async with await world.of("root", 1000) as root, await world.of("eve", 500) as eve:
        await root.patch(f"{USER}/bob", params={"level": 100})
        await eve.patch(f"{USER}/bob", params={"level": 600})
        (record,) = (await root.get("/api/v1/admin/operations")).json()["results"]
        assert "known author (100)" in (await root.get("/users")).text
        assert "Latest changes" not in (await eve.get("/users")).text
    assert (record["principal"], record["action"]) == ("root", "set_level")
    assert record["document"] == {"user": "bob", "before": 0, "after": 100}


async def test_administrators_are_named_by_a_setting_and_others_begin_at_the_usual_level(world) -> None:
    for sub, level in (("root", 1000), ("rooter", 100)):
        world.provider.be(sub=sub, name=sub)
        async with world.browser() as browser:
            await world.sign_in(browser, "keycloak")
            assert (await browser.get(WHO)).json()["level"] == level


async def test_a_later_sign_in_changes_the_name_and_not_the_level(world) -> None:
    for name in ("Ada", "Ada King"):
        world.provider.be(sub="ada", name=name)
        async with world.browser() as browser, await world.of("root", 1000) as root:
            await world.sign_in(browser, "keycloak")
            await root.patch(f"{USER}/keycloak:ada", params={"level": 50})
            assert (await browser.get(f"{USER}/keycloak:ada")).json()["name"] == name
    (row,) = await world.services.records.database.rows(
        select(tables.account).where(tables.account.c.provider == "keycloak")
    )
    assert (row["name"], row["level"]) == ("Ada King", 50)


async def test_a_closed_account_ends_everything_and_is_not_opened_again(world) -> None:
    world.provider.be(sub="ada", name="Ada")
    async with world.browser() as ada, world.browser() as again, await world.of("bob", 500) as bob:
        await world.sign_in(ada, "keycloak")
        token = (await ada.post("/api/v1/token", json={"name": "t", "scopes": ["admin"]})).json()["token"]
        await ada.post("/api/v1/webhook", json={"address": "https://example.org/h"})
        assert (await bob.delete(f"{USER}/keycloak:ada")).status_code == 403
        async with world.bearer(token) as program:
            assert (await program.delete(f"{USER}/keycloak:ada")).status_code == 204
            assert (await program.get(WHO)).status_code == 401
        assert (await ada.get(WHO)).status_code == 401
        assert (await bob.get(f"{USER}/keycloak:ada")).status_code == 404
        answer = await world.sign_in(again, "keycloak")
        assert (answer.status_code, answer.json()["error"]) == (403, "This account is closed")
    for table in (tables.token, tables.webhook):
        assert not await world.services.records.database.rows(select(table))
