"""Public links: who makes them, what they open, and that they end."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import text, update
from support.eventually import eventually

from erc.events import metrics
from erc.events.logs import JsonFormatter, Masker
from erc.gateway.app import create_app
from erc.gateway.routes.publication import make_public
from erc.gateway.streaming.streams import Pace
from erc.gateway.telemetry import Telemetry
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.check import CheckReport, Verdict
from erc.schemas.job import JobStatus

from .conftest import PEOPLE

API = "/api/v1"


async def linked(sharing, **changes) -> tuple[str, str]:
    """Return the ids of a candidate of Ada's and of its link."""
    compendium = await sharing.compendium(**changes)
    made = await sharing.asked("ada", "PUT", f"{API}/compendium/{compendium.id}/link")
    assert made.status_code == 200, made.text
    return compendium.id, made.json()["id"]


async def started(sharing, link: str) -> str:
    """Return the id of a job that somebody started by a link."""
    answer = await sharing.asked("", "POST", f"{API}/job", json={"compendium_id": link})
    assert answer.status_code == 200, answer.text
    return answer.json()["job_id"]


# ------------------------------------------------------------------------------------------ managing


@pytest.mark.parametrize("who", ["ada", "eve", "root"])
async def test_owner_and_editors_make_one_link_that_stays_the_same(sharing, who) -> None:
    compendium = await sharing.compendium()
    first = await sharing.asked(who, "PUT", f"{API}/compendium/{compendium.id}/link")
    assert first.status_code == 200
    made = first.json()
    assert re.fullmatch(r"[0-9A-Za-z]{32}", made["id"])
    assert (made["compendium_id"], made["compendium"], made["user"]) == (compendium.id, compendium.id, who)
    again = await sharing.asked("eve", "PUT", f"{API}/compendium/{compendium.id}/link")
    shown = await sharing.asked("ada", "GET", f"{API}/compendium/{compendium.id}/link")
    assert again.json() == shown.json() == made


async def test_two_at_once_get_the_same_link(sharing) -> None:
    compendium = await sharing.compendium()
    asked = [sharing.asked("ada", "PUT", f"{API}/compendium/{compendium.id}/link") for _ in range(8)]
    assert len({answer.json()["id"] for answer in await asyncio.gather(*asked)}) == 1


async def test_managing_is_refused_in_the_words_of_the_reference(sharing, error_of) -> None:
    candidate = await sharing.compendium()
    published = await sharing.compendium(candidate=False)
    low = await sharing.compendium("new")
    unknown = "0" * 26
    for who, method, identifier, expected in (
        ("ada", "PUT", unknown, (404, "no compendium with this id")),
        ("ada", "PUT", published.id, (400, "compendium is not a candidate")),
        ("ada", "GET", candidate.id, (404, "link not found")),
        ("ada", "DELETE", candidate.id, (400, "no link found")),
        ("", "PUT", published.id, (401, "user is not authenticated")),
        ("", "GET", published.id, (401, "user is not authenticated")),
        ("", "DELETE", published.id, (401, "user is not authenticated")),
        ("bob", "PUT", published.id, (403, "not allowed")),
        ("new", "PUT", low.id, (403, "not allowed")),
        ("bob", "PUT", candidate.id, (404, "no compendium with this id")),
        ("", "PUT", candidate.id, (404, "no compendium with this id")),
    ):
        answer = await sharing.asked(who, method, f"{API}/compendium/{identifier}/link")
        assert error_of(answer) == expected, (who, method)


async def test_links_are_listed_for_editors_and_ones_own_for_oneself(sharing, error_of) -> None:
    first, link = await linked(sharing)
    other = await sharing.compendium("bob")
    await sharing.asked("bob", "PUT", f"{API}/compendium/{other.id}/link")
    everything = (await sharing.asked("eve", "GET", f"{API}/link")).json()["results"]
    assert {row["compendium_id"] for row in everything} == {first, other.id}
    mine = (await sharing.asked("ada", "GET", f"{API}/link", params={"user": "ada"})).json()["results"]
    assert [(row["id"], row["compendium_id"], row["user"]) for row in mine] == [(link, first, "ada")]
    page = (await sharing.asked("eve", "GET", f"{API}/link", params={"start": 2, "limit": 1})).json()["results"]
    assert page == everything[1:2]
    assert error_of(await sharing.asked("", "GET", f"{API}/link")) == (401, "user is not authenticated")
    for who, query in (("ada", {}), ("ada", {"user": "bob"}), ("new", {"user": "new"})):
        assert error_of(await sharing.asked(who, "GET", f"{API}/link", params=query)) == (403, "not allowed")


