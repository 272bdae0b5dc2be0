"""What guards every route: who may write from where, what every answer says, which hosts, how large a body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from erc.gateway.app import create_app
from erc.gateway.bodies import Bodies, BodyLimit
from erc.gateway.content import content_app
from erc.gateway.errors import Refused, problem_response
from erc.schemas.workspace import Entry, Manifest

ORIGIN = "http://127.0.0.1"
FOREIGN: list[dict[str, str]] = [
    {},
    {"Origin": "null"},
    {"Origin": "http://sub.127.0.0.1"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://127.0.0.1:81"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
    {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
]
SAID = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cache-control",
}


def routes(app: Any) -> list[tuple[str, str]]:
    """Return method and a path of every route."""
    found = []
    for route in app.routes:
        if isinstance(route, Route):
            path = route.path
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", "1").replace(f"{{{name}:str}}", "x").replace(f"{{{name}:path}}", "x")
                path = path.replace(f"{{{name}:int}}", "1")
            found += [(method, path) for method in sorted(route.methods or ())]
    return found


@pytest.fixture
def app(gateway) -> Any:
    return create_app(gateway.services)


@pytest.fixture
async def signed_in(gateway, app) -> AsyncIterator[httpx2.AsyncClient]:
    cookie = await gateway.services.sessions.create("operator")
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Cookie": f"erc_session={cookie}"}
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client


async def test_no_route_takes_a_write_from_elsewhere_with_a_cookie(app, signed_in) -> None:
    writes = [(method, path) for method, path in routes(app) if method not in {"GET", "HEAD", "OPTIONS"}]
    assert len(writes) >= 20
    for (method, path), headers in product(writes, FOREIGN):
        answer = await signed_in.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin"), (method, path, headers)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": ORIGIN}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}],
)
async def test_our_own_pages_may_write(signed_in, headers) -> None:
    answer = await signed_in.post("/api/v1/job", json={}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "compendium_id required")


async def test_a_token_may_write_without_an_origin(gateway) -> None:
    async with gateway.operator() as operator:
        assert (await operator.post("/api/v1/job", json={})).status_code == 400
        operator.cookies.set("erc_session", "whatever")
        assert (await operator.post("/api/v1/job", json={})).status_code == 400
        assert (await operator.post("/api/v1/job", json={}, headers={"Origin": "https://evil"})).status_code == 403


async def test_every_answer_of_every_route_says_what_a_browser_must_not_do(app, signed_in) -> None:
    asked = [("GET", "/nothing"), ("POST", "/api/v1/search/x"), ("GET", "/static/erc.css"), ("GET", "/%00")]
    for method, path in [*routes(app), *asked]:
        if path.endswith("/events"):
            continue
        answer = await signed_in.request(method, path)
        assert set(answer.headers) >= SAID, (method, path, SAID - set(answer.headers))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
        assert answer.status_code < 500 or answer.status_code in {501, 503}, (method, path)


async def test_a_bug_is_answered_with_the_same_headers(gateway, monkeypatch) -> None:
    async def broken(_identifier: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(gateway.services.records, "compendium", broken)
    transport = httpx2.ASGITransport(create_app(gateway.services), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        answer = await client.get(f"/api/v1/compendium/{'0' * 26}")
    assert answer.status_code == 500
    assert set(answer.headers) >= SAID


async def test_only_known_hosts_are_answered(gateway) -> None:
    async with gateway.client() as anybody:
        stranger = await anybody.get("/api/v1", headers={"Host": "evil.example"})
        assert stranger.status_code == 400
        assert set(stranger.headers) >= SAID
        assert (await anybody.get("/api/v1", headers={"Host": "localhost:8080"})).status_code == 200
    gateway.services.settings = replace(gateway.services.settings, hosts=("erc.example",))
    async with gateway.client() as anybody:
        assert (await anybody.get("/api/v1", headers={"Host": "erc.example"})).status_code == 200


async def test_the_content_origin_knows_nobody_and_sandboxes_all(gateway) -> None:
    digest = gateway.services.blobs.put(b"<script>1</script>")
    manifest = Manifest(
        [Entry(path="a.html", digest=digest, size_bytes=18), Entry(path="b.xml", digest=digest, size_bytes=18)]
    )
    compendium = await gateway.compendium(manifest=gateway.services.blobs.put(manifest.document()))
    transport = httpx2.ASGITransport(content_app(gateway.services), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:81") as client:
        page = await client.get(gateway.services.signer.address("compendium", compendium.id, "a.html"))
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        xml = await client.get(gateway.services.signer.address("compendium", compendium.id, "b.xml"))
        assert xml.headers["content-type"] == "application/octet-stream"
        assert xml.headers["content-disposition"].startswith("attachment")
        unsigned = await client.get(f"/c/{'0' * 40}/9999999999/compendium/{compendium.id}/a.html")
        late = await client.get(f"/c/{'0' * 40}/{'9' * 5000}/compendium/{compendium.id}/a.html")
        odd = await client.get(f"/c/{'é' * 40}/1/compendium/{compendium.id}/a.html")
        written = await client.post("/c/x")
        stranger = await client.get("/c/x", headers={"Host": "evil.example"})
    assert [one.status_code for one in (unsigned, late, odd, written, stranger)] == [404, 404, 404, 404, 400]
    for answer in (page, xml, unsigned, late, odd, written, stranger):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts;")
        assert "allow-same-origin" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert not {"set-cookie", "access-control-allow-origin"} & set(answer.headers)


async def test_a_large_body_is_refused_announced_or_not(gateway) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(1 << 16)

    async with gateway.operator() as operator:
        announced = await operator.post("/api/v1/job", content=bytes((1 << 20) + 1))
        coming = await operator.post("/api/v1/job", content=pieces())
        lying = await operator.post("/api/v1/job", content=b"{}", headers={"Content-Length": "9" * 5000})
    assert [one.status_code for one in (announced, coming, lying)] == [413, 413, 413]


async def test_a_slow_body_is_refused() -> None:
    heard: list[int] = []

    async def route(scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
        except Refused as refused:
            heard.append(refused.status)
            await problem_response(refused.status, refused.problem)(scope, receive, send)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(_message: dict[str, Any]) -> None:
        return

    guarded = Bodies(route, {"POST /slow": BodyLimit(1000, 0.1)})
    scope = {"type": "http", "method": "POST", "path": "/slow", "headers": []}
    await guarded(scope, receive, send)
    assert heard == [408]
