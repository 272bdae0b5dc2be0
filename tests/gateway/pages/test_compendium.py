"""The page of a compendium."""

from __future__ import annotations

import pytest

from erc.schemas.compendium import CompendiumStatus
from erc.schemas.problem import Problem

ABOUT = {
    "title": "Rain by month",
    "creators": [{"name": "Ada Beispiel", "affiliation": "Institute", "orcid": "0000-0002-1825-0097"}],
    "description": "First\nline.\n\nSecond paragraph.",
    "license": {"code": "Apache-2.0", "text": "CC-BY-4.0"},
    "keywords": ["rain", "weather"],
    "identifier": {"doi": "10.5555/12345678"},
    "depends": [{"identifier": "ggplot2", "version": "", "packageSystem": "CRAN", "source": "main.R:1"}],
    "mainfile": "main.R",
    "displayfile": "display.png",
}


@pytest.mark.parametrize("revision", [1, 2])
async def test_warnings_are_of_the_files_and_not_of_what_people_wrote_since(operator, world, revision: int) -> None:
    compendium = await world.compendium(warnings=["No title was found."], revision=revision)
    page = (await operator.get(f"/compendium/{compendium.id}")).text
    assert "No title was found." in page
    assert ("The metadata were changed since" in page) == (revision == 2)


async def test_it_shows_what_the_compendium_says_about_itself(operator, world) -> None:
    compendium = await world.compendium(metadata={"o2r": ABOUT}, warnings=["No licence for the data."])
    page = await operator.get(f"/compendium/{compendium.id}")
    assert page.status_code == 200
    for text in (
        "<h1>Rain by month</h1>",
        "Ada Beispiel",
        'href="https://orcid.org/0000-0002-1825-0097"',
        '<p class="prose">First line.</p>',
        "Text: CC-BY-4.0; Code: Apache-2.0",
        'href="https://doi.org/10.5555/12345678"',
        "ggplot2",
        "No licence for the data.",
    ):
        assert text in page.text


async def test_files_are_listed_with_sizes_and_addresses(operator, world) -> None:
    compendium = await world.compendium(files={"data/a b#1.csv": b"x" * 2048})
    page = await operator.get(f"/compendium/{compendium.id}")
    assert f'href="/compendium/{compendium.id}/files/data/a%20b%231.csv"' in page.text
    assert "1 file, 2 KiB" in page.text
    file = await operator.get(f"/api/v1/compendium/{compendium.id}/data/data/a%20b%231.csv")
    assert file.content == b"x" * 2048


async def test_many_files_are_not_all_on_the_page(operator, world) -> None:
    compendium = await world.compendium(files={f"{number}.txt": b"x" for number in range(230)})
    page = await operator.get(f"/compendium/{compendium.id}")
    assert "230 files" in page.text
    assert "30 further files" in page.text


async def test_a_rejected_one_says_what_to_mend_and_cannot_be_run(operator, world) -> None:
    problem = Problem(code="x", title="The workspace has no main file", detail="Add an R script.")
    compendium = await world.compendium(status=CompendiumStatus.REJECTED, problem=problem)
    page = await operator.get(f"/compendium/{compendium.id}")
    assert "The workspace has no main file" in page.text
    assert "Add an R script." in page.text
    assert f"/compendium/{compendium.id}/run" not in page.text


async def test_running_it_leads_to_the_page_of_the_job(operator, world) -> None:
    compendium = await world.compendium()
    answer = await operator.post(f"/compendium/{compendium.id}/run")
    assert answer.status_code == 303
    page = await operator.get(answer.headers["location"])
    assert "Running" in page.text
    listed = await operator.get(f"/compendium/{compendium.id}")
    assert answer.headers["location"] in listed.text


async def test_running_what_is_not_ready_is_refused_with_the_reason(operator, world) -> None:
    compendium = await world.compendium(status=CompendiumStatus.LOADING)
    answer = await operator.post(f"/compendium/{compendium.id}/run")
    assert answer.status_code == 409
    assert "The compendium is not ready yet" in answer.text
    assert "Wait until it is loaded." in answer.text


async def test_deleting_a_candidate_leads_to_the_list(operator, world) -> None:
    compendium = await world.compendium()
    answer = await operator.post(f"/compendium/{compendium.id}/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await operator.get(f"/compendium/{compendium.id}")).status_code == 404


async def test_what_is_published_can_be_read_but_not_changed_by_a_stranger(reader, world) -> None:
    compendium = await world.compendium(candidate=False)
    page = await reader.get(f"/compendium/{compendium.id}")
    assert page.status_code == 200
    assert '<form action="/compendium' not in page.text
    assert (await reader.post(f"/compendium/{compendium.id}/run")).status_code == 401
    assert (await reader.post(f"/compendium/{compendium.id}/delete")).status_code == 401


async def test_a_candidate_of_somebody_else_is_not_there(reader, world) -> None:
    compendium = await world.compendium()
    for answer in (
        await reader.get(f"/compendium/{compendium.id}"),
        await reader.post(f"/compendium/{compendium.id}/run"),
        await reader.post(f"/compendium/{compendium.id}/ship"),
    ):
        assert answer.status_code == 404
        assert "Rain by month" not in answer.text


async def test_packing_it_leads_to_the_shipment_and_its_download(operator, world) -> None:
    compendium = await world.compendium()
    answer = await operator.post(f"/compendium/{compendium.id}/ship")
    assert answer.status_code == 303
    page = await operator.get(answer.headers["location"])
    assert "Being packed" in page.text


async def test_a_packed_shipment_can_be_downloaded(operator, reader, world) -> None:
    compendium = await world.compendium()
    package = world.services.blobs.put(b"PK" + b"x" * 1022)
    shipment = await world.shipment(compendium, status="shipped", package=package)
    page = await operator.get(f"/shipment/{shipment.id}")
    assert f'href="/api/v1/shipment/{shipment.id}/dl"' in page.text
    assert "1 KiB" in page.text
    assert (await reader.get(f"/shipment/{shipment.id}")).status_code == 404


async def test_a_shipment_that_failed_says_why(operator, world) -> None:
    compendium = await world.compendium()
    problem = Problem(code="x", title="A blob is missing", detail="Upload it again.")
    shipment = await world.shipment(compendium, status="error", problem=problem)
    page = await operator.get(f"/shipment/{shipment.id}")
    assert "A blob is missing. Upload it again." in page.text
