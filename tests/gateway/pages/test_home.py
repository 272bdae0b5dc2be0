"""The first page and uploads."""

from __future__ import annotations

import re

import pytest

from erc.schemas.check import Verdict
from erc.schemas.compendium import CompendiumStatus
from erc.schemas.problem import Problem


async def test_a_stranger_is_told_what_this_is_and_sees_no_upload(reader, world) -> None:
    page = await reader.get("/")
    assert page.status_code == 200
    assert "compares what comes out with what the author published" in page.text
    assert "erc open" in page.text
    assert 'id="upload"' not in page.text


async def test_an_empty_service_says_what_to_do(operator, world) -> None:
    page = await operator.get("/")
    assert "erc run DIR" in page.text
    assert "There is no compendium yet" in page.text


async def test_the_limits_stand_beside_the_upload(operator, world) -> None:
    page = await operator.get("/")
    assert "at most 5 GiB; unpacked at most 20 GiB in 200,000 files, none over 10 GiB" in page.text


async def test_a_compendium_is_listed_with_its_newest_verdict(operator, world, as_failed) -> None:
    compendium = await world.compendium()
    await world.job(compendium, as_failed("It broke."))
    newest = await world.job(compendium, lambda job: job.model_copy(update={"verdict": Verdict.REPRODUCED}))
    page = await operator.get("/")
    row = re.search(rf'href="/compendium/{compendium.id}".*?</tr>', page.text, re.DOTALL).group()
    assert "Rain by month" in row
    assert f'href="/job/{newest.id}"' in row
    assert "Reproduced" in row
    assert '<time datetime="2026-11-25T12:00:00+00:00">25 November 2026, 12:00 UTC</time>' in row


async def test_candidates_of_others_are_not_listed(reader, world) -> None:
    await world.compendium()
    await world.compendium(candidate=False, metadata={"o2r": {"title": "Published one"}})
    page = await reader.get("/")
    assert "Published one" in page.text
    assert "Rain by month" not in page.text


async def test_a_rejected_compendium_is_listed_with_its_problem(operator, world) -> None:
    problem = Problem(code="x", title="The archive is broken", detail="Pack it again.")
    await world.compendium(status=CompendiumStatus.REJECTED, problem=problem, metadata={})
    page = await operator.get("/")
    assert "Rejected" in page.text
    assert "The archive is broken" in page.text


async def test_a_long_list_has_pages(operator, world) -> None:
    made = [await world.compendium() for _ in range(22)]
    first = await operator.get("/")
    assert made[0].id not in first.text
    second = await operator.get(re.search(r'href="(/\?start=\d+)" rel="next"', first.text).group(1))
    assert made[0].id in second.text
    assert 'rel="prev"' in second.text


async def test_an_upload_makes_a_candidate_and_leads_to_its_page(operator, world) -> None:
    answer = await operator.post("/upload", files={"compendium": ("a.zip", b"PK")}, data={"content_type": "workspace"})
    assert answer.status_code == 303
    page = await operator.get(answer.headers["location"])
    assert "Loading" in page.text
    assert "candidate" in page.text


async def test_an_upload_without_a_sign_in_is_refused_with_a_page(reader, world) -> None:
    answer = await reader.post("/upload", files={"compendium": ("a.zip", b"PK")})
    assert answer.status_code == 401
    assert "Please sign in" in answer.text
    assert "erc open" in answer.text


async def test_an_upload_without_a_file_is_refused_with_a_page(operator, world) -> None:
    answer = await operator.post("/upload", files={"other": ("a.zip", b"PK")})
    assert answer.status_code == 400
    assert "The form has no file" in answer.text


async def test_a_form_without_a_chosen_file_is_refused(operator, world) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="compendium"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    answer = await operator.post("/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
    assert "The file is empty" in answer.text


@pytest.mark.parametrize("path", ["/upload", "/compendium/x/run", "/job/x/cancel", "/compendium/x/delete"])
async def test_another_site_can_start_nothing(operator, world, path: str) -> None:
    answer = await operator.post(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