@pytest.mark.parametrize("days", ["0", "-1", "3661", "soon", "1.5", "1" * 5000, "²"])
async def test_an_expiry_that_is_no_number_of_days_is_refused(sharing, days) -> None:
    compendium = await sharing.compendium()
    path = f"{API}/compendium/{compendium.id}/link"
    answer = await sharing.asked("ada", "PUT", path, params={"expires": days})
    assert answer.status_code == 400
    assert "days" in answer.json()["error"]
    assert (await sharing.asked("ada", "GET", path)).status_code == 404


async def test_a_link_may_end_after_some_days_and_a_new_one_takes_its_place(sharing) -> None:
    compendium, link = await linked(sharing)
    path = f"{API}/compendium/{compendium}/link"
    ending = (await sharing.asked("ada", "PUT", path, params={"expires": 3})).json()
    assert ending["id"] == link
    left = datetime.fromisoformat(ending["expires"]) - datetime.now(UTC)
    assert timedelta(days=2) < left <= timedelta(days=3)
    await expire(sharing, link)
    assert (await sharing.asked("", "GET", f"{API}/compendium/{link}")).status_code == 404
    assert (await sharing.asked("ada", "GET", path)).status_code == 404
    assert (await sharing.asked("ada", "DELETE", path)).status_code == 400
    new = (await sharing.asked("ada", "PUT", path)).json()
    assert new["id"] != link
    assert new["expires"] is None


async def expire(sharing, link: str) -> None:
    async with sharing.services.records.database.transaction() as transaction:
        over = update(tables.link).where(tables.link.c.id == link).values(expires=datetime.now(UTC) - timedelta(days=1))
        await transaction.connection.execute(over)


# ------------------------------------------------------------------------------------------ what it opens


@pytest.mark.parametrize("who", ["", "bob", "ada", "eve"])
async def test_a_link_opens_the_view_and_the_files_under_its_own_id_only(sharing, who) -> None:
    compendium, link = await linked(sharing)
    view = await sharing.asked(who, "GET", f"{API}/compendium/{link}")
    tree = await sharing.asked(who, "GET", f"{API}/compendium/{link}/data/")
    assert (view.status_code, tree.status_code) == (200, 200)
    assert view.json()["id"] == view.json()["files"]["name"] == tree.json()["name"] == link
    assert "candidate" not in view.json()
    assert tree.json()["path"] == f"{API}/compendium/{link}/data"
    assert compendium not in view.text + tree.text
    file = await sharing.asked(who, "GET", f"{API}/compendium/{link}/data/data/rain.csv")
    assert file.content == b"a\n1\n"


async def test_html_is_served_from_the_other_origin_as_long_as_the_link_is_good(sharing) -> None:
    compendium, link = await linked(sharing)
    answer = await sharing.asked("", "GET", f"{API}/compendium/{link}/data/display.html")
    address = answer.headers["location"]
    assert answer.status_code == 302
    assert compendium not in address
    assert (await sharing.content(address)).content == b"<p>4.2</p>\n"
    await sharing.asked("ada", "DELETE", f"{API}/compendium/{compendium}/link")
    assert (await sharing.content(address)).status_code == 404


async def test_a_link_opens_nothing_else(sharing) -> None:
    compendium, link = await linked(sharing)
    for method, path, body in (
        ("GET", f"/compendium/{link}/metadata", None),
        ("PUT", f"/compendium/{link}/link", None),
        ("DELETE", f"/compendium/{link}/link", None),
        ("GET", f"/compendium/{link}/link", None),
        ("DELETE", f"/compendium/{link}", None),
        ("POST", f"/compendium/{link}/publish", None),
        ("POST", "/shipment", {"compendium_id": link, "recipient": "download"}),
    ):
        for who in ("", "ada", "root"):
            answer = await sharing.asked(who, method, f"{API}{path}", json=body)
            assert answer.status_code == 404, (method, path, who)
    assert (await sharing.asked("ada", "GET", f"{API}/compendium/{compendium}")).json()["candidate"] is True


async def test_a_link_of_one_compendium_opens_no_other(sharing) -> None:
    other = await sharing.compendium()
    _, link = await linked(sharing)
    assert (await sharing.asked("", "GET", f"{API}/compendium/{other.id}")).status_code == 404
    job = await started(sharing, link)
    mine = await sharing.gateway.job(other)
    assert (await sharing.asked("", "GET", f"{API}/job/{mine.id}")).status_code == 404
    assert (await sharing.asked("", "GET", f"{API}/job/{job}")).status_code == 200


# ------------------------------------------------------------------------------------------ jobs


async def test_a_job_is_started_by_a_link_without_signing_in(sharing) -> None:
    compendium, link = await linked(sharing)
    job = await started(sharing, link)
    for who in ("", "bob"):
        view = (await sharing.asked(who, "GET", f"{API}/job/{job}")).json()
        assert (view["user"], view["compendium_id"], view["status"]) == (f"link.{link}", link, "running")
    kept = await sharing.services.records.job(job)
    assert (kept.link, kept.compendium_id) == (link, compendium)
    for who in ("ada", "eve"):
        assert (await sharing.asked(who, "GET", f"{API}/job/{job}")).json()["compendium_id"] == compendium


