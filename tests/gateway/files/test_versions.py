"""Views that are kept never show less than what was written before they were asked for."""

from __future__ import annotations

import asyncio
from typing import Any

from erc.gateway.store.versions import Versions
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


class Answering:
    """A database that answers at once; somebody else asks just before each of its first answers is told."""

    def __init__(self) -> None:
        self.versions = Versions(self)  # type: ignore[arg-type]
        self.late: list[asyncio.Task[int | None]] = []

    async def plain(self, _query: str, ids: list[str]) -> list[dict[str, Any]]:
        if len(self.late) < 5:
            self.late.append(asyncio.create_task(self.versions.of(f"{len(self.late)}" * 26)))
        return [{"id": identifier, "version": 7} for identifier in ids]


async def test_whoever_comes_just_as_the_others_are_answered_is_answered_too() -> None:
    database = Answering()
    async with asyncio.timeout(5):
        assert await database.versions.of("a" * 26) == 7
        assert set(await asyncio.gather(*database.late)) == {7}
