"""Searching, and the pages of problems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from erc.events.errors import Rejected, Unavailable
from erc.gateway.pages import routes

HOSTILE = {
    "title": "<script>alert(1)</script>",
    "creators": [{"name": '"><img src=x onerror=alert(1)>', "orcid": "javascript:alert(1)"}],
    "description": "{{ 1337 * 1337 }}</p><script>",
    "identifier": {"doi": "javascript:alert(1)"},
    "license": {"code": "<b>"},
    "keywords": ["<i>", 7, None],
    "mainfile": "<u>.R",
    "displayfile": [],
    "depends": [{"identifier": "<s>"}, "x"],
}


async def test_words_find_a_compendium(operator, world) -> None:
    compendium = await world.compendium()
    await world.index(compendium)
    page = await operator.get("/search", params={"q": "rain"})
    assert "1 compendium for “rain”" in page.text
    assert f'href="/compendium/{compendium.id}"' in page.text


async def test_a_stranger_does_not_find_a_candidate(reader, world) -> None:
    await world.index(await world.compendium())
    page = await reader.get("/search", params={"q": "rain"})
    assert "Nothing was found" in page.text


async def test_no_words_are_an_invitation(reader, world) -> None:
    page = await reader.get("/search")
    assert page.status_code == 200
    assert "Type words of a title" in page.text


@pytest.mark.parametrize("words", ["<script>", "a' OR 1=1 --", "&|!:*", "x" * 400])
async def test_odd_words_are_only_words(reader, world, words: str) -> None:
    page = await reader.get("/search", params={"q": words})
    assert page.status_code == 200
    assert "<script>" not in page.text.partition("<main")[2]


async def test_words_that_no_text_has_are_refused(reader, world) -> None:
    page = await reader.get("/search", params={"q": "\x00"})
    assert page.status_code == 400


async def test_an_endless_query_is_refused_with_a_page(reader, world) -> None:
    page = await reader.get("/search", params={"q": "x" * 501})
    assert page.status_code == 400
    assert "The query is too long" in page.text


async def test_hostile_metadata_is_text(operator, world) -> None:
    compendium = await world.compendium(metadata={"o2r": HOSTILE}, files={"<img src=x>.csv": b""})
    await world.index(compendium)
    for address in ("/", f"/compendium/{compendium.id}", "/search?q=alert"):
        page = (await operator.get(address)).text.partition("<main")[2]
        assert "&lt;script&gt;alert(1)" in page
        for markup in ("<script", "<img src=x", "<b>", "<u>", "<s>", 'href="javascript', "1787569"):
            assert markup not in page, (address, markup)


@pytest.mark.parametrize("metadata", [{"o2r": []}, {"o2r": {"title": {"a": 1}, "creators": "x", "license": 3}}, {}])
async def test_odd_metadata_does_not_break_the_page(operator, world, metadata: dict[str, object]) -> None:
    compendium = await world.compendium(metadata=metadata)
    page = await operator.get(f"/compendium/{compendium.id}")
    assert page.status_code == 200
    assert "Untitled compendium" in page.text


async def test_what_is_not_there_is_a_page_for_people_and_a_document_for_programs(reader, world) -> None:
    page = await reader.get("/job/nothing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in page.text
    assert "erc open" in page.text
    program = await reader.get("/job/nothing", headers={"Accept": "application/json"})
    assert program.json()["error"] == "no job with this id"
    api = await reader.get("/api/v1/job/nothing")
    assert api.json()["error"] == "no job with this id"


async def test_a_used_link_is_explained(reader, world) -> None:
    link = world.services.new_link()
    assert (await reader.get(link.removeprefix(world.url))).status_code == 303
    page = await reader.get(link.removeprefix(world.url))
    assert page.status_code == 403
    assert "This link has been used or is not known" in page.text
    assert "erc open" in page.text


async def test_somebody_who_signed_in_can_sign_out(operator, world) -> None:
    assert "Sign out" in (await operator.get("/")).text
    answer = await operator.post("/sign-out")
    assert answer.status_code == 303
    assert "Not signed in" in (await operator.get("/")).text


async def test_every_page_keeps_to_its_policy(operator, world) -> None:
    job = await world.job(await world.compendium())
    for address in ("/", f"/compendium/{job.compendium_id}", f"/job/{job.id}", "/search?q=x", "/job/none"):
        page = await operator.get(address)
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert " style=" not in page.text
        assert " onclick=" not in page.text
        assert "<style" not in page.text
        for part in ('<html lang="en-GB">', 'class="skip" href="#main"', '<main id="main"'):
            assert part in page.text


def failing(error: Exception) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        raise error

    return endpoint


@pytest.fixture
def broken(world) -> Starlette:
    """An application whose addresses fail, each in another way."""
    errors = {
        "unavailable": Unavailable("PostgreSQL does not answer"),
        "rejected": Rejected("A file is too large", "Make it smaller."),
        "bug": RuntimeError("secret detail"),
        "teapot": HTTPException(418, "I am a teapot"),
    }
    app = Starlette(
        routes=[Route(f"/{name}", failing(error)) for name, error in errors.items()],
        exception_handlers={
            Rejected: routes.on_rejected,
            Unavailable: routes.on_unavailable,
            HTTPException: routes.on_http_error,
            Exception: routes.on_bug,
        },
    )
    app.state.services = world.services
    return app


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/unavailable", 503, "The service is not available"),
        ("/rejected", 400, "Make it smaller."),
        ("/bug", 500, "Something went wrong here"),
        ("/teapot", 418, "I am a teapot"),
        ("/nowhere", 404, "There is nothing here"),
    ],
)
async def test_every_failure_has_a_page_and_a_document(broken: Starlette, path: str, status: int, said: str) -> None:
    transport = httpx2.ASGITransport(app=broken, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        page = await client.get(path, headers={"Accept": "text/html"})
        document = await client.get(path, headers={"Accept": "application/json"})
    assert (page.status_code, document.status_code) == (status, status)
    assert said in page.text
    assert "secret" not in page.text + document.text
    assert page.headers.get("retry-after") == document.headers.get("retry-after")
    assert document.headers["content-type"] == "application/problem+json"
