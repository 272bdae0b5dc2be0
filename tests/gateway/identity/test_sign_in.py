"""Signing in with a real OpenID provider, and every way in which that must not succeed."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, text
from support.provider import ADA

from erc.gateway.identity.signing_in import local_path
from erc.schemas import tables

LOGIN, WHO = "/api/v1/auth/login", "/api/v1/auth/whoami"


async def _state(world) -> list:
    return await world.services.records.database.rows(select(tables.account))


async def test_somebody_signs_in_with_orcid(world) -> None:
    async with world.browser() as browser:
        answer = await world.sign_in(browser, after="/upload?a=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/upload?a=1")
        who = (await browser.get(WHO)).json()
    assert who == {"orcid": ADA, "name": "Ada Lovelace", "level": 100, "scopes": None}


async def test_only_public_identity_is_kept(world) -> None:
    world.provider.be(beside={"email": "ada@example.org"}, name="ada@example.org")
    async with world.browser() as browser:
        assert (await world.sign_in(browser)).status_code == 303
    (account,) = await _state(world)
    assert {name: account[name] for name in ("id", "provider", "subject", "name", "level", "closed")} == {
        "id": ADA,
        "provider": "orcid",
        "subject": ADA,
        "name": "",
        "level": 100,
        "closed": None,
    }


async def test_what_is_sent_to_the_provider_binds_the_answer_to_this_sign_in(world) -> None:
    async with world.browser() as browser:
        answer = await browser.get(LOGIN, params={"provider": "orcid"})
    sent = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert sent["redirect_uri"] == "http://127.0.0.1/api/v1/auth/login"
    assert (sent["response_type"], sent["scope"], sent["code_challenge_method"]) == ("code", "openid", "S256")
    assert min(len(sent[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    (row,) = await world.services.records.database.rows(select(tables.sign_in))
    assert sent["state"] not in str(dict(row)) and sent["code_challenge"] not in str(dict(row))


async def test_another_provider_names_accounts_after_itself(world) -> None:
    for sub, identifier in (("f3c1-77", "keycloak:f3c1-77"), ("auth0|x/../y", "keycloak:~")):
        world.provider.be(sub=sub, name="Grace")
        async with world.browser() as browser:
            await world.sign_in(browser, "keycloak")
            assert (await browser.get(WHO)).json()["orcid"].startswith(identifier)


async def test_a_name_that_only_the_provider_tells_when_asked_is_asked_for(world) -> None:
    world.provider.be(sub="quiet", name="", userinfo={"given_name": "Grace", "family_name": "Hopper"})
    async with world.browser() as browser:
        await world.sign_in(browser, "keycloak")
        assert (await browser.get(WHO)).json()["name"] == "Grace Hopper"


async def test_orcid_without_openid_is_believed_by_its_token_endpoint(world) -> None:
    orcid, other = world.services.settings.identity.providers
    plain = type(orcid)(**{**vars(orcid), "scopes": ("/authenticate",)})
    other_world = world.with_settings(providers=(plain, other))
    world.provider.be(fault="no-id-token", beside={"orcid": ADA, "name": "Ada Lovelace"})
    async with other_world.browser() as browser:
        await other_world.sign_in(browser)
        assert (await browser.get(WHO)).json()["orcid"] == ADA


async def test_a_new_key_of_the_provider_is_fetched(world) -> None:
    for _ in range(2):
        world.provider.be(rotate=True)
        async with world.browser() as browser:
            assert (await world.sign_in(browser)).status_code == 303


MISBEHAVIOURS = {
    **dict.fromkeys(
        [
            "wrong-iss",
            "wrong-aud",
            "two-aud",
            "wrong-azp",
            "wrong-nonce",
            "no-nonce",
            "alg-none",
            "alg-hs256",
            "alg-hs256-of-the-key",
            "other-key",
            "no-jwt",
            "expired",
            "no-exp",
            "odd-exp",
            "not-yet",
            "no-sub",
            "odd-sub",
            "wrong-at-hash",
            "no-id-token",
            "iss-of-another",
            "no-iss",
            "error:invalid_scope",
        ],
        400,
    ),
    "error:access_denied": 403,
    "error:temporarily_unavailable": 503,
    "broken": 503,
    "no-json": 503,
}


SHOWN = ["alg-none", "error:access_denied", "broken"]


@pytest.mark.parametrize(
    ("fault", "accept"),
    [(fault, "application/json") for fault in sorted(MISBEHAVIOURS)] + [(fault, "text/html") for fault in SHOWN],
)
async def test_a_provider_that_misbehaves_signs_nobody_in(world, fault: str, accept: str) -> None:
    world.provider.be(fault=fault)
    async with world.browser(Accept=accept) as browser:
        answer = await world.sign_in(browser)
        assert answer.status_code == MISBEHAVIOURS[fault], answer.text
        assert (await browser.get(WHO)).status_code == 401
    assert "erc_session" not in answer.headers.get("set-cookie", "")
    assert answer.headers["content-type"].startswith("text/html" if accept == "text/html" else "application/problem")
    assert await _state(world) == []


@pytest.mark.parametrize("fault", ["down", "describes-another"])
async def test_a_sign_in_does_not_begin_with_a_provider_that_is_down(world, fault: str) -> None:
    world.provider.be(fault=fault)
    async with world.browser() as browser:
        answer = await browser.get(LOGIN, params={"provider": "orcid"})
    assert (answer.status_code, answer.json()["error"]) == (503, "ORCID does not answer")


async def test_a_slow_provider_is_given_up(world) -> None:
    world.provider.be(fault="slow")
    hasty = world.with_settings(provider_seconds=0.5)
    async with hasty.browser() as browser:
        assert (await hasty.sign_in(browser)).status_code == 503


@pytest.mark.parametrize("sub", ["0000-0002-1825-0098", "0000-0002-1825-009X", "ada", "", "0000-0002-1825-00970"])
async def test_an_orcid_with_a_wrong_check_digit_is_nobody_s(world, sub: str) -> None:
    world.provider.be(sub=sub)
    async with world.browser() as browser:
        assert (await world.sign_in(browser)).status_code == 400
    assert await _state(world) == []


async def test_an_orcid_that_differs_from_the_token_s_is_nobody_s(world) -> None:
    world.provider.be(beside={"orcid": "0000-0001-5109-3700"})
    async with world.browser() as browser:
        assert (await world.sign_in(browser)).status_code == 400


# ---------------------------------------------------------------------------------------------- state and code


async def test_the_answer_to_a_sign_in_of_another_browser_is_refused(world) -> None:
    async with world.browser() as attacker, world.browser() as victim, world.browser() as empty:
        back = await world.begin(attacker)
        await world.begin(victim)
        for browser in (victim, empty):
            answer = await browser.get(back)
            assert (answer.status_code, answer.json()["error"]) == (400, "This sign-in is not known")
            assert (await browser.get(WHO)).status_code == 401
        assert (await attacker.get(back)).status_code == 303


async def test_a_state_and_a_code_are_good_once(world) -> None:
    async with world.browser() as browser:
        back = await world.begin(browser)
        kept = browser.cookies["erc_sign_in"]
        assert (await browser.get(back)).status_code == 303
        browser.cookies.set("erc_sign_in", kept, domain="127.0.0.1")
        assert (await browser.get(back)).status_code == 400
        code = parse_qs(urlsplit(back).query)["code"][0]
        again = parse_qs(urlsplit(await world.begin(browser)).query)
        used = {"state": again["state"][0], "iss": again["iss"][0], "code": code}
        assert (await browser.get(LOGIN, params=used)).status_code == 400


async def test_an_answer_without_what_belongs_to_it_is_refused(world) -> None:
    async with world.browser() as browser:
        for left_out in ("state", "code"):
            said = {name: values[0] for name, values in parse_qs(urlsplit(await world.begin(browser)).query).items()}
            del said[left_out]
            assert (await browser.get(LOGIN, params=said)).status_code == 400
        for odd in ({"state": "\x00"}, {"code": "x"}, {"state": secrets.token_urlsafe(32), "code": "x"}):
            assert (await browser.get(LOGIN, params=odd)).status_code == 400


async def test_a_sign_in_is_over_after_ten_minutes(world) -> None:
    async with world.browser() as browser:
        back = await world.begin(browser)
        async with world.services.records.database.transaction() as transaction:
            left = await transaction.rows(text("SELECT extract(epoch FROM expires - now()) AS left FROM sign_in"))
            await transaction.connection.execute(text("UPDATE sign_in SET expires = now()"))
        assert 590 < left[0]["left"] <= 600
        assert (await browser.get(back)).status_code == 400


AWAY = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
]
AWAY += ["/ /evil.example", "///evil.example", "evil.example", "", "/\x00", "/ä", "/" + "a" * 3000]


@pytest.mark.parametrize("after", AWAY)
def test_a_path_that_leads_elsewhere_is_not_taken(after: str) -> None:
    assert local_path(after) == "/"


@pytest.mark.parametrize("after", AWAY[:3])
async def test_a_sign_in_leads_to_no_other_site(world, after: str) -> None:
    async with world.browser() as browser:
        assert (await world.sign_in(browser, after=after)).headers["location"] == "/"
    link = world.services.new_link()
    async with world.browser() as browser:
        answer = await browser.get(link, params={"token": link.rpartition("=")[2], "next": after})
        assert answer.headers["location"] == "/"


# ---------------------------------------------------------------------------------------------- choice, https


async def test_one_chooses_among_several_providers_and_goes_at_once_to_the_only_one(world) -> None:
    async with world.browser() as browser:
        answer = await browser.get(LOGIN, params={"next": "/account"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Faccount")
        page = (await browser.get(answer.headers["location"])).text
        assert "Sign in with ORCID" in page and "Sign in with Keycloak" in page
        assert "/api/v1/auth/login?provider=orcid&amp;next=%2Faccount" in page
        assert (await browser.get(LOGIN, params={"provider": "nobody"})).status_code == 404
    alone = world.with_settings(providers=world.services.settings.identity.providers[:1])
    async with alone.browser() as browser:
        assert (await browser.get(LOGIN)).status_code == 302


async def test_over_tls_no_other_host_can_set_the_cookies(world) -> None:
    safe = world.at("https://erc.example")
    async with safe.browser() as browser:
        begun = await browser.get(LOGIN, params={"provider": "orcid"})
        cookie = begun.headers["set-cookie"]
        assert cookie.startswith("__Host-erc_sign_in=")
        answer = await browser.get(await world.provider.visit(begun.headers["location"]))
        given = answer.headers.get_list("set-cookie")
    session = next(one for one in given if one.startswith("__Host-erc_session="))
    for one in (cookie, session):
        assert all(part in one for part in ("; HttpOnly", "; Secure", "; SameSite=lax", "; Path=/")), one
        assert "Domain" not in one
