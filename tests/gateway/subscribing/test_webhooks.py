"""Webhooks as their owners see them."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from support.people import signed_in

from erc.gateway.routes.webhook import MOST

ADDRESS = "https://journal.example.org/hooks/erc"


async def test_a_webhook_is_kept_and_its_secret_is_shown_once(gateway) -> None:
    async with gateway.operator() as operator:
        made = await operator.post("/api/v1/webhook", json={"address": ADDRESS, "types": ["job.ended.v1"]})
        kept = await operator.get(made.headers["location"])
        listed = await operator.get("/api/v1/webhook")
    assert made.status_code == 201
    assert len(base64.b64decode(made.json()["secret"].removeprefix("whsec_"))) == 32
    assert kept.json() == {key: value for key, value in made.json().items() if key != "secret"}
    assert listed.json() == {"results": [kept.json()]}
    assert kept.json()["state"] == "active"
    assert kept.json()["types"] == ["job.ended.v1"]


async def test_a_webhook_begins_with_what_comes_after_it_or_where_it_is_told(gateway) -> None:
    await gateway.compendium()
    last = await gateway.settled()
    async with gateway.operator() as operator:
        now = await operator.post("/api/v1/webhook", json={"address": ADDRESS})
        early = await operator.post("/api/v1/webhook", json={"address": ADDRESS, "after": "0"})
    assert (now.json()["position"], early.json()["position"]) == (str(last), "0")
    assert last > 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": 1},
        {"address": ["https://example.org"]},
        {"address": "http://example.org/"},
        {"address": "https://10.0.0.1/"},
        {"address": "https://user@example.org/"},
        {"address": ADDRESS, "types": "job.ended.v1"},
        {"address": ADDRESS, "types": ["*"]},
        {"address": ADDRESS, "types": [1]},
        {"address": ADDRESS, "compendium": "x"},
        {"address": ADDRESS, "after": "-1"},
    ],
)
async def test_what_cannot_be_used_is_refused_with_a_reason(gateway, body: dict[str, Any]) -> None:
    async with gateway.operator() as operator:
        answer = await operator.post("/api/v1/webhook", json=body)
    assert answer.status_code == 400
    assert answer.json()["title"]


async def test_a_compendium_that_is_not_there_cannot_be_followed(gateway) -> None:
    async with gateway.operator() as operator:
        answer = await operator.post("/api/v1/webhook", json={"address": ADDRESS, "compendium": "0" * 26})
    assert answer.status_code == 404


async def test_an_owner_has_so_many_and_no_more(gateway) -> None:
    async with gateway.operator() as operator:
        answers = await asyncio.gather(
            *(operator.post("/api/v1/webhook", json={"address": ADDRESS}) for _ in range(MOST + 3))
        )
        refused = [answer.json()["code"] for answer in answers if answer.status_code != 201]
        assert refused == ["too_many_webhooks"] * 3
        one = (await operator.get("/api/v1/webhook")).json()["results"][0]["id"]
        assert (await operator.delete(f"/api/v1/webhook/{one}")).status_code == 204
        assert (await operator.post("/api/v1/webhook", json={"address": ADDRESS})).status_code == 201


async def test_who_did_not_sign_in_has_no_webhooks_and_finds_none(gateway) -> None:
    async with gateway.operator() as operator:
        made = (await operator.post("/api/v1/webhook", json={"address": ADDRESS})).json()
    async with gateway.client() as stranger:
        assert (await stranger.post("/api/v1/webhook", json={"address": ADDRESS})).status_code == 401
        assert (await stranger.get("/api/v1/webhook")).status_code == 401
        one = f"/api/v1/webhook/{made['id']}"
        for method, path in (("GET", one), ("DELETE", one), ("POST", f"{one}/test"), ("GET", made["deliveries"])):
            assert (await stranger.request(method, path)).status_code == 404


async def test_another_owner_s_webhooks_are_not_listed(gateway) -> None:
    async with gateway.operator() as operator:
        await operator.post("/api/v1/webhook", json={"address": ADDRESS})
    cookie = await signed_in(gateway.services, "ada")
    async with gateway.client(Cookie=f"erc_session={cookie}", Origin="http://127.0.0.1") as ada:
        assert (await ada.get("/api/v1/webhook")).json() == {"results": []}