async def test_jobs_of_a_link_are_listed_only_by_the_link(sharing) -> None:
    compendium, link = await linked(sharing)
    ours = (await sharing.gateway.job(await sharing.services.records.compendium(compendium))).id
    theirs = await started(sharing, link)
    for who in ("ada", "eve"):
        for path, query in (
            (f"/compendium/{compendium}/jobs", {}),
            ("/job", {}),
            ("/job", {"compendium_id": compendium}),
        ):
            assert (await sharing.asked(who, "GET", f"{API}{path}", params=query)).json()["results"] == [ours]
    for who in ("", "ada"):
        of_link = await sharing.asked(who, "GET", f"{API}/compendium/{link}/jobs")
        filtered = await sharing.asked(who, "GET", f"{API}/job", params={"compendium_id": link})
        assert of_link.json()["results"] == filtered.json()["results"] == [theirs]
    rows = await sharing.asked("", "GET", f"{API}/job", params={"compendium_id": link, "fields": "status, user"})
    assert rows.json()["results"] == [{"id": theirs, "status": "running", "user": f"link.{link}"}]
    none = await sharing.asked("", "GET", f"{API}/job", params={"compendium_id": link, "status": "success"})
    assert none.json()["results"] == []


async def test_files_and_the_report_of_such_a_job_end_with_the_link(sharing) -> None:
    compendium, link = await linked(sharing)
    job = await started(sharing, link)
    blobs = sharing.services.blobs
    report = CheckReport(verdict=Verdict.DIFFERS, reason="x", display="display.html", html=blobs.put(b"<p>report"))
    outputs = sharing.kept({"made.csv": b"1\n", "display.html": b"<p>4.3"})
    digest = blobs.put(report.model_dump_json().encode())
    await ended(sharing, job, outputs=outputs, report=digest)
    view = (await sharing.asked("", "GET", f"{API}/job/{job}", params={"steps": "all"})).json()
    tree = await sharing.asked("", "GET", f"{API}/job/{job}/data/")
    file = await sharing.asked("", "GET", f"{API}/job/{job}/data/made.csv")
    page = await sharing.asked("", "GET", f"{API}/job/{job}/data/check.html")
    assert (tree.status_code, file.content, page.status_code) == (200, b"1\n", 302)
    addresses = [view["check"]["report"], page.headers["location"]]
    assert [(await sharing.content(address)).content for address in addresses] == [b"<p>report"] * 2
    await sharing.asked("ada", "DELETE", f"{API}/compendium/{compendium}/link")
    assert [(await sharing.content(address)).status_code for address in addresses] == [404, 404]
    for path in ("", "/data/", "/data/made.csv", "/log/image_execute", "/events"):
        assert (await sharing.asked("", "GET", f"{API}/job/{job}{path}")).status_code == 404, path
    assert (await sharing.asked("ada", "GET", f"{API}/job/{job}/data/made.csv")).status_code == 200


async def ended(sharing, job: str, **changes) -> None:
    def end(before):
        from_now = {"status": JobStatus.SUCCESS, "verdict": Verdict.REPRODUCED, "version": before.version + 1}
        return Advance(before.model_copy(update={**from_now, **changes}))

    await sharing.services.records.move_job(job, end)


async def test_a_link_holder_runs_a_job_again_but_does_not_cancel_it(sharing) -> None:
    _, link = await linked(sharing)
    job = await started(sharing, link)
    again = await sharing.asked("", "POST", f"{API}/job/{job}/rerun")
    assert again.status_code == 200
    view = (await sharing.asked("", "GET", f"{API}/job/{again.json()['job_id']}")).json()
    assert (view["user"], view["compendium_id"]) == (f"link.{link}", link)
    assert (await sharing.asked("", "POST", f"{API}/job/{job}/cancel")).status_code == 404
    assert (await sharing.asked("ada", "POST", f"{API}/job/{job}/cancel")).status_code == 200


async def test_a_repeated_start_with_a_key_starts_one_job_and_keys_of_two_links_are_two(sharing) -> None:
    _, one = await linked(sharing)
    _, other = await linked(sharing)
    about = {"headers": {"Idempotency-Key": "k"}}
    first = await sharing.asked("", "POST", f"{API}/job", json={"compendium_id": one}, **about)
    again = await sharing.asked("", "POST", f"{API}/job", json={"compendium_id": one}, **about)
    second = await sharing.asked("", "POST", f"{API}/job", json={"compendium_id": other}, **about)
    assert first.json() == again.json() != second.json()
    assert second.status_code == 200


