"""Sessions: a new one at each sign-in, over at once when they should be, with the level of this moment."""

from __future__ import annotations

import asyncio
import hashlib

import httpx2
import pytest
from sqlalchemy import select, text
from support.eventually import eventually
from support.people import signed_in

from erc.schemas import tables

WHO, COOKIE = "/api/v1/auth/whoami", "erc_session"


async def test_a_cookie_from_before_the_sign_in_is_never_the_session(world) -> None:
    async with world.browser() as browser:
        browser.cookies.set(COOKIE, "planted-by-an-attacker", domain="127.0.0.1")
        await world.sign_in(browser)
        first = browser.cookies[COOKIE]
        await world.sign_in(browser)
        second = browser.cookies[COOKIE]
    assert len({"planted-by-an-attacker", first, second}) == 3
    for cookie, status in ((first, 401), (second, 200)):
        async with world.browser(Cookie=f"{COOKIE}={cookie}") as browser:
            assert (await browser.get(WHO)).status_code == status


async def test_only_the_hash_of_a_cookie_is_kept(world) -> None:
    cookie = await signed_in(world.services, "ada")
    (row,) = await world.services.records.database.rows(select(tables.session))
    assert cookie not in str(dict(row)) and len(cookie) >= 43


@pytest.mark.parametrize("change", ["expires = now()", "seen = now() - interval '12 hours 1 second'"])
async def test_a_session_is_over_after_a_time_and_when_it_is_not_used(world, change: str) -> None:
    async with await world.of("ada") as ada:
        assert (await ada.get(WHO)).status_code == 200
        async with world.services.records.database.transaction() as transaction:
            left = await transaction.rows(text("SELECT extract(epoch FROM expires - now()) AS left FROM session"))
            await transaction.connection.execute(text(f"UPDATE session SET {change}"))
        assert left[0]["left"] == pytest.approx(7 * 86400, abs=60)
        assert (await ada.get(WHO)).status_code == 401


async def test_the_use_of_a_session_keeps_it_from_being_idle(world) -> None:
    async with await world.of("ada") as ada:
        async with world.services.records.database.transaction() as transaction:
            await transaction.connection.execute(text("UPDATE session SET seen = now() - interval '11 hours'"))
        await ada.get(WHO)
        rows = await world.services.records.database.rows(
            text("SELECT now() - seen < interval '1 minute' AS is FROM session")
        )
    assert rows[0]["is"]


async def test_who_signs_out_is_out_at_once(world) -> None:
    async with await world.of("ada") as ada:
        cookie = ada.cookies[COOKIE]
        assert (await ada.post("/sign-out")).status_code == 303
        assert COOKIE not in ada.cookies
        ada.cookies.set(COOKIE, cookie, domain="127.0.0.1")
        assert (await ada.get(WHO)).status_code == 401


async def test_a_link_of_another_site_signs_nobody_out(world) -> None:
    async with await world.of("ada") as ada:
        for site in ("cross-site", "same-site", "none", None):
            page = await ada.get("/api/v1/auth/logout", headers={"Sec-Fetch-Site": site} if site else {})
            assert page.status_code == 200 and 'action="/sign-out"' in page.text
            assert (await ada.get(WHO)).status_code == 200
        assert (await ada.get("/api/v1/auth/logout", headers={"Sec-Fetch-Site": "same-origin"})).status_code == 303
        assert (await ada.get(WHO)).status_code == 401


