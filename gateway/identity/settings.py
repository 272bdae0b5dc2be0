"""What the environment says of sign-in: providers, levels, administrators, proxies, rates. Read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from erc.gateway.auth import ADMIN

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_ORCID_HOSTS = {"orcid.org", "sandbox.orcid.org"}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Misconfigured(Exception):  # noqa: N818 - says what is the matter
    """A setting that cannot be used; the text says which, and how to mend it."""


@dataclass(frozen=True)
class Provider:
    """An OpenID provider that people may sign in with."""

    name: str
    label: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    orcid: bool = False
    """Whether it gives ORCID iDs, which are then the ids of the accounts."""

    @property
    def local(self) -> bool:
        """Whether it is on this machine, where it may do without TLS."""
        return urlsplit(self.issuer).hostname in _LOOPBACK


@dataclass(frozen=True)
class Rates:
    """How many requests a minute one account, else one address, may make; 0 is without limit."""

    reads: int = 1200
    writes: int = 240
    uploads: int = 60
    sign_ins: int = 60
    """Of the sign-in, the device and the token routes together, by address."""
    pieces: int = 12_000
    """Of sources that are sent in pieces, 1 MiB each."""


@dataclass(frozen=True)
class IdentitySettings:
    """Who may sign in, and as what. Without providers only the operator of this machine signs in, by links."""

    providers: tuple[Provider, ...] = ()
    default_level: int = 0
    """Level of an account at its first sign-in."""
    administrators: frozenset[str] = frozenset()
    """Ids of accounts that are administrators from their sign-in on."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    rates: Rates = field(default_factory=Rates)
    provider_seconds: float = 10.0
    """How long a provider may take to answer."""
    poll_seconds: int = 5
    """How long a program that waits to be signed in waits between two questions."""


def read_identity(environ: Mapping[str, str]) -> IdentitySettings:
    """Read `GATEWAY_PROVIDERS`, `GATEWAY_PROVIDER_*` and their neighbours. Raises Misconfigured."""
    names = _words(environ.get("GATEWAY_PROVIDERS", ""))
    providers = tuple(_provider(environ, name) for name in names)
    if len(set(names)) < len(names) or sum(one.orcid for one in providers) > 1:
        raise Misconfigured("GATEWAY_PROVIDERS names a provider twice, or two that give ORCID iDs.")
    usual = Rates()
    return IdentitySettings(
        providers=providers,
        default_level=_number(environ, "GATEWAY_DEFAULT_LEVEL", 0, ADMIN - 1),
        administrators=frozenset(_words(environ.get("GATEWAY_ADMINISTRATORS", ""))),
        trusted_proxies=tuple(_network(text) for text in _words(environ.get("GATEWAY_TRUSTED_PROXIES", ""))),
        rates=Rates(
            reads=_number(environ, "GATEWAY_READS_PER_MINUTE", usual.reads),
            writes=_number(environ, "GATEWAY_WRITES_PER_MINUTE", usual.writes),
            uploads=_number(environ, "GATEWAY_UPLOADS_PER_MINUTE", usual.uploads),
            sign_ins=_number(environ, "GATEWAY_SIGN_INS_PER_MINUTE", usual.sign_ins),
            pieces=_number(environ, "GATEWAY_PIECES_PER_MINUTE", usual.pieces),
        ),
        provider_seconds=float(_number(environ, "GATEWAY_PROVIDER_SECONDS", 10, 60)),
    )


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _provider(environ: Mapping[str, str], name: str) -> Provider:
    if not _NAME.fullmatch(name):
        raise Misconfigured(f"GATEWAY_PROVIDERS names {name!r}; a name is small letters, digits and hyphens.")
    prefix = f"GATEWAY_PROVIDER_{name.upper().replace('-', '_')}"
    issuer = _wanted(environ, f"{prefix}_ISSUER")
    host = urlsplit(issuer).hostname
    if not host or not (issuer.startswith("https://") or (issuer.startswith("http://") and host in _LOOPBACK)):
        raise Misconfigured(f"{prefix}_ISSUER is {issuer!r}; an issuer is an address that begins with https://.")
    orcid = _yes(environ, f"{prefix}_ORCID", host in _ORCID_HOSTS)
    scopes = _words(environ.get(f"{prefix}_SCOPES", "openid" if orcid else "openid profile"))
    if "openid" not in scopes and not orcid:
        raise Misconfigured(f"{prefix}_SCOPES lacks openid, without which the provider does not say who somebody is.")
    return Provider(
        name=name,
        label=environ.get(f"{prefix}_LABEL") or ("ORCID" if orcid else name.capitalize()),
        issuer=issuer,
        client_id=_wanted(environ, f"{prefix}_CLIENT_ID"),
        client_secret=_secret(environ, f"{prefix}_CLIENT_SECRET"),
        scopes=tuple(scopes),
        orcid=orcid,
    )


def _wanted(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise Misconfigured(f"{name} is not set, but GATEWAY_PROVIDERS names the provider.")
    return value


def _secret(environ: Mapping[str, str], name: str) -> str:
    """Return a secret from the environment or the file that `…_FILE` names; empty for a public client."""
    place = environ.get(f"{name}_FILE")
    if not place:
        return environ.get(name, "").strip()
    try:
        return Path(place).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name}_FILE names {place}, which cannot be read: {error}.") from error


def _yes(environ: Mapping[str, str], name: str, default: bool) -> bool:
    value = environ.get(name, "").lower()
    return value in {"1", "true", "yes"} if value else default


def _number(environ: Mapping[str, str], name: str, default: int, most: int = 1_000_000) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > most:
        raise Misconfigured(f"{name} is {text!r}; it is a whole number from 0 to {most}.")
    return int(text)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise Misconfigured(f"GATEWAY_TRUSTED_PROXIES names {text!r}, which is no address or network.") from error
