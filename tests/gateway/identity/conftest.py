"""The gateway with two providers: one that gives ORCID iDs and one that does not, both a real process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
import uvicorn
from support.people import signed_in
from support.provider import CLIENT, SECRET, RunningProvider, openid_provider
from support.service import free_port

from erc.gateway.app import create_app
from erc.gateway.identity.settings import IdentitySettings, Provider, Rates
from erc.gateway.services import Services

LOGIN = "/api/v1/auth/login"
GENEROUS = Rates(100_000, 100_000, 100_000, 100_000)


@pytest.fixture(scope="session")
def openid() -> Iterator[RunningProvider]:
    with openid_provider() as provider:
        yield provider


@dataclass
class World:
    """The gateway, the provider, and browsers."""

    services: Services
    provider: RunningProvider

    def with_settings(self, **changes: Any) -> World:
        """Return the same with other settings."""
        identity = replace(self.services.settings.identity, **changes)
        return World(replace(self.services, settings=replace(self.services.settings, identity=identity)), self.provider)

    def at(self, public_url: str) -> World:
        """Return the same under another address."""
        return World(
            replace(self.services, settings=replace(self.services.settings, public_url=public_url)), self.provider
        )

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """Return a browser of somebody who has not signed in; with a header it shows something from the start."""
        url = self.services.settings.public_url
        said = headers if "Authorization" in headers else {"Origin": url, **headers}
        transport = httpx2.ASGITransport(create_app(self.services))
        return httpx2.AsyncClient(transport=transport, base_url=url, headers=said)

    async def of(self, name: str, level: int = 100) -> httpx2.AsyncClient:
        """Return a browser in which somebody is signed in."""
        browser = self.browser()
        cookie = await signed_in(self.services, name, level)
        browser.cookies.set(self.services.identity.cookies.session, cookie, domain="127.0.0.1")
        return browser

    def bearer(self, token: str) -> httpx2.AsyncClient:
        """Return a client that shows a token."""
        return self.browser(Authorization=f"Bearer {token}")

    async def begin(self, browser: httpx2.AsyncClient, provider: str = "orcid", after: str = "/") -> str:
        """Begin a sign-in and visit the provider; return the address that the browser is sent back to."""
        answer = await browser.get(LOGIN, params={"provider": provider, "next": after})
        assert answer.status_code == 302, answer.text
        return await self.provider.visit(answer.headers["location"])

    async def sign_in(self, browser: httpx2.AsyncClient, provider: str = "orcid", after: str = "/") -> httpx2.Response:
        """Sign in and return the answer to the browser's way back."""
        return await browser.get(await self.begin(browser, provider, after))


@pytest.fixture
def settings(openid: RunningProvider) -> IdentitySettings:
    orcid = Provider("orcid", "ORCID", openid.issuer, CLIENT, SECRET, ("openid",), orcid=True)
    keycloak = Provider("keycloak", "Keycloak", openid.issuer, CLIENT, SECRET, ("openid", "profile"))
    return IdentitySettings(
        providers=(orcid, keycloak),
        default_level=100,
        administrators=frozenset({"keycloak:root"}),
        rates=GENEROUS,
        provider_seconds=5,
        poll_seconds=1,
    )


@pytest.fixture
def world(gateway: Any, openid: RunningProvider, settings: IdentitySettings) -> World:
    openid.be()
    services = replace(gateway.services, settings=replace(gateway.services.settings, identity=settings))
    return World(services, openid)


@pytest.fixture
def be(openid: RunningProvider) -> Callable[..., None]:
    return openid.be


@pytest.fixture
async def serving(world: World) -> AsyncIterator[str]:
    """The gateway behind a real server; yields its address."""
    port = free_port()
    config = uvicorn.Config(
        create_app(world.services), port=port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    world.services.streams.end()
    server.should_exit = True
    await task
    await world.services.streams.close()
