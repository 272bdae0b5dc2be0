"""Every page that people meet first, held against the rules of axe-core: light and dark, wide and as wide as a phone."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from erc.schemas.check import ChangedPart, Comparison, IgnoredPart, Likeness, Origin, Outcome, Verdict
from erc.schemas.diagnosis import Cause, Diagnosis, Edit
from erc.schemas.job import Job, JobStatus, Step, StepName, StepStatus
from erc.schemas.problem import Problem

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 360, "height": 740}
NOTEBOOK = json.dumps({"cells": [{"cell_type": "markdown", "source": "# Rain"}, {"cell_type": "code", "source": "1"}]})


@pytest.fixture
async def browser(serving) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield started
        await started.close()


async def pages_of(world) -> list[str]:
    """Keep one of everything, and return the addresses of its pages."""
    files = {"main.Rmd": b"```{r}\nplot(1)\n```\n", "main.ipynb": NOTEBOOK.encode()}
    compendium = await world.compendium(files=files, warnings=["There is no licence."])
    differs = await world.job(compendium, told(world))
    failed = await world.job(compendium, broken)
    running = await world.job(compendium)
    of_files = [f"/compendium/{compendium.id}/files/{path}" for path in files]
    jobs = [f"/job/{job.id}" for job in (differs, failed, running)]
    return ["/", f"/compendium/{compendium.id}", *jobs, *of_files]


def told(world):
    """Return what makes a job one whose check found something of every class."""
    changes = [ChangedPart(place="row 2 “Bonn”", published="4.2", reproduced="4.3"), ChangedPart(published="gone")]
    ignored = [IgnoredPart(rule="memory address", published="<0x1>", reproduced="<0x2>")]
    about = {"likeness": Likeness.DIFFERENT, "confidence": 0.9, "made_by": Origin(path="main.Rmd", line=1, label="a")}
    text = world.services.blobs.put(b"a text")
    table = {"kind": "table", "changes": changes, "changed": 40, "original": text, "reproduced": text}
    rows = [
        world.figure(Outcome.DIFFERENT).model_copy(update=about),
        Comparison(name="Table 1", outcome=Outcome.DIFFERENT, made_by=Origin(path="main.ipynb", cell=2), **table),
        Comparison(name="Text", kind="text", outcome=Outcome.EQUIVALENT, ignored=ignored, ignored_count=3),
        *(Comparison(name=f"Item {one}", kind="bytes", outcome=one, finding="It is so.") for one in Outcome),
        world.figure(Outcome.IDENTICAL, "Figure 2"),
        world.figure(Outcome.OTHER_RENDERING, "Figure 3"),
    ]
    report = world.report(rows, warnings=["A rule names nothing."], unclaimed=["log.txt"])

    def change(job: Job) -> Job:
        steps = {**job.steps, StepName.CHECK: Step(status=StepStatus.FAILURE, end=job.created)}
        values = {"report": report, "verdict": Verdict.DIFFERS, "reason": "Figure 1 differs.", "steps": steps}
        return job.model_copy(update=values | {"status": JobStatus.FAILURE, "ended": job.created})

    return change


def broken(job: Job) -> Job:
    """Make a job one that failed, with its diagnosis."""
    edit = Edit(path="requirements.txt", patch="--- /dev/null\n+++ b/requirements.txt\n+b\n", content="b\n")
    about = {"cause": Cause.MISSING_PACKAGE, "sentence": "A package is missing.", "advice": "Add it.", "edits": [edit]}
    diagnosis = Diagnosis(**about, evidence="No module named 'b'", evidence_line=3, path="main.py", line=12)
    problem = Problem(code="script_failed", title="The script ended", detail="Its last lines.", diagnosis=diagnosis)
    values = {"status": JobStatus.FAILURE, "verdict": Verdict.FAILED, "reason": problem.sentence(), "problem": problem}
    return job.model_copy(update=values | {"ended": job.created})


async def faults(page: Page, address: str) -> list[str]:
    """Return what axe finds on a page, and whether it must be scrolled sideways."""
    await page.goto(address)
    found = (await Axe().run(page, options=RULES)).response["violations"]
    said = [f"{address}: {one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
    if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        said.append(f"{address}: wider than the window")
    return said


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", PHONE)], ids=["light", "dark-phone"])
async def test_no_page_breaks_a_rule_of_accessibility(serving, browser: Browser, scheme: str, size) -> None:
    look = {"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce"}
    # Only here may a script of ours be put into the page: that is how the rules are tried.
    context = await browser.new_context(base_url=serving.url, bypass_csp=True, **look)
    await context.add_cookies([{"name": "erc_session", "value": await serving.cookie(), "url": serving.url}])
    page = await context.new_page()
    found = [fault for address in await pages_of(serving) for fault in await faults(page, address)]
    assert found == []


async def test_the_rules_find_what_breaks_them(serving, browser: Browser) -> None:
    page = await (await browser.new_context(base_url=serving.url, bypass_csp=True)).new_page()
    await page.goto("/")
    await page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    found = (await Axe().run(page, options=RULES)).response["violations"]
    assert [one["id"] for one in found] == ["button-name"]
