"""What the environment says of sign-in, and what a provider says of somebody."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from erc.gateway.identity.people import NotSaid, is_orcid, may_be_id, name_of, person_of
from erc.gateway.identity.settings import Misconfigured, Provider, read_identity

ORCID = {
    "GATEWAY_PROVIDERS": "orcid",
    "GATEWAY_PROVIDER_ORCID_ISSUER": "https://orcid.org",
    "GATEWAY_PROVIDER_ORCID_CLIENT_ID": "APP-1",
}
OTHER = {
    "GATEWAY_PROVIDER_MY_KEYCLOAK_ISSUER": "https://login.example.org/realms/science",
    "GATEWAY_PROVIDER_MY_KEYCLOAK_CLIENT_ID": "erc",
}


def test_nobody_signs_in_unless_it_is_configured() -> None:
    settings = read_identity({})
    assert (settings.providers, settings.default_level, settings.administrators) == ((), 0, frozenset())


def test_several_providers_are_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    more = {"GATEWAY_PROVIDERS": "orcid, my-keycloak", "GATEWAY_PROVIDER_MY_KEYCLOAK_CLIENT_SECRET_FILE": str(secret)}
    orcid, other = read_identity({**ORCID, **OTHER, **more, "GATEWAY_PROVIDER_ORCID_CLIENT_SECRET": "said"}).providers
    assert (orcid.label, orcid.orcid, orcid.scopes, orcid.client_secret) == ("ORCID", True, ("openid",), "said")
    assert (other.label, other.orcid, other.scopes) == ("My-keycloak", False, ("openid", "profile"))
    assert other.client_secret == "from a file"
    assert "from a file" not in repr(other)


WRONG = {
    "no issuer": {"GATEWAY_PROVIDER_ORCID_ISSUER": ""},
    "no TLS": {"GATEWAY_PROVIDER_ORCID_ISSUER": "http://orcid.org"},
    "no address": {"GATEWAY_PROVIDER_ORCID_ISSUER": "https://"},
    "no client": {"GATEWAY_PROVIDER_ORCID_CLIENT_ID": " "},
    "no file": {"GATEWAY_PROVIDER_ORCID_CLIENT_SECRET_FILE": "/nowhere"},
    "odd name": {"GATEWAY_PROVIDERS": "ORCID"},
    "twice": {"GATEWAY_PROVIDERS": "orcid orcid"},
    "two that give ORCID iDs": {"GATEWAY_PROVIDERS": "orcid my-keycloak", "GATEWAY_PROVIDER_MY_KEYCLOAK_ORCID": "1"},
    "no openid": {"GATEWAY_PROVIDERS": "my-keycloak", "GATEWAY_PROVIDER_MY_KEYCLOAK_SCOPES": "profile"},
    "no level": {"GATEWAY_DEFAULT_LEVEL": "low"},
    "everybody an administrator": {"GATEWAY_DEFAULT_LEVEL": "1000"},
    "no rate": {"GATEWAY_READS_PER_MINUTE": "-1"},
    "no network": {"GATEWAY_TRUSTED_PROXIES": "the proxy"},
}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_a_setting_that_cannot_be_used_is_named(what: str) -> None:
    with pytest.raises(Misconfigured, match=next(reversed(WRONG[what])).removesuffix("_MY_KEYCLOAK_ORCID")):
        read_identity({**ORCID, **OTHER, **WRONG[what]})


@pytest.mark.parametrize("right", ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"])
def test_the_check_digit_of_an_orcid_is_verified(right: str) -> None:
    assert is_orcid(right)
    for place, sign in enumerate(right):
        if sign.isdigit():
            wrong = f"{right[:place]}{(int(sign) + 1) % 10}{right[place + 1 :]}"
            assert not is_orcid(wrong), wrong


@given(some.text())
def test_no_text_is_an_orcid_by_chance(text: str) -> None:
    assert not is_orcid(text) or len(text) == 19


KEYCLOAK = Provider("keycloak", "Keycloak", "https://login.example.org", "erc", "", ("openid",))


@given(some.text(), some.text())
def test_two_subjects_never_have_one_id(one: str, other: str) -> None:
    ids = set()
    for subject in {one, other}:
        try:
            person = person_of(KEYCLOAK, {"sub": subject}, {})
        except NotSaid:
            continue
        assert may_be_id(person.id) and "/" not in person.id and person.id.startswith("keycloak:")
        ids.add((subject, person.id))
    assert len({identifier for _, identifier in ids}) == len(ids)


@given(
    some.dictionaries(
        some.sampled_from(["name", "given_name", "family_name", "preferred_username"]), some.text() | some.integers()
    )
)
def test_a_name_is_one_clean_line_and_no_address_of_mail(claims: dict) -> None:
    name = name_of(claims)
    assert len(name) <= 200 and "@" not in name
    assert not any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in name)
