"""A purged run: the name is free, and what only it held is gone."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from erc.schemas.run import RunStatus

from .test_runs import generations


async def compendia(gateway) -> set[str]:
    return {row["id"] for row in await gateway.services.records.database.rows(text("SELECT id FROM compendium"))}


async def test_a_purged_run_ends_and_takes_its_compendia_with_it(gateway, ada) -> None:
    before, after = await ada.compendium(), await ada.compendium(b"more")
    await ada.run(before)
    job_id = (await ada.run(after, update=True)).json()["job_id"]

    said = await ada.purge()

    assert said.json() == {"name": "paper", "version": "latest", "deleted": [before.id, after.id], "kept": []}
    assert (await ada.view()).status_code == 404
    assert await compendia(gateway) == set()
    assert await generations(gateway) == []
    assert (await gateway.services.records.job(job_id)).terminal
    assert (await ada.purge()).status_code == 404
    assert (await ada.run(await ada.compendium())).json()["generation"] == 1


async def test_what_another_name_or_job_holds_is_kept(gateway, ada) -> None:
    shared, rerun, only = [await ada.compendium(bytes([number])) for number in range(3)]
    await ada.run(shared)
    await ada.run(shared, "other")
    await ada.run(rerun, update=True)
    await ada.client.post("/api/v1/job", json={"compendium_id": rerun.id})
    await ada.run(only, update=True)

    said = (await ada.purge()).json()

    assert (said["deleted"], said["kept"]) == ([only.id], [shared.id, rerun.id])
    assert await compendia(gateway) == {shared.id, rerun.id}
    assert (await ada.view("other")).json()["status"] == RunStatus.PENDING


@pytest.mark.parametrize(
    "holder",
    [
        "INSERT INTO link (id, compendium_id, owner) VALUES ('l', :id, 'ada')",
        "UPDATE compendium SET candidate = false WHERE id = :id",
        "INSERT INTO shipment SELECT 's', id, owner, 'shipped', 1, '{}', now() FROM compendium WHERE id = :id",
    ],
)
async def test_what_is_public_linked_or_shipped_is_kept(gateway, ada, holder) -> None:
    compendium = await ada.compendium()
    await ada.run(compendium)
    async with gateway.services.records.database.transaction() as transaction:
        await transaction.connection.execute(text(holder), {"id": compendium.id})

    assert (await ada.purge()).json()["kept"] == [compendium.id]
    assert await compendia(gateway) == {compendium.id}
    assert (await ada.view()).status_code == 404


async def test_nobody_purges_the_run_of_another(gateway, ada, person) -> None:
    await ada.run(await ada.compendium())
    bob = await person("bob")
    assert (await bob.purge()).status_code == 404
    assert (await bob.purge(user="ada")).status_code == 404
    assert await generations(gateway) == [1]


async def test_only_the_version_that_is_named_goes(gateway, ada) -> None:
    compendium = await ada.compendium()
    await ada.run(compendium)
    await ada.run(compendium, version="v2")
    assert (await ada.purge(version="v2")).json()["kept"] == [compendium.id]
    assert (await ada.view()).status_code == 200
    assert (await ada.view(version="v2")).status_code == 404
