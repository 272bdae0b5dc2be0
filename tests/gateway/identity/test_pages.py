"""The pages of sign-in, account, users and programs, by forms alone."""

from __future__ import annotations

import re

PAGE = {"Accept": "text/html"}


async def test_the_head_of_each_page_says_who_is_signed_in(world) -> None:
    async with world.browser(**PAGE) as stranger:
        page = (await stranger.get("/search?q=rain")).text
        assert 'href="/sign-in?next=/search"' in page and "erc open" not in (await stranger.get("/")).text
        missing = await stranger.get("/compendium/nothing")
        assert missing.status_code == 404 and "Sign in at the head" in missing.text
    async with await world.of("ada") as ada, await world.of("eve", 500) as eve:
        page = (await ada.get("/")).text
        assert '<a href="/account">Ada</a>' in page and 'href="/users"' not in page
        assert 'href="/users"' in (await eve.get("/")).text


async def test_who_is_not_signed_in_is_led_there_and_back(world) -> None:
    async with world.browser(**PAGE) as browser:
        for path in ("/account", "/users?name=a", "/device?code=BCDF-GHJK"):
            there = await browser.get(path)
            assert there.status_code == 303 and there.headers["location"].startswith("/sign-in?next=%2F")
        choice = (await browser.get(there.headers["location"])).text
        way = re.search(r'href="(/api/v1/auth/login[^"]+)">Sign in with ORCID', choice)[1].replace("&amp;", "&")
        begun = await browser.get(way)
        back = await browser.get(await world.provider.visit(begun.headers["location"]))
        assert back.headers["location"] == "/device?code=BCDF-GHJK"


async def test_a_token_is_made_shown_once_and_ended_by_forms(world) -> None:
    async with await world.of("ada") as ada:
        form = {"name": "my <b>laptop</b>", "scope": ["write", "ship"], "days": "30"}
        made = await ada.post("/account/tokens", data=form)
        token = re.search(r"erc_pat_\w{49}", made.text)[0]
        assert made.status_code == 201 and "my &lt;b&gt;laptop" in made.text
        page = (await ada.get("/account")).text
        assert token not in page and "read, write, ship" in page
        async with world.bearer(token) as program:
            assert (await program.get("/api/v1/auth/whoami")).json()["scopes"] == ["read", "ship", "write"]
            ending = re.search(r'action="(/account/tokens/\w+/end)"', page)[1]
            assert (await ada.post(ending)).status_code == 303
            assert (await program.get("/api/v1/auth/whoami")).status_code == 401
        for odd in ({}, {"name": "", "days": "30"}, {"name": "x", "days": "9999"}, {"name": "x" * 200, "days": "7"}):
            assert (await ada.post("/account/tokens", data=odd)).status_code == 400


async def test_an_account_is_closed_by_a_form(world) -> None:
    async with await world.of("ada") as ada:
        assert (await ada.post("/account/close")).status_code == 303
        assert (await ada.get("/api/v1/auth/whoami")).status_code == 401


async def test_levels_are_set_by_a_form(world) -> None:
    for name in ("ada", "bob", "odd_name%"):
        await world.of(name, 0)
    async with await world.of("root", 1000) as root, await world.of("eve", 100) as eve:
        page = (await root.get("/users", params={"name": "AD"})).text
        assert page.count('action="/users/') == 1 and "Bob" not in page
        assert (await root.get("/users", params={"name": "e%"})).text.count('action="/users/') == 1
        assert (await root.get("/users", params={"name": "\x1b\u202e"})).status_code == 200
        assert (await root.post("/users/ada/level", data={"level": "100"})).status_code == 303
        assert "known author (100)" in (await root.get("/users")).text
        assert (await root.post("/users/ada/level", data={"level": "much"})).status_code == 400
        assert (await eve.get("/users")).status_code == 403
        assert (await eve.post("/users/bob/level", data={"level": "50"})).status_code == 403
