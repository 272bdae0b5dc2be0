"""Personal access tokens: shown once, good for their scopes and their time, never for making others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select, text

from erc.gateway.identity.randomness import letters
from erc.gateway.identity.tokens import ALPHABET, MOST, may_be_token, new_token
from erc.schemas import tables

TOKEN, WHO = "/api/v1/token", "/api/v1/auth/whoami"


async def _made(browser, *scopes: str, **changes) -> dict:
    answer = await browser.post(TOKEN, json={"name": "a laptop", "scopes": list(scopes), **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_token_is_shown_once_and_kept_as_its_hash(world) -> None:
    async with await world.of("ada") as ada:
        made = await _made(ada, "write")
        assert re.fullmatch(r"erc_pat_[0-9A-Za-z]{49}", made["token"]) and may_be_token(made["token"])
        assert made["scopes"] == ["read", "write"]
        (listed,) = (await ada.get(TOKEN)).json()["results"]
        assert listed == {name: made[name] for name in made if name != "token"}
    (row,) = await world.services.records.database.rows(select(tables.token))
    assert made["token"] not in str(dict(row)) and (row["expires"] - row["created"]).days == 90
    async with world.bearer(made["token"]) as program:
        assert (await program.get(WHO)).json() == {
            "orcid": "ada",
            "name": "Ada",
            "level": 100,
            "scopes": ["read", "write"],
        }


@given(some.integers(0, 10**6))
def test_a_token_with_one_wrong_character_is_none(place: int) -> None:
    token = new_token(letters)
    at = len("erc_pat_") + place % 49
    other = ALPHABET[(ALPHABET.index(token[at]) + 1 + place % 61) % 62]
    assert may_be_token(token)
    assert not may_be_token(token[:at] + other + token[at + 1 :])


@given(some.text())
def test_no_text_breaks_the_reading_of_tokens(anything: str) -> None:
    assert not may_be_token(anything)
    assert not may_be_token(f"erc_pat_{anything}")


WRONG = [
    {},
    {"name": ""},
    {"name": "\u0000\u200e"},
    {"name": "x" * 101},
    {"name": 5},
    {"name": "x", "scopes": ["everything"]},
    {"name": "x", "scopes": "read"},
    {"name": "x", "days": 0},
    {"name": "x", "days": 367},
    {"name": "x", "days": 10**30},
    {"name": "x", "days": "soon"},
    {"name": "x", "level": 1000},
]


@pytest.mark.parametrize("body", WRONG)
async def test_a_token_that_cannot_be_is_refused(world, body: dict) -> None:
    async with await world.of("ada") as ada:
        assert (await ada.post(TOKEN, json=body)).status_code == 400
        lone = await ada.post(TOKEN, content=b'{"name": "\\ud800", "\\ud800": 1}')
        assert lone.status_code == 400
        assert (await ada.get(TOKEN)).json() == {"results": []}


async def test_a_token_makes_no_tokens_and_signs_nobody_in(world) -> None:
    async with await world.of("ada") as ada:
        token = (await _made(ada, "read", "write", "ship", "admin"))["token"]
        begun = (await ada.post("/api/v1/auth/device", json={"client_id": "x"})).json()
    for shown in (token, "a-token"):
        async with world.bearer(shown) as program:
            answer = await program.post(TOKEN, json={"name": "another"})
            assert (answer.status_code, answer.json()["error"]) == (403, "the token has not the scope for this")
            allowing = {"code": begun["user_code"], "decision": "allow"}
            assert (await program.post("/device", data=allowing)).status_code == 403
            assert (await program.post("/account/tokens", data={"name": "x", "days": "7"})).status_code == 403
    async with world.browser() as operator:
        await operator.get(world.services.new_link())
        token = (await _made(operator, "admin"))["token"]
    async with world.bearer(token) as program:
        assert (await program.get(WHO)).json()["level"] == 1000
        assert (await program.post("/api/v1/auth/link")).status_code == 401


NEEDED = {
    ("GET", "/api/v1/compendium"): "read",
    ("POST", "/api/v1/webhook"): "write",
    ("POST", "/api/v1/compendium"): "write",
    ("GET", TOKEN): "admin",
    ("DELETE", f"{TOKEN}/unknown"): "admin",
    ("PATCH", "/api/v1/user/bob?level=1"): "admin",
    ("DELETE", "/api/v1/user/bob"): "admin",
    ("GET", "/api/v1/admin/operations"): "admin",
    ("POST", "/api/v1/admin/rebuild/nothing"): "admin",
}


@pytest.mark.parametrize("scope", ["read", "write", "ship", "admin"])
async def test_a_token_is_good_for_its_scopes_only(world, scope: str) -> None:
    async with await world.of("root", 1000) as root:
        token = (await _made(root, scope))["token"]
    async with world.bearer(token) as program:
        for (method, path), needed in NEEDED.items():
            answer = await program.request(method, path)
            refused = answer.status_code == 403 and answer.json()["error"] == "the token has not the scope for this"
            assert refused == (needed not in {"read", scope}), (method, path, answer.text)
            assert answer.status_code < 500


@pytest.mark.parametrize("shown", ["", "x", "erc_pat_", "erc_pat_" + "0" * 49, "\xff", "a-token "[:-2], "A-TOKEN"])
async def test_an_unknown_token_is_nobody_s(world, shown: str) -> None:
    async with world.browser() as client:
        answer = await client.get(WHO, headers={"Authorization": f"Bearer {shown}".encode("latin-1")})
    assert (answer.status_code, answer.json()["error"]) == (401, "user is not authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("how", ["ended", "ended by itself", "over", "account closed"])
async def test_a_token_that_is_over_is_nobody_s_at_once(world, how: str) -> None:
    async with await world.of("ada") as ada, await world.of("bob") as bob, world.browser() as anybody:
        made = await _made(ada)
        async with world.bearer(made["token"]) as program:
            assert (await program.get(WHO)).status_code == 200
            assert (await bob.delete(f"{TOKEN}/{made['id']}")).status_code == 404
            if how == "ended":
                assert (await ada.delete(f"{TOKEN}/{made['id']}")).status_code == 204
                assert (await ada.delete(f"{TOKEN}/{made['id']}")).status_code == 404
            elif how == "ended by itself":
                for _ in range(2):
                    assert (await anybody.post("/api/v1/auth/revoke", data={"token": made["token"]})).status_code == 200
            elif how == "over":
                async with world.services.records.database.transaction() as transaction:
                    await transaction.connection.execute(text("UPDATE token SET expires = now()"))
            else:
                await ada.delete("/api/v1/user/ada")
            assert (await program.get(WHO)).status_code == 401


async def test_a_level_that_is_lowered_holds_for_tokens_at_once(world) -> None:
    async with await world.of("ada", 500) as ada:
        token = (await _made(ada, "admin"))["token"]
    async with world.bearer(token) as program:
        assert (await program.get("/users")).status_code == 200
        await world.of("ada", 100)
        assert (await program.get("/users")).status_code == 403


async def test_there_are_not_endlessly_many_tokens(world) -> None:
    async with await world.of("ada") as ada:
        await _made(ada)
        more = text(
            "INSERT INTO token (id, hash, account, name, scopes, expires) "
            "SELECT n::text, n::text, account, name, scopes, expires FROM token, generate_series(2, :most) AS n"
        )
        async with world.services.records.database.transaction() as transaction:
            await transaction.connection.execute(more, {"most": MOST})
        assert (await ada.post(TOKEN, json={"name": "one more"})).status_code == 409
