"""Everything that says who people are, wired once."""

from __future__ import annotations

import time
from dataclasses import dataclass

from erc.events.outbox import Database, utc_now
from erc.gateway.identity.cookies import Cookies
from erc.gateway.identity.holders import Holders
from erc.gateway.identity.limiting import Limits
from erc.gateway.identity.openid import OpenId
from erc.gateway.identity.randomness import opaque
from erc.gateway.identity.rates import Known
from erc.gateway.identity.settings import IdentitySettings
from erc.gateway.identity.signing_in import SigningIn
from erc.gateway.store.accounts import Accounts
from erc.gateway.store.devices import Devices
from erc.gateway.store.sessions import Sessions
from erc.gateway.store.sign_ins import SignIns
from erc.gateway.store.tokens import Tokens

CALLBACK = "/api/v1/auth/login"


@dataclass(frozen=True)
class Identity:
    """Accounts, tokens, programs that wait, sign-ins; who holds what; how often one may ask."""

    settings: IdentitySettings
    accounts: Accounts
    tokens: Tokens
    devices: Devices
    holders: Holders
    signing_in: SigningIn
    limits: Limits
    cookies: Cookies


def wire_identity(
    settings: IdentitySettings, database: Database, sessions: Sessions, public_url: str, operator_token: str
) -> Identity:
    """Return the identity of a service at this address."""
    known, tokens, cookies = Known(), Tokens(database), Cookies(public_url)
    speaking = {
        one.name: OpenId(one, public_url + CALLBACK, settings.provider_seconds, time.monotonic, utc_now)
        for one in settings.providers
    }
    return Identity(
        settings=settings,
        accounts=Accounts(database),
        tokens=tokens,
        devices=Devices(database),
        holders=Holders(sessions, tokens, operator_token, known),
        signing_in=SigningIn(speaking, SignIns(database), opaque),
        limits=Limits.of(settings, known, cookies.session, time.monotonic),
        cookies=cookies,
    )