async def test_a_level_holds_from_the_next_request_on_under_a_new_cookie(world) -> None:
    async with await world.of("ada", 0) as ada, await world.of("root", 1000) as root:
        before = ada.cookies[COOKIE]
        assert (await ada.get(WHO)).json()["level"] == 0
        assert ada.cookies[COOKIE] == before
        assert (await root.patch("/api/v1/user/ada", params={"level": 100})).status_code == 200
        assert (await ada.get(WHO)).json()["level"] == 100
        after = ada.cookies[COOKIE]
        assert after != before
        assert (await ada.get(WHO)).status_code == 200 and ada.cookies[COOKIE] == after
        async with world.services.records.database.transaction() as transaction:
            rows = await transaction.rows(
                text(
                    "SELECT extract(epoch FROM expires - now()) AS left FROM session WHERE principal = 'ada' ORDER BY 1"
                )
            )
        assert rows[0]["left"] <= 30 < rows[1]["left"] == pytest.approx(7 * 86400, abs=60)


async def test_requests_on_their_way_are_answered_while_the_cookie_changes(world) -> None:
    async with await world.of("ada", 0) as ada, await world.of("root", 1000) as root:
        old = {"Cookie": f"{COOKIE}={ada.cookies[COOKIE]}"}
        await root.patch("/api/v1/user/ada", params={"level": 100})
        clients = [world.browser(**old) for _ in range(5)]
        answers = await asyncio.gather(*(client.get(WHO) for client in clients))
        given = [answer.headers.get("set-cookie") for answer in answers]
        for client in clients:
            await client.aclose()
    assert [answer.json()["level"] for answer in answers] == [100] * 5
    assert len([cookie for cookie in given if cookie]) == 1


ENDINGS = {
    "a level change": lambda world: ("root", "PATCH", "/api/v1/user/ada?level=50"),
    "the account's closing": lambda world: ("root", "DELETE", "/api/v1/user/ada"),
    "signing out": lambda world: ("ada", "POST", "/sign-out"),
}


@pytest.mark.parametrize("how", sorted(ENDINGS))
async def test_an_open_stream_ends_at_once_with(world, serving: str, how: str) -> None:
    async def opened() -> bool:
        return len(world.services.streams) == 1

    async with (
        await world.of("ada") as ada,
        await world.of("root", 1000) as root,
        httpx2.AsyncClient(trust_env=False) as reader,
    ):
        headers = {"Cookie": f"{COOKIE}={ada.cookies[COOKIE]}"}
        async with reader.stream("GET", f"{serving}/api/v1/events", headers=headers) as stream:
            assert stream.status_code == 200
            await eventually(opened)
            who, method, path = ENDINGS[how](world)
            assert (await {"ada": ada, "root": root}[who].request(method, path)).is_success or how == "signing out"
            async with asyncio.timeout(3):  # well before the next heartbeat could tell
                async for _ in stream.aiter_bytes():
                    pass
        again = await reader.get(f"{serving}{WHO}", headers=headers)
    assert again.json().get("level") == (50 if how == "a level change" else None)


async def test_the_operator_s_link_still_opens_this_machine_s_service(world) -> None:
    async with world.bearer("a-token") as client:
        link = (await client.post("/api/v1/auth/link")).json()["url"]
    async with world.browser() as browser:
        assert (await browser.get(link)).status_code == 303
        assert (await browser.get(WHO)).json() == {
            "orcid": "operator",
            "name": "operator",
            "level": 1000,
            "scopes": None,
        }
        assert (await browser.get(link)).status_code == 403


async def test_sessions_are_listed_and_ended_one_by_one(world) -> None:
    async with await world.of("ada") as here, await world.of("ada") as there, await world.of("bob") as bob:
        page = (await here.get("/account")).text
        handles = [part.split("/end")[0] for part in page.split("/account/sessions/")[1:]]
        assert len(handles) == 2 and page.count("this browser") == 1
        (other,) = [
            one for one in handles if hashlib.sha256(there.cookies[COOKIE].encode()).hexdigest().startswith(one)
        ]
        assert (await bob.post(f"/account/sessions/{other}/end")).status_code == 404
        assert (await there.get(WHO)).status_code == 200
        assert (await here.post(f"/account/sessions/{other}/end")).status_code == 303
        assert (await there.get(WHO)).status_code == 401
        assert (await here.get(WHO)).status_code == 200
