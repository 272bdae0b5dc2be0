"""Sends one event to one address: signed, to checked addresses only, without redirects, within a deadline."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import httpx2

from erc.gateway.notifier.schedule import Outcome
from erc.schemas.addresses import is_loopback, is_public
from erc.schemas.ids import derived_id
from erc.schemas.webhook import Webhook

MEDIA_TYPE = "application/cloudevents+json"
NO_ANSWER = Outcome("no answer")
"""One text for every address that does not answer: it tells nobody what is behind a firewall."""
GONE = 410

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses of a name; raises OSError when there is none."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    return [str(place[0]) for *_, place in found]


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Resolves a name once, checks every address, connects to the first; the name stays in SNI and Host.

    No connection is kept: a certificate was checked for one name, and an address may serve many.
    """

    def __init__(self, allowed: Callable[[str], bool], resolving: Resolve, context: ssl.SSLContext) -> None:
        self._allowed, self._resolve = allowed, resolving
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._transport = httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        addresses = await self._resolve(host, request.url.port or 443)
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise httpx2.ConnectError("not allowed")
        request.url = request.url.copy_with(host=addresses[0])
        request.extensions = {**request.extensions, "sni_hostname": host}
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


class Sender:
    """Posts events. `now` is the clock of the signatures; `seconds` the deadline of one attempt."""

    def __init__(
        self,
        now: Callable[[], datetime],
        seconds: float,
        *,
        loopback: bool = False,
        resolving: Resolve = resolve,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._now, self._seconds = now, seconds

        def allowed(address: str) -> bool:
            return is_public(address) or (loopback and is_loopback(address))

        transport = CheckedTransport(allowed, resolving, context or httpx2.create_ssl_context())
        self._client = httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=seconds)

    async def send(self, webhook: Webhook, event_id: str, body: bytes) -> Outcome:
        """Make one attempt; whatever goes wrong becomes an outcome. The answer's body is not read."""
        headers = headers_of(webhook, event_id, int(self._now().timestamp()), body)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", webhook.address, content=body, headers=headers) as response,
            ):
                return outcome_of(response.status_code)
        except Exception:  # noqa: BLE001 - whatever goes wrong is an attempt that failed
            return NO_ANSWER

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()


def outcome_of(status: int) -> Outcome:
    """Return what an HTTP status says: 2xx has it, 410 wants no more, everything else is for later."""
    if 200 <= status < 300:
        return Outcome(f"delivered ({status})", delivered=True)
    return Outcome(f"answered {status}", gone=status == GONE)


def headers_of(webhook: Webhook, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of an attempt, signed as Standard Webhooks says; an event has the same ids in each."""
    message_id = f"msg_{derived_id(event_id)}"
    return {
        "Content-Type": MEDIA_TYPE,
        "User-Agent": "erc-notifier",
        "Accept-Encoding": "identity",
        "Idempotency-Key": event_id,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(webhook.secret, message_id, timestamp, body),
    }


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,` and the base64 of the HMAC-SHA256 over `<id>.<timestamp>.<body>`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{binascii.b2a_base64(code, newline=False).decode()}"
