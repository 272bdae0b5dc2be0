"""An OpenID provider as a process of its own, which signs everybody in at once and misbehaves on demand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from support.service import free_port

CLIENT, SECRET = "the-gateway", "a-secret-of-the-gateway-and-the-provider"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ADA = "0000-0002-1825-0097"
"""An ORCID iD with a right check digit."""


class _State:
    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key, self.old = _key("1"), _key("1")
        self.codes: dict[str, dict[str, str]] = {}
        self.said: dict[str, Any] = {"sub": ADA, "name": "Ada Lovelace", "fault": ""}
        self.tokens: dict[str, str] = {}


def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig", "alg": "RS256"})


async def about(request: Request) -> Response:
    state: _State = request.app.state.it
    fault = state.said["fault"]
    if fault == "down":
        return PlainTextResponse("out of order", 503)
    issuer = "https://elsewhere.example" if fault == "describes-another" else state.issuer
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{state.issuer}/authorize",
            "token_endpoint": f"{state.issuer}/token",
            "userinfo_endpoint": f"{state.issuer}/userinfo",
            "jwks_uri": f"{state.issuer}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


async def keys(request: Request) -> Response:
    state: _State = request.app.state.it
    return JSONResponse({"keys": [state.key.as_dict(private=False)]})


async def authorize(request: Request) -> Response:
    state: _State = request.app.state.it
    asked, fault = request.query_params, state.said["fault"]
    assert asked["client_id"] == CLIENT and asked["code_challenge_method"] == "S256", dict(asked)
    back = {"state": asked["state"], "iss": state.issuer}
    if fault.startswith("error:"):
        back["error"] = fault.removeprefix("error:")
    else:
        back["code"] = secrets.token_urlsafe(16)
        state.codes[back["code"]] = dict(asked)
    if fault == "iss-of-another":
        back["iss"] = "https://elsewhere.example"
    if fault == "no-iss":
        del back["iss"]
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)


async def token(request: Request) -> Response:
    state: _State = request.app.state.it
    async with request.form() as form:
        said = dict(form)
    fault, asked = state.said["fault"], state.codes.pop(str(said.get("code")), None)
    if fault == "slow":
        await asyncio.sleep(30)
    if fault == "broken":
        return PlainTextResponse("<html>no</html>", 500)
    if fault == "no-json":
        return PlainTextResponse("<html>yes</html>")
    proof = base64.urlsafe_b64encode(hashlib.sha256(str(said.get("code_verifier")).encode()).digest())
    if (
        asked is None
        or said.get("client_secret") != SECRET
        or said.get("redirect_uri") != asked["redirect_uri"]
        or proof.rstrip(b"=").decode() != asked["code_challenge"]
    ):
        return JSONResponse({"error": "invalid_grant"}, 400)
    access = secrets.token_urlsafe(16)
    state.tokens[access] = state.said["sub"]
    answer = {"access_token": access, "token_type": "bearer", **state.said.get("beside", {})}
    if fault != "no-id-token":
        answer["id_token"] = _signed(state, _claims(state, asked), access)
    return JSONResponse(answer)


def _claims(state: _State, asked: dict[str, str]) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": state.issuer, "aud": CLIENT, "sub": state.said["sub"], "nonce": asked.get("nonce")}
    claims |= {"iat": now, "exp": now + 300}
    if state.said.get("name"):
        claims["name"] = state.said["name"]
    changes: dict[str, dict[str, Any]] = {
        "wrong-iss": {"iss": "https://elsewhere.example"},
        "wrong-aud": {"aud": "somebody-else"},
        "two-aud": {"aud": [CLIENT, "somebody-else"]},
        "wrong-azp": {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        "wrong-nonce": {"nonce": "of-another-sign-in"},
        "no-nonce": {"nonce": None, "nonce_supported": False},
        "expired": {"iat": now - 900, "exp": now - 600},
        "no-exp": {"exp": None},
        "odd-exp": {"exp": "tomorrow"},
        "not-yet": {"nbf": now + 600},
        "no-sub": {"sub": None},
        "odd-sub": {"sub": ["a", "b"]},
        "wrong-at-hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    }
    changed = claims | changes.get(state.said["fault"], {})
    return {name: value for name, value in changed.items() if value is not None}


def _signed(state: _State, claims: dict[str, Any], access: str) -> str:
    fault, header = state.said["fault"], {"alg": "RS256", "kid": state.key.kid}
    if fault == "alg-none":
        parts = [json.dumps({"alg": "none"}).encode(), json.dumps(claims).encode()]
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
    if fault == "alg-hs256":
        return jwt.encode({**header, "alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])
    if fault == "alg-hs256-of-the-key":
        return _signed_by_the_public_key(state.key, {**header, "alg": "HS256"}, claims)
    if fault == "other-key":
        return jwt.encode(header, claims, state.old)
    if fault == "no-jwt":
        return f"{access}.{access}"
    return jwt.encode(header, claims, state.key)


def _signed_by_the_public_key(key: RSAKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return what an attacker makes of a key that everybody knows; the library would not."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    code = hmac.digest(key.as_pem(private=False), b".".join(parts), "sha256")
    return b".".join([*parts, base64.urlsafe_b64encode(code).rstrip(b"=")]).decode()


async def userinfo(request: Request) -> Response:
    state: _State = request.app.state.it
    sub = state.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    return JSONResponse({"sub": sub, **state.said.get("userinfo", {})}, 200 if sub else 401)


async def be(request: Request) -> Response:
    """Say who signs in and what goes wrong; `rotate` takes a new key."""
    state: _State = request.app.state.it
    state.said = {"sub": ADA, "name": "Ada Lovelace", "fault": "", **await request.json()}
    if state.said.get("rotate"):
        state.key = _key(secrets.token_hex(4))
    return JSONResponse({})


def create_app(issuer: str) -> Starlette:
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", about),
            Route("/keys", keys),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/userinfo", userinfo),
            Route("/be", be, methods=["POST"]),
        ]
    )
    app.state.it = _State(issuer)
    return app


@dataclass
class RunningProvider:
    """A provider that runs."""

    issuer: str

    def be(self, **said: Any) -> None:
        """Let it sign in somebody, with a fault or without."""
        httpx2.post(f"{self.issuer}/be", json=said, trust_env=False).raise_for_status()

    async def visit(self, address: str) -> str:
        """Do what a browser does that is sent there; return where it is sent back to."""
        async with httpx2.AsyncClient(trust_env=False, verify=_NO_TLS) as browser:
            return str((await browser.get(address)).headers["location"])


@contextlib.contextmanager
def openid_provider() -> Iterator[RunningProvider]:
    """Run a provider until the end of the block."""
    port = free_port()
    folders = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, __file__, str(port)], env={**os.environ, "PYTHONPATH": folders}, stdin=subprocess.DEVNULL
    )
    try:
        provider, deadline = RunningProvider(f"http://127.0.0.1:{port}"), time.monotonic() + 20
        while True:
            assert process.poll() is None and time.monotonic() < deadline, "the provider does not start"
            with contextlib.suppress(httpx2.TransportError):
                provider.be()
                break
            time.sleep(0.02)
        yield provider
    finally:
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    uvicorn.run(
        create_app(f"http://127.0.0.1:{sys.argv[1]}"), port=int(sys.argv[1]), log_level="warning", lifespan="off"
    )
