"""Views that are kept never show less than what was written before they were asked for."""

from __future__ import annotations

import asyncio
from typing import Any

from erc.gateway.transition import Advance


async def test_many_askers_share_questions_and_each_is_answered(gateway) -> None:
    known = [await gateway.compendium() for _ in range(3)]
    asked = [compendium.id for compendium in known] * 20 + ["0" * 26, "nothing", "\0"]
    answers = await asyncio.gather(*(gateway.services.versions.of(identifier) for identifier in asked))
    assert answers == [1] * 60 + [None] * 3


async def test_a_view_follows_every_change_and_the_rights_of_who_asks(gateway) -> None:
    compendium = await gateway.compendium()
    path = f"/api/v1/compendium/{compendium.id}"

    def titled(title: str, **more: Any) -> Any:
        def change(before: Any) -> Any:
            changes = {"metadata": {"o2r": {"title": title}}, "version": before.version + 1, **more}
            return Advance(before.model_copy(update=changes))

        return change

    async with gateway.operator() as operator, gateway.client() as stranger:
        for number in range(5):
            await gateway.services.records.move_compendium(compendium.id, titled(f"title {number}"))
            seen = await asyncio.gather(*(operator.get(path) for _ in range(10)))
            assert {one.json()["metadata"]["o2r"]["title"] for one in seen} == {f"title {number}"}
            assert (await stranger.get(path)).status_code == 404
        await gateway.services.records.move_compendium(compendium.id, titled("public", candidate=False))
        assert (await stranger.get(path)).json()["metadata"]["o2r"]["title"] == "public"
        await gateway.services.records.remove_compendium(compendium.id)
        assert (await operator.get(path)).status_code == 410


async def test_whoever_comes_just_as_the_others_are_answered_is_answered_too(gateway) -> None:
    compendium = await gateway.compendium()
    versions = gateway.services.versions

    async def often() -> None:
        for _ in range(100):
            assert await versions.of(compendium.id) == compendium.version

    async with asyncio.timeout(60):
        await asyncio.gather(*(often() for _ in range(8)))