async def test_the_events_of_such_a_job_name_the_link_and_end_with_it(sharing) -> None:
    compendium, link = await linked(sharing)
    sharing.services.streams.pace = Pace(heartbeat_seconds=0.2)
    job = await started(sharing, link)
    await sharing.gateway.settled()
    reading = asyncio.create_task(sharing.asked("", "GET", f"{API}/job/{job}/events"))
    await eventually(lambda: _open(sharing), lambda count: count == 1)
    await asyncio.sleep(0)
    assert not reading.done()
    await sharing.asked("ada", "DELETE", f"{API}/compendium/{compendium}/link")
    answer = await asyncio.wait_for(reading, 20)
    assert "event: job" in answer.text
    assert link in answer.text
    assert compendium not in answer.text


async def _open(sharing) -> int:
    return len(sharing.services.streams)


# ------------------------------------------------------------------------------------------ its end


@pytest.mark.parametrize("end", ["revoked", "expired", "published", "deleted"])
async def test_a_link_that_has_ended_opens_nothing(sharing, end) -> None:
    compendium, link = await linked(sharing)
    job = await started(sharing, link)
    if end == "revoked":
        answer = await sharing.asked("ada", "DELETE", f"{API}/compendium/{compendium}/link")
        assert (answer.status_code, answer.content) == (204, b"")
    elif end == "expired":
        await expire(sharing, link)
    elif end == "published":
        await make_public(sharing.services, PEOPLE["ada"], compendium)
    else:
        await sharing.asked("ada", "DELETE", f"{API}/compendium/{compendium}")
    for path in (f"/compendium/{link}", f"/compendium/{link}/data/", f"/compendium/{link}/jobs"):
        assert (await sharing.asked("", "GET", f"{API}{path}")).status_code == 404
    for path, query in (("/job", {"compendium_id": link}),):
        assert (await sharing.asked("", "GET", f"{API}{path}", params=query)).status_code == 404
    assert (await sharing.asked("", "POST", f"{API}/job", json={"compendium_id": link})).status_code == 404
    if end != "published":
        assert (await sharing.asked("", "GET", f"{API}/job/{job}")).status_code == 404
    rows = await sharing.services.records.database.rows(text("SELECT id FROM link"))
    assert bool(rows) is (end == "expired")


async def test_after_publication_the_job_is_public_under_the_compendiums_id_and_no_event_names_the_link(
    sharing,
) -> None:
    compendium, link = await linked(sharing)
    job = await started(sharing, link)
    published = await make_public(sharing.services, PEOPLE["ada"], compendium)
    view = (await sharing.asked("", "GET", f"{API}/job/{job}")).json()
    assert view["compendium_id"] == compendium
    assert link.encode() not in sharing.services.blobs.read(published.snapshot)
    events = await sharing.services.records.database.rows(text("SELECT body::text AS body FROM event"))
    assert events
    assert not any(link in row["body"] for row in events)


@pytest.fixture
def log_of_the_gateway() -> Iterator[io.StringIO]:
    """What the gateway's processes would write, in the shipped format and at the finest level."""
    written, gateway = io.StringIO(), logging.getLogger("erc")
    handler, level = logging.StreamHandler(written), gateway.level
    handler.setFormatter(JsonFormatter("gateway", Masker(set())))
    gateway.addHandler(handler)
    gateway.setLevel(logging.DEBUG)
    yield written
    gateway.removeHandler(handler)
    gateway.setLevel(level)


async def test_links_are_in_no_log_and_no_label(sharing, log_of_the_gateway) -> None:
    _, link = await linked(sharing)
    job = await started(sharing, link)
    served = httpx2.ASGITransport(Telemetry(create_app(sharing.services)))
    async with httpx2.AsyncClient(transport=served, base_url="http://127.0.0.1") as client:
        for path in (f"/compendium/{link}", f"/compendium/{link}/data/x", f"/compendium/{link}/nothing", f"/job/{job}"):
            await client.get(f"{API}{path}")
            await client.get(path)
        await client.post(f"{API}/job", json={"compendium_id": link})
    said = log_of_the_gateway.getvalue()
    assert job in said
    assert link not in said
    labels = [sample.labels for family in metrics.HTTP.collect() for sample in family.samples]
    assert link not in json.dumps(labels)


@pytest.mark.parametrize("odd", ["%00" * 26, "a" * 31, "A" * 32 + "%00", "%ED%A0%80" * 9, "z" * 5000])
async def test_an_odd_id_is_not_found(sharing, odd) -> None:
    for path in (f"/compendium/{odd}", f"/job/{odd}", f"/shipment/{odd}", f"/compendium/{odd}/link"):
        assert (await sharing.asked("root", "GET", f"{API}{path}")).status_code == 404
