"""Asking what environment a workspace would need, and looking at the plan of a job."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select
from support.plan_answers import answer_plans
from support.planning import plan_of

from erc.events.asking import PLAN
from erc.events.blobs import put_document
from erc.events.errors import Rejected, Unavailable
from erc.gateway.pages.environment import SHOWN
from erc.gateway.planning import MOST_TEXTS
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.environment import Deviation, Plan, PlannedPackage
from erc.schemas.metadata import Kind

FILES = {"main.py": "import numpy\n", "requirements.txt": "numpy==2.2.4\n"}


def asked(files: dict[str, str], *, display: int = 20_480) -> dict[str, Any]:
    """Return the question about these files and a picture of so many bytes."""
    named = [{"path": path, "size_bytes": len(text), "text": text} for path, text in files.items()]
    return {"files": [*named, {"path": "display.png", "size_bytes": display}]}


async def test_a_plan_is_the_one_that_a_job_would_get(gateway) -> None:
    await answer_plans(gateway.services.asking, gateway.services.settings.home)
    async with gateway.operator() as client:
        answer = await client.post("/api/v1/plan", json=asked(FILES))

    assert answer.status_code == 200
    same = plan_of({**{path: text.encode() for path, text in FILES.items()}, "display.png": b"x"})
    assert answer.json() == same.model_dump(mode="json")


async def test_planning_makes_no_compendium_and_no_job(gateway) -> None:
    await answer_plans(gateway.services.asking, gateway.services.settings.home)
    async with gateway.operator() as client:
        await client.post("/api/v1/plan", json=asked(FILES))

    for table in (tables.compendium, tables.job, tables.event):
        rows = await gateway.services.records.database.rows(select(func.count().label("count")).select_from(table))
        assert rows[0]["count"] == 0


async def test_thousands_of_texts_are_refused(gateway) -> None:
    async with gateway.operator() as client:
        answer = await client.post(
            "/api/v1/plan", json=asked({f"{number}.py": "x" for number in range(MOST_TEXTS + 1)})
        )

    assert answer.status_code == 400
    assert str(MOST_TEXTS) in answer.json()["detail"]


async def test_a_bad_file_is_a_problem_with_the_line(gateway) -> None:
    await answer_plans(gateway.services.asking, gateway.services.settings.home)
    async with gateway.operator() as client:
        answer = await client.post("/api/v1/plan", json=asked({**FILES, "apt.txt": "gdal-bin\n-y\n"}))

    assert answer.status_code == 400
    assert answer.json()["code"] == "apt_name_invalid"
    assert "apt.txt:2" in answer.json()["detail"]


async def test_without_a_builder_it_is_to_be_asked_later(gateway) -> None:
    async with gateway.operator() as client:
        answer = await client.post("/api/v1/plan", json=asked(FILES))

    assert answer.status_code == 503
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"files": []},
        {"files": [{"path": "../x", "size_bytes": 1}]},
        {"files": [{"path": "/etc/passwd", "size_bytes": 1}]},
        {"files": [{"path": "a\nb", "size_bytes": 1}]},
        {"files": [{"path": "a", "size_bytes": 1}, {"path": "a", "size_bytes": 1}]},
        {"files": [{"path": "a", "size_bytes": -1}]},
        {"files": [{"path": "a", "size_bytes": 1, "text": 5}]},
    ],
)
async def test_a_question_that_is_none_is_refused(gateway, body: dict[str, Any]) -> None:
    async with gateway.operator() as client:
        assert (await client.post("/api/v1/plan", json=body)).status_code == 400


async def test_nobody_plans_without_signing_in(gateway) -> None:
    async with gateway.client() as client:
        assert (await client.post("/api/v1/plan", json=asked(FILES))).status_code == 401


async def test_the_plan_of_a_job_is_there_when_it_is_made(gateway) -> None:
    compendium = await gateway.compendium()
    job = await gateway.job(compendium)
    async with gateway.operator() as client:
        before = await client.get(f"/api/v1/job/{job.id}/plan")
        plan = plan_of({**{path: text.encode() for path, text in FILES.items()}, "display.png": b"x"})
        kept = put_document(gateway.services.blobs, plan)
        await gateway.services.records.move_job(
            job.id, lambda one: Advance(one.model_copy(update={"plan": kept, "version": one.version + 1}))
        )
        after = await client.get(f"/api/v1/job/{job.id}/plan")
        page = await client.get(f"/job/{job.id}", headers={"Accept": "text/html"})

    assert (before.status_code, before.json()["code"]) == (404, "plan_missing")
    assert after.json() == plan.model_dump(mode="json")
    assert "Debian bookworm with Python 3.11, 2 packages asked for." in page.text
    assert "<code>requirements.txt:1</code>" in page.text


async def test_somebody_else_does_not_see_the_plan_of_a_candidates_job(gateway) -> None:
    job = await gateway.job(await gateway.compendium(owner="ada"))
    async with gateway.client() as client:
        assert (await client.get(f"/api/v1/job/{job.id}/plan")).status_code == 404


async def test_a_slow_worker_is_given_up_and_a_refusal_comes_back(gateway) -> None:
    asking = gateway.services.asking

    async def answer(about: Any) -> str:
        if about["manifest"][0] == "a":
            raise Rejected("No", "Not this one.", "no")
        await asyncio.sleep(30)
        return "b" * 64

    await asking.answer(PLAN, answer, 2)
    with pytest.raises(Rejected, match="No"):
        await asking.ask(PLAN, {"manifest": "a" * 64}, 5)
    with pytest.raises(Unavailable):
        await asking.ask(PLAN, {"manifest": "c" * 64}, 0.2)
    with pytest.raises(Unavailable):
        await asking.ask(PLAN, {}, 5)


async def test_the_page_tells_deviations_and_hints_and_takes_nothing_for_markup(gateway) -> None:
    job = await gateway.job(await gateway.compendium())
    plan = Plan(
        kind=Kind.R_SCRIPT,
        command=["Rscript"],
        packages=[PlannedPackage(name=f"p{number}", system="apt", reason="<b>why</b>") for number in range(SHOWN + 2)],
        deviations=[Deviation(subject="R", wanted="4.1.3", got="4.1.2", reason="Near.", path="a<i>.txt", line=7)],
        notes=["<script>alert(1)</script>"],
    )
    kept = put_document(gateway.services.blobs, plan)
    await gateway.services.records.move_job(
        job.id, lambda one: Advance(one.model_copy(update={"plan": kept, "version": one.version + 1}))
    )
    async with gateway.operator() as client:
        page = (await client.get(f"/job/{job.id}", headers={"Accept": "text/html"})).text

    assert "<strong>R</strong>: wanted 4.1.3, got 4.1.2. Near. <code>a&lt;i&gt;.txt:7</code>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>why" not in page
    assert "2 more are in the plan as JSON." in page


async def test_a_plan_that_is_not_kept_any_more_leaves_the_page_whole(gateway) -> None:
    job = await gateway.job(await gateway.compendium())
    await gateway.services.records.move_job(
        job.id, lambda one: Advance(one.model_copy(update={"plan": "f" * 64, "version": one.version + 1}))
    )
    async with gateway.operator() as client:
        page = await client.get(f"/job/{job.id}", headers={"Accept": "text/html"})
        document = await client.get(f"/api/v1/job/{job.id}/plan")

    assert page.status_code == 200
    assert "environment-title" not in page.text
    assert document.status_code == 404
