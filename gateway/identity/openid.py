"""One OpenID provider as we speak with it: discovery, the address to go to, the exchange of a code, who it was."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from erc.gateway.errors import Refused
from erc.gateway.identity.id_token import Expected, KeyUnknown, NotTrusted, algorithms, verified
from erc.gateway.identity.people import NotSaid, Person, name_of, person_of
from erc.gateway.identity.settings import Provider

_DESCRIPTION = "/.well-known/openid-configuration"
_Client: Any = AsyncOAuth2Client
KEPT_SECONDS = 3600.0
"""How long what a provider says of itself is believed."""
AGAIN = "Nothing was changed. Please try to sign in again in a moment."


class NotAnswering(Exception):  # noqa: N818 - says what is the matter
    """The provider cannot be reached, is too slow, or says nothing that can be read."""


@dataclass(frozen=True)
class Pending:
    """A sign-in that has begun: what the provider must give back, and what only we know."""

    nonce: str
    verifier: str
    """Of PKCE; the provider gets its SHA-256."""


@dataclass(frozen=True)
class _Told:
    """What a provider says of itself, and until when it is believed."""

    about: Mapping[str, Any]
    keys: Any
    until: float


class OpenId:
    """Speaks with one provider. `clock` is monotonic, `now` the time of day; `redirect` is where people come back."""

    def __init__(
        self,
        provider: Provider,
        redirect: str,
        seconds: float,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self.provider = provider
        self._redirect, self._seconds, self._clock, self._now = redirect, seconds, clock, now
        self._told: _Told | None = None

    async def address(self, state: str, pending: Pending) -> str:
        """Return where a browser goes to sign in. Raises Refused (503)."""
        async with self._speaking() as client:
            told = await self._known(client)
            address, _ = client.create_authorization_url(
                told.about["authorization_endpoint"],
                state=state,
                code_verifier=pending.verifier,
                nonce=pending.nonce,
            )
            return str(address)

    async def person(self, code: str, issuer: str | None, pending: Pending) -> Person:
        """Return who signed in; `issuer` is what came back beside the code (RFC 9207).

        Raises Refused: 400 when what the provider says cannot be believed, 503 when it does not answer.
        """
        try:
            async with self._speaking() as client:
                told = await self._known(client)
                self._check_issuer(issuer, told.about)
                client.token_endpoint_auth_method = _way_in(self.provider, told.about)
                answer = await client.fetch_token(
                    told.about["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=pending.verifier,
                )
                claims = await self._claims(client, told, answer, pending)
                person = person_of(self.provider, claims, answer)
                return person if person.name else await self._named(client, told, answer, person)
        except AuthlibBaseError as error:
            raise self._failed("It did not accept the code.") from error
        except (NotTrusted, NotSaid) as error:
            raise self._failed(str(error)) from error

    # ------------------------------------------------------------------------------------------ what is asked

    @contextlib.asynccontextmanager
    async def _speaking(self) -> AsyncIterator[Any]:
        """Yield a client; whatever keeps the provider from answering in time becomes Refused (503)."""
        provider = self.provider
        try:
            async with (
                asyncio.timeout(self._seconds),
                _Client(
                    provider.client_id,
                    provider.client_secret or None,
                    scope=" ".join(provider.scopes),
                    redirect_uri=self._redirect,
                    code_challenge_method="S256",
                    timeout=self._seconds,
                    verify=_certificates(),
                    trust_env=not provider.local,
                    follow_redirects=False,
                ) as client,
            ):
                yield client
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError, NotAnswering) as error:
            raise Refused(503, f"{provider.label} does not answer", AGAIN, "provider_unavailable") from error

    async def _known(self, client: Any) -> _Told:
        """Return what the provider says of itself, asked again when it is old."""
        told = self._told
        if told is None or told.until < self._clock():
            about = await _document(client, self.provider.issuer.rstrip("/") + _DESCRIPTION)
            self._check_about(about)
            keys = await _document(client, about["jwks_uri"])
            told = self._told = _Told(about, keys, self._clock() + KEPT_SECONDS)
        return told

    def _check_about(self, about: Mapping[str, Any]) -> None:
        """Raise NotAnswering unless this is the provider's own description with usable addresses."""
        if about.get("issuer") != self.provider.issuer:
            raise NotAnswering("the description is of another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = about.get(name)
            parts = urlsplit(address) if isinstance(address, str) else None
            if not parts or not parts.hostname or parts.scheme not in {"https", urlsplit(self.provider.issuer).scheme}:
                raise NotAnswering(f"{name} is no usable address")

    def _check_issuer(self, issuer: str | None, about: Mapping[str, Any]) -> None:
        promised = about.get("authorization_response_iss_parameter_supported") is True
        if (promised and issuer is None) or (issuer is not None and issuer != self.provider.issuer):
            raise NotTrusted("the answer is from another provider")

    async def _claims(self, client: Any, told: _Told, answer: Mapping[str, Any], pending: Pending) -> Mapping[str, Any]:
        """Return the claims of the id token; of none where none was asked for (ORCID without `openid`)."""
        if "openid" not in self.provider.scopes:
            return {}
        expected = Expected(
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            algorithms=algorithms(told.about.get("id_token_signing_alg_values_supported")),
            nonce=pending.nonce,
            access_token=str(answer.get("access_token", "")),
        )
        try:
            return verified(answer.get("id_token"), told.keys, expected, self._now())
        except KeyUnknown:
            keys = await _document(client, told.about["jwks_uri"])
            self._told = _Told(told.about, keys, told.until)
            return verified(answer.get("id_token"), keys, expected, self._now())

    async def _named(self, client: Any, told: _Told, answer: Mapping[str, Any], person: Person) -> Person:
        """Return the person with the name that the provider tells only when it is asked; without one if it does not."""
        address, token = told.about.get("userinfo_endpoint"), answer.get("access_token")
        if not isinstance(address, str) or not token:
            return person
        try:
            said = await _document(client, address, {"Authorization": f"Bearer {token}"})
        except (httpx2.HTTPError, httpx2.InvalidURL, NotAnswering):
            return person
        same = said.get("sub") == person.subject
        return Person(person.provider, person.subject, person.id, name_of(said)) if same else person

    def _failed(self, why: str) -> Refused:
        detail = f"{self.provider.label} could not be believed: {why} Please begin again."
        return Refused(400, "The sign-in failed", detail, "sign_in_failed")


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Return the certificates that we trust, read once."""
    return httpx2.create_ssl_context()


async def _document(client: Any, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    response = await client.request("GET", address, withhold_token=True, headers=headers)
    response.raise_for_status()
    document = response.json()
    if not isinstance(document, dict):
        raise NotAnswering("what came is no JSON object")
    return document


def _way_in(provider: Provider, about: Mapping[str, Any]) -> str:
    """Return how we prove who we are at the token endpoint."""
    if not provider.client_secret:
        return "none"
    ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_post" if "client_secret_basic" not in ways else "client_secret_basic"
