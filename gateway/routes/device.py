"""Programs without a browser of their own are signed in by somebody who has one (RFC 8628)."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Scope
from erc.gateway.describing import About, Described
from erc.gateway.documents.identity import DeviceAsked, DeviceCodes, DeviceToken, DeviceWanted
from erc.gateway.errors import Refused
from erc.gateway.identifiers import new_id
from erc.gateway.identity.devices import ADVICE, ALPHABET, CODE_CHARACTERS, GRANT, LIFETIME, Waits, shown
from erc.gateway.identity.randomness import letters, opaque
from erc.gateway.identity.tokens import USUAL_LIFETIME, new_token, with_read
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.bodies import clean, document_of
from erc.gateway.routes.token import FORMS


async def begin(request: Request) -> Response:
    """Begin to sign a program in: it shows the person an address and a code, and asks for its token meanwhile."""
    services = services_of(request)
    wanted = await document_of(request, DeviceWanted)
    scopes = _scopes(wanted.scope)
    code, user_code = opaque(), letters(ALPHABET, CODE_CHARACTERS)
    await services.identity.devices.add(code, user_code, clean(wanted.client_id), scopes)
    page = f"{services.settings.public_url}/device"
    return JSONResponse(
        {
            "device_code": code,
            "user_code": shown(user_code),
            "verification_uri": page,
            "verification_uri_complete": f"{page}?code={shown(user_code)}",
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": services.settings.identity.poll_seconds,
        }
    )


def _scopes(text: str) -> list[Scope]:
    try:
        return with_read([Scope(word) for word in text.split()])
    except ValueError as error:
        advice = f"The scopes are: {' '.join(Scope)}."
        raise Refused(400, "invalid_scope", advice, "invalid_scope") from error


async def token(request: Request) -> Response:
    """Give a program its token once somebody allowed it; until then the errors of RFC 8628 say how it stands."""
    services = services_of(request)
    asked = await document_of(request, DeviceAsked)
    if asked.grant_type != GRANT:
        raise Refused(400, "unsupported_grant_type", f"It is {GRANT}.", "unsupported_grant_type")
    secret = new_token(letters)
    interval = timedelta(seconds=services.settings.identity.poll_seconds * 0.9)
    told = await services.identity.devices.ask(asked.device_code, interval, new_id(), secret)
    if isinstance(told, Waits):
        raise Refused(400, told.value, ADVICE[told], told.value)
    lifetime = int(USUAL_LIFETIME.total_seconds())
    document = {"access_token": secret, "token_type": "Bearer", "expires_in": lifetime}
    return JSONResponse({**document, "scope": " ".join(told.scopes)}, headers={"Cache-Control": "no-store"})


_BEGIN = About(
    "Tokens",
    "Begin to sign a program in",
    answers={200: DeviceCodes},
    refusals=(400, 413, 429),
    body=DeviceWanted,
    forms=FORMS,
)
_TOKEN = About(
    "Tokens",
    "Ask for the token of a program",
    answers={200: DeviceToken},
    refusals=(400, 413, 429),
    body=DeviceAsked,
    forms=FORMS,
)

ROUTES = [
    Described("/api/v1/auth/device", begin, "POST", _BEGIN),
    Described("/api/v1/auth/device/token", token, "POST", _TOKEN),
]
