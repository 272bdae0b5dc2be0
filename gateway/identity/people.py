"""Somebody whom a provider has named: the public id and the name, made from what the provider says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erc.gateway.client.terminal import one_line
from erc.gateway.identity.settings import Provider

NAME_CHARACTERS = 200
_ORCID = re.compile(r"(\d{4})-(\d{4})-(\d{4})-(\d{3})([\dX])", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9._-][A-Za-z0-9._~-]{0,99}")
_ID = re.compile(r"[!-~]{1,200}")


class NotSaid(Exception):  # noqa: N818 - says what is missing
    """The provider does not say who somebody is, or says it wrongly."""


@dataclass(frozen=True)
class Person:
    """Who signed in. `id` is public: an ORCID iD, else `<provider>:<subject>`."""

    provider: str
    subject: str
    id: str
    name: str


def is_orcid(text: str) -> bool:
    """Return whether this is an ORCID iD with the right check digit (ISO 7064, modulus 11-2)."""
    parts = _ORCID.fullmatch(text)
    if not parts:
        return False
    total = 0
    for digit in "".join(parts.groups()[:4]):
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return parts[5] == ("X" if check == 10 else str(check))


def may_be_id(text: str) -> bool:
    """Return whether an account can have this id; what cannot is not asked for."""
    return _ID.fullmatch(text) is not None


def person_of(provider: Provider, claims: Mapping[str, Any], answer: Mapping[str, Any]) -> Person:
    """Return who the claims of an id token (empty without one) and the answer of the token endpoint speak of.

    Raises NotSaid.
    """
    said = {value for value in (claims.get("sub"), answer.get("orcid") if provider.orcid else None) if value}
    if len(said) != 1:
        raise NotSaid("The provider names nobody, or two people at once.")
    subject = said.pop()
    if not isinstance(subject, str) or not re.fullmatch(r"[ -~]{1,255}", subject):
        raise NotSaid("The provider names nobody.")
    if provider.orcid and not is_orcid(subject):
        raise NotSaid("The provider gave an ORCID iD with a wrong check digit.")
    return Person(provider.name, subject, _id(provider, subject), name_of({**claims, **_named(answer)}))


def _id(provider: Provider, subject: str) -> str:
    if provider.orcid:
        return subject
    if _PLAIN.fullmatch(subject):
        return f"{provider.name}:{subject}"
    return f"{provider.name}:~{hashlib.sha256(subject.encode()).hexdigest()[:40]}"


def _named(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": answer["name"]} if answer.get("name") else {}


def name_of(claims: Mapping[str, Any]) -> str:
    """Return the name that claims give somebody, empty without one. An address of mail is no public name."""
    parts = [claims.get("given_name"), claims.get("family_name")]
    both = " ".join(part for part in parts if isinstance(part, str))
    for name in (claims.get("name"), both, claims.get("preferred_username")):
        if isinstance(name, str) and one_line(name) and "@" not in name:
            return one_line(name)[:NAME_CHARACTERS]
    return ""
