"""Sharing on pages: the reviewer link, what it opens, substituted data, the files of a shipment."""

from __future__ import annotations

import re

import pytest

from erc.events.blobs import read_manifest
from erc.schemas.shipment import PackRecord, ShipmentStatus
from erc.workers.shipper.archive import write_zip
from erc.workers.shipper.domain import bag_files

FILES = {"main.R": b"plot(1)\n", "data/a.csv": b"a\n1\n", "erc.yml": b"id: x\nspec_version: '1'\n"}


def address_in(page: str) -> str:
    found = re.search(r'value="http://[^"/]+(/compendium/[0-9A-Za-z]{32})"', page)
    assert found, page
    return found[1]


async def test_a_link_is_made_moved_and_revoked_on_the_page(operator, reader, world) -> None:
    compendium = await world.compendium()
    page = f"/compendium/{compendium.id}"
    assert "Make a link" in (await operator.get(page)).text
    made = await operator.post(f"{page}/link", data={"days": ""})
    assert made.status_code == 303
    address = address_in((await operator.get(page)).text)
    assert (await reader.get(address)).status_code == 200
    await operator.post(f"{page}/link", data={"days": "7"})
    after = (await operator.get(page)).text
    assert address_in(after) == address
    assert "It ends" in after
    assert (await operator.post(f"{page}/link/revoke")).status_code == 303
    assert "Make a link" in (await operator.get(page)).text
    assert (await reader.get(address)).status_code == 404
    assert (await operator.post(f"{page}/link", data={"days": "never"})).status_code == 400


async def test_the_page_of_a_link_says_what_it_is_and_names_the_link_only(operator, reader, world) -> None:
    compendium = await world.compendium(files={**FILES, "data/b.csv": b"b\n"})
    await operator.post(f"/compendium/{compendium.id}/link")
    address = address_in((await operator.get(f"/compendium/{compendium.id}")).text)
    page = await reader.get(address)
    assert "You came by a reviewer link" in page.text
    assert "Rain by month" in page.text
    assert compendium.id not in page.text
    assert 'name="robots" content="noindex"' in page.text
    assert f'href="{address}/files/data/b.csv"' in page.text
    file = (await reader.get(f"{address}/files/data/b.csv")).text
    assert '<th scope="col">b</th>' in file
    assert compendium.id not in file
    begun = await reader.post(f"{address}/run")
    assert begun.status_code == 303
    job = await reader.get(begun.headers["location"])
    assert job.status_code == 200
    assert f'href="{address}"' in job.text
    assert compendium.id not in job.text
    assert begun.headers["location"] in (await reader.get(address)).text


@pytest.mark.parametrize("path", ["", "/link", "/link/revoke"])
async def test_nobody_else_sees_or_makes_a_link(reader, world, path) -> None:
    compendium = await world.compendium()
    asked = reader.post if path else reader.get
    assert (await asked(f"/compendium/{compendium.id}{path}")).status_code == 404
    published = await world.compendium(candidate=False)
    assert "Reviewer link" not in (await reader.get(f"/compendium/{published.id}")).text


async def test_data_are_substituted_by_a_form(operator, world) -> None:
    base = await world.compendium(files=FILES)
    overlay = await world.compendium(files={"new.csv": b"a\n2\n", "b <i>.csv": b""})
    page = f"/compendium/{base.id}/substitute"
    assert f'href="{page}"' in (await operator.get(f"/compendium/{base.id}")).text
    first = await operator.get(page)
    assert "Whose data?" in first.text
    assert "Which files?" not in first.text
    second = await operator.get(page, params={"overlay": f"http://127.0.0.1/compendium/{overlay.id}"})
    assert '<option value="new.csv">' in second.text
    assert "b &lt;i&gt;.csv" in second.text
    assert '<option value="erc.yml">' not in second.text
    form = {"overlay": overlay.id, "base0": "data/a.csv", "overlay0": "new.csv", "base1": "", "overlay1": ""}
    made = await operator.post(page, data=form)
    assert made.status_code == 303
    shown = (await operator.get(made.headers["location"])).text
    assert "Made by substitution" in shown
    assert f'href="/compendium/{overlay.id}"' in shown


async def test_a_form_that_cannot_be_done_says_why(operator, world) -> None:
    base, overlay = await world.compendium(files=FILES), await world.compendium()
    page = f"/compendium/{base.id}/substitute"
    assert (await operator.get(page, params={"overlay": "0" * 26})).status_code == 404
    for form, text in (
        ({"overlay": overlay.id}, "substitution files missing"),
        ({"overlay": overlay.id, "base0": "data/a.csv"}, "overlay file is undefined"),
        ({"overlay": "x", "base0": "data/a.csv", "overlay0": "main.R"}, "overlay ID is invalid"),
    ):
        answer = await operator.post(page, data=form)
        assert answer.status_code == 400
        assert text in answer.text


async def test_the_page_of_a_shipment_lists_files_and_publishes(operator, reader, world) -> None:
    compendium = await world.compendium(files={**FILES, "data/<b>.csv": b"b\n"})
    blobs = world.services.blobs
    record = PackRecord(compendium_id=compendium.id, manifest=compendium.manifest, documents={})
    files = bag_files(record, read_manifest(blobs, compendium.manifest), lambda _digest: 0, "2026-11-25")
    package = write_zip(blobs, compendium.id, files, lambda: False)
    shipment = await world.shipment(compendium, status=ShipmentStatus.SHIPPED, package=package)
    page = f"/shipment/{shipment.id}"
    shown = (await operator.get(page)).text
    assert "data/data/&lt;b&gt;.csv" in shown
    assert "Mark as published" in shown
    assert (await reader.post(f"{page}/publish")).status_code == 404
    assert (await operator.post(f"{page}/publish")).status_code == 303
    after = (await operator.get(page)).text
    assert "Published" in after
    assert "Mark as published" not in after
    assert f"/api/v1/shipment/{shipment.id}/dl" in after
