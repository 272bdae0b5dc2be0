"""Signing the command line in (RFC 8628): codes for the person, then questions until the person has decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable
from erc.schemas.problem import Problem

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER_SECONDS = 5


class Codes(BaseModel):
    """What the service gives to begin with."""

    device_code: str
    user_code: str
    verification_uri: str = Field(pattern=r"^https?://")
    verification_uri_complete: str = Field(pattern=r"^https?://")
    expires_in: int = Field(ge=1)
    interval: int = Field(default=5, ge=1, le=300)


@dataclass(frozen=True)
class Waiting:
    """How to wait: a sleep and a clock, both in seconds."""

    sleep: Callable[[float], None]
    clock: Callable[[], float]


def begin(client: Client, name: str, scopes: str) -> Codes:
    """Ask for codes. Raises ClientError for scopes that there are not, Unreachable."""
    document = client.document("POST", "/api/v1/auth/device", json={"client_id": name, "scope": scopes})
    try:
        return Codes.model_validate(document)
    except ValidationError as error:
        raise Unreachable("The service does not sign programs in") from error


def wait(client: Client, codes: Codes, name: str, waiting: Waiting) -> str:
    """Return the token once the person allowed it. Raises ClientError when they did not, or not in time."""
    interval, end = float(codes.interval), waiting.clock() + codes.expires_in
    asked = {"grant_type": GRANT, "device_code": codes.device_code, "client_id": name}
    while waiting.clock() < end:
        waiting.sleep(interval)
        try:
            return str(client.document("POST", "/api/v1/auth/device/token", json=asked)["access_token"])
        except Unreachable:
            continue
        except ClientError as error:
            if error.problem.code == "slow_down":
                interval += SLOWER_SECONDS
            elif error.problem.code == "access_denied":
                problem = Problem(code="access_denied", title="You did not allow it; nothing is signed in")
                raise ClientError(problem, ExitCode.NOT_PERMITTED) from error
            elif error.problem.code not in {"authorization_pending", "http_429"}:
                break
    problem = Problem(code="expired_token", title="Nobody allowed it in time", detail="Begin again with: erc login")
    raise ClientError(problem, ExitCode.TIMEOUT)
