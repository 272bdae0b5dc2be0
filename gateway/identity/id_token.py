"""Whether an id token is what was asked for: signed by the provider, for us, for this sign-in, now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

LEEWAY_SECONDS = 60
TRUSTED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a key pair. Never `none`, and never one whose key both sides know."""

_BROKEN = (JoseError, ValueError, TypeError, KeyError, AttributeError)
"""What a token can be broken with, as the libraries say it."""


class NotTrusted(Exception):  # noqa: N818 - says what is the matter
    """An id token that must not be believed."""


class KeyUnknown(NotTrusted):
    """A token that is signed with a key that we do not know (yet)."""


@dataclass(frozen=True)
class Expected:
    """What a token must say: from whom, for whom, signed how, for which sign-in; and the access token beside it."""

    issuer: str
    client_id: str
    algorithms: Collection[str]
    nonce: str
    access_token: str


def algorithms(named: object) -> list[str]:
    """Return the trusted ones of the algorithms that a provider names; RS256 when it names none."""
    offered = named if isinstance(named, list) and named else ["RS256"]
    return [name for name in TRUSTED if name in offered]


def verified(token: object, keys: object, expected: Expected, now: datetime) -> Mapping[str, Any]:
    """Return the claims of a token. `keys` is the provider's JWK set. Raises NotTrusted, KeyUnknown."""
    if not isinstance(token, str) or not token.isascii():
        raise NotTrusted("there is no id token")
    try:
        registry = JWSRegistry(algorithms=list(expected.algorithms), strict_check_header=False)
        signed = jwt.decode(token, KeySet.import_key_set(_public(keys)), registry=registry)
        claims: Any = CodeIDToken(
            signed.claims,
            signed.header,
            {"iss": {"essential": True, "value": expected.issuer}, "aud": {"essential": True}},
            {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        if expected.client_id not in _audience(claims["aud"]):
            raise NotTrusted("the token is for somebody else")
    except InvalidKeyIdError as error:
        raise KeyUnknown("the token is signed with an unknown key") from error
    except _BROKEN as error:
        raise NotTrusted(str(error)) from error
    return dict(claims)


def _audience(said: object) -> list[object]:
    return said if isinstance(said, list) else [said]


def _public(keys: object) -> Any:
    """Return the JWK set without keys that both sides know: a provider that publishes one has signed nothing by it."""
    found = keys.get("keys") if isinstance(keys, dict) else None
    if not isinstance(found, list):
        raise NotTrusted("the provider's keys cannot be read")
    return {"keys": [key for key in found if isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"}]}
