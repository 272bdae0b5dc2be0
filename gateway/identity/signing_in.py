"""A sign-in from its beginning to its end: bound to one browser, used once, for ten minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from erc.gateway.errors import Refused
from erc.gateway.identity.openid import AGAIN, OpenId, Pending
from erc.gateway.identity.people import Person

LIFETIME = timedelta(minutes=10)
PATH_CHARACTERS = 2000
_LATER = {"temporarily_unavailable", "server_error"}


@dataclass(frozen=True)
class Begun:
    """What the sign-in page needs: where the browser goes, and what it must bring back as a cookie."""

    address: str
    browser: str


@dataclass(frozen=True)
class Kept:
    """A sign-in as it waits in the database."""

    state: str
    """SHA-256 of the state."""
    browser: str
    """SHA-256 of the browser's cookie."""
    provider: str
    document: dict[str, Any]


class Waiting(Protocol):
    """Where sign-ins wait."""

    async def keep(self, one: Kept, lifetime: timedelta) -> None: ...

    async def take(self, state: str, browser: str) -> Kept | None:
        """Return a sign-in of this browser that is not over, once."""
        ...


class SigningIn:
    """Signs people in by the providers. `chance` returns 256 bits as text."""

    def __init__(self, providers: Mapping[str, OpenId], waiting: Waiting, chance: Callable[[], str]) -> None:
        self.providers, self._waiting, self._chance = providers, waiting, chance

    async def begin(self, name: str, after: str) -> Begun:
        """Begin a sign-in; `after` is the path to go on to. Raises Refused (404, 503)."""
        provider = self.providers.get(name)
        if provider is None:
            raise Refused(404, "no provider of this name", "Choose one at /sign-in.")
        state, browser = self._chance(), self._chance()
        pending = Pending(nonce=self._chance(), verifier=self._chance())
        address = await provider.address(state, pending)
        document = {"nonce": pending.nonce, "verifier": pending.verifier, "next": local_path(after)}
        await self._waiting.keep(Kept(digest(state), digest(browser), name, document), LIFETIME)
        return Begun(address, browser)

    async def end(self, said: Mapping[str, str], browser: str) -> tuple[Person, str]:
        """Return who signed in and where to go on; `said` is what the provider sent back by the browser.

        Raises Refused: 400 for what does not belong to a sign-in of this browser or cannot be believed, 403 when the
        person or the provider said no, 503 when the provider does not answer.
        """
        kept = await self._waiting.take(digest(said.get("state", "")), digest(browser))
        provider = self.providers.get(kept.provider) if kept else None
        if kept is None or provider is None:
            advice = "It may be over, or was begun in another browser. Please begin again."
            raise Refused(400, "This sign-in is not known", advice, "sign_in_unknown")
        if error := said.get("error"):
            raise _refused(provider.provider.label, error)
        code = said.get("code", "")
        if not code:
            raise Refused(400, "The sign-in failed", "The provider sent no code. Please begin again.", "sign_in_failed")
        pending = Pending(kept.document["nonce"], kept.document["verifier"])
        person = await provider.person(code, said.get("iss"), pending)
        return person, local_path(kept.document["next"])


def _refused(label: str, error: str) -> Refused:
    if error in _LATER:
        return Refused(503, f"{label} does not answer", AGAIN, "provider_unavailable")
    if error == "access_denied":
        return Refused(403, "The sign-in was not granted", f"{label} says that you declined.", "sign_in_declined")
    return Refused(400, "The sign-in failed", f"{label} refused it. Please begin again.", "sign_in_failed")


def local_path(text: str) -> str:
    """Return a path of our own pages to go on to; the first page for everything that could lead elsewhere."""
    leads_away = text.startswith("//") or "\\" in text or any(sign <= " " or sign == "\x7f" for sign in text)
    usable = text.startswith("/") and not leads_away and len(text) <= PATH_CHARACTERS and text.isascii()
    return text if usable else "/"


def digest(text: str) -> str:
    """Return what is kept of a secret: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
