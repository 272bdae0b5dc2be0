"""Signing a program in: by the real `erc login`, and as RFC 8628 says when it does not go well."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select, text

from erc.gateway.identity.devices import ALPHABET, GRANT, Waits, answer, shown, typed
from erc.schemas import tables

BEGIN, ASK, WHO = "/api/v1/auth/device", "/api/v1/auth/device/token", "/api/v1/auth/whoami"


async def _erc(home: Path, url: str, *arguments: str) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if name != "ERC_TOKEN"} | {"ERC_HOME": str(home)}
    command = [sys.executable, "-m", "erc.gateway.client", *arguments, "--url", url]
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)


async def test_the_command_line_signs_in_is_used_and_signs_out(world, serving: str, tmp_path: Path) -> None:
    login = await _erc(tmp_path, serving, "login", "--print", "--scope", "read write")
    said = b""
    while b"code there is" not in said:
        said += await login.stderr.readline()
    code = re.search(rb"code there is ([A-Z-]{9})", said)[1].decode()
    async with await world.of("ada") as ada:
        page = (await ada.get("/device", params={"code": code.lower()})).text
        assert "erc on " in page and code in page and "upload, run, edit and publish" in page and "ship" not in page
        answered = await ada.post("/device", data={"code": code, "decision": "allow"})
        assert (answered.status_code, answered.headers["location"]) == (303, "/device?said=allowed")
        assert "signed in" in (await ada.get(answered.headers["location"])).text
        out, err = await login.communicate()
        assert login.returncode == 0, err
        assert out.decode() == f"Ada (ada) at {serving}: level 100, may read, write\n"
        kept = tmp_path / "credentials.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert json.loads(kept.read_text())[serving].startswith("erc_pat_")
        who = await _erc(tmp_path, serving, "whoami", "--json")
        assert json.loads((await who.communicate())[0])["orcid"] == "ada"
        logout = await _erc(tmp_path, serving, "logout")
        await logout.communicate()
        assert (await ada.get("/api/v1/token")).json() == {"results": []}
    assert json.loads(kept.read_text()) == {}
    again = await _erc(tmp_path, serving, "whoami")
    assert b"erc login" in (await again.communicate())[1]
    assert again.returncode == 8


async def test_the_command_line_says_when_it_was_denied(world, serving: str, tmp_path: Path) -> None:
    login = await _erc(tmp_path, serving, "login", "--print")
    said = b""
    while b"code there is" not in said:
        said += await login.stderr.readline()
    code = re.search(rb"code there is ([A-Z-]{9})", said)[1].decode()
    async with await world.of("ada") as ada:
        await ada.post("/device", data={"code": code, "decision": "deny"})
    _, err = await login.communicate()
    assert (login.returncode, b"You did not allow it" in err) == (8, True)
    assert not (tmp_path / "credentials.json").exists()


async def _begun(client, **changes) -> dict:
    return (await client.post(BEGIN, data={"client_id": "a program", **changes})).json()


async def _asked(client, begun: dict) -> tuple[int, str]:
    told = await client.post(ASK, data={"grant_type": GRANT, "device_code": begun["device_code"]})
    return told.status_code, told.json().get("error", told.json().get("token_type"))


async def test_a_program_is_told_how_it_stands_in_the_words_of_the_rfc(world) -> None:
    database = world.services.records.database
    async with world.browser() as program, await world.of("ada") as ada:
        begun = await _begun(program)
        assert {name: begun[name] for name in ("verification_uri", "expires_in", "interval")} == {
            "verification_uri": "http://127.0.0.1/device",
            "expires_in": 600,
            "interval": 1,
        }
        assert await _asked(program, begun) == (400, "authorization_pending")
        assert await _asked(program, begun) == (400, "slow_down")
        async with database.transaction() as transaction:
            await transaction.connection.execute(text("UPDATE device SET asked = now() - interval '2 s'"))
        await ada.post("/device", data={"code": begun["user_code"], "decision": "allow"})
        assert await _asked(program, begun) == (200, "Bearer")
        assert await _asked(program, begun) == (400, "invalid_grant")
        denied = await _begun(program)
        await ada.post("/device", data={"code": denied["user_code"], "decision": "deny"})
        assert await _asked(program, denied) == (400, "access_denied")
        late = await _begun(program)
        async with database.transaction() as transaction:
            await transaction.connection.execute(text("UPDATE device SET expires = now()"))
        assert (await ada.get("/device", params={"code": late["user_code"]})).status_code == 404
        assert (await ada.post("/device", data={"code": late["user_code"], "decision": "allow"})).status_code == 404
        assert await _asked(program, late) == (400, "expired_token")


async def test_neither_code_nor_token_is_kept_as_it_is(world) -> None:
    async with world.browser() as program:
        begun = await _begun(program)
    (row,) = await world.services.records.database.rows(select(tables.device))
    assert begun["device_code"] not in str(dict(row))


async def test_a_decision_is_made_once_and_only_by_somebody_who_signed_in(world) -> None:
    async with world.browser() as stranger, await world.of("ada") as ada, await world.of("bob") as bob:
        begun = await _begun(stranger)
        allowing = {"code": begun["user_code"], "decision": "allow"}
        there = await stranger.get("/device", params={"code": begun["user_code"]})
        assert (there.status_code, there.headers["location"][:14]) == (303, "/sign-in?next=")
        assert (await stranger.post("/device", data=allowing)).status_code == 401
        crossing = await ada.post("/device", data=allowing, headers={"Origin": "https://evil.example"})
        assert crossing.status_code == 403
        assert (await ada.post("/device", data={"code": begun["user_code"], "decision": "perhaps"})).status_code == 400
        assert (await ada.post("/device", data=allowing)).status_code == 303
        assert (await bob.post("/device", data=allowing)).status_code == 404


ODD = [
    (BEGIN, {}),
    (BEGIN, {"client_id": ""}),
    (BEGIN, {"client_id": "\x00"}),
    (BEGIN, {"client_id": "x", "scope": "everything"}),
    (BEGIN, {"client_id": "x" * 101}),
    (ASK, {}),
    (ASK, {"grant_type": "password", "device_code": "x"}),
    (ASK, {"grant_type": GRANT, "device_code": "\x00"}),
    (ASK, {"grant_type": GRANT, "device_code": "x" * 300}),
    ("/api/v1/auth/revoke", {}),
]


@pytest.mark.parametrize(("path", "body"), ODD)
async def test_what_is_asked_wrongly_is_refused(world, path: str, body: dict) -> None:
    async with world.browser() as program:
        for form in ({"data": body}, {"json": body}):
            assert (await program.post(path, **form)).status_code == 400


NOW = datetime(2026, 11, 25, tzinfo=UTC)


@given(
    left=some.integers(-5, 5),
    since=some.none() | some.integers(0, 10),
    denied=some.booleans(),
    granted=some.booleans(),
)
def test_a_token_is_only_for_who_was_granted_one_in_time(
    left: int, since: int | None, denied: bool, granted: bool
) -> None:
    asked = None if since is None else NOW - timedelta(seconds=since)
    told = answer(NOW, NOW + timedelta(seconds=left), asked, timedelta(seconds=5), denied=denied, granted=granted)
    if told is None:
        assert granted and not denied and left > 0
    assert (told is Waits.SLOW_DOWN) <= (since is not None and since < 5)


@given(some.text(alphabet=ALPHABET, min_size=8, max_size=8))
def test_a_code_is_read_as_it_is_shown(code: str) -> None:
    for form in (shown(code), shown(code).lower(), f" {code[:2]} {code[2:]} "):
        assert typed(form) == code


@given(some.text())
def test_no_text_breaks_the_reading_of_codes(anything: str) -> None:
    assert typed(anything) == "" or set(typed(anything)) <= set(ALPHABET)
