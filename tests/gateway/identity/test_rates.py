"""How often one may ask: by account, else by address, told with a time to come again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from erc.gateway.identity.limiting import Counted, address_of, counted_as
from erc.gateway.identity.rates import Buckets, Known
from erc.gateway.identity.settings import Rates, read_identity

WHO = "/api/v1/auth/whoami"
PROXIES = read_identity({"GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1 fd00::/8"}).trusted_proxies


async def test_who_asks_too_often_is_told_when_to_come_again(world) -> None:
    small = world.with_settings(rates=Rates(reads=3, writes=2, uploads=1, sign_ins=2))
    async with small.browser() as stranger, await small.of("ada") as ada, await small.of("bob") as bob:
        statuses = [(await stranger.get("/api/v1")).status_code for _ in range(4)]
        refused = await stranger.get("/api/v1")
        assert statuses == [200, 200, 200, 429]
        assert (refused.status_code, refused.json()["error"]) == (429, "Too many requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 20
        assert refused.headers["X-Content-Type-Options"] == "nosniff"
        page = await stranger.get("/", headers={"Accept": "text/html"})
        assert page.status_code == 429 and "Please wait a moment" in page.text and page.headers["Retry-After"]
        assert (await stranger.get("/static/erc.css")).status_code == 200
        assert (await stranger.get("/health/live")).status_code == 200
        del ada, bob


async def test_accounts_at_one_address_do_not_hinder_each_other(world) -> None:
    small = world.with_settings(rates=Rates(reads=4, writes=0, uploads=0, sign_ins=0))
    async with await small.of("ada") as ada, await small.of("bob") as bob:
        for browser in (ada, bob):  # the first request of each is counted by address, for nobody has looked yet
            assert (await browser.get(WHO)).status_code == 200
        assert [(await ada.get(WHO)).status_code for _ in range(5)] == [200] * 4 + [429]
        assert [(await bob.get(WHO)).status_code for _ in range(4)] == [200] * 4


async def test_a_made_up_cookie_gives_no_bucket_of_its_own(world) -> None:
    small = world.with_settings(rates=Rates(reads=3, writes=0, uploads=0, sign_ins=0))
    statuses = []
    for number in range(4):
        async with small.browser(Cookie=f"erc_session=made-up-{number}") as browser:
            statuses.append((await browser.get("/api/v1/compendium")).status_code)
    assert statuses == [200, 200, 200, 429]


async def test_the_operator_and_an_installation_for_one_machine_are_not_limited(world) -> None:
    small = world.with_settings(rates=Rates(reads=1, writes=1, uploads=1, sign_ins=1))
    async with small.bearer("a-token") as operator:
        assert {(await operator.get(WHO)).status_code for _ in range(5)} == {200}
    alone = small.with_settings(providers=())
    async with alone.browser() as stranger:
        assert {(await stranger.get("/api/v1")).status_code for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("method", "path", "counted"),
    [
        ("GET", "/api/v1/auth/login", Counted.SIGN_IN),
        ("POST", "/api/v1/auth/device/token", Counted.SIGN_IN),
        ("POST", "/api/v1/token", Counted.SIGN_IN),
        ("GET", "/device", Counted.SIGN_IN),
        ("GET", "/api/v1/token", Counted.READ),
        ("GET", WHO, Counted.READ),
        ("POST", "/api/v1/compendium", Counted.UPLOAD),
        ("POST", "/upload", Counted.UPLOAD),
        ("GET", "/api/v1/compendium", Counted.READ),
        ("DELETE", "/api/v1/compendium/x", Counted.WRITE),
        ("PATCH", "/api/v1/user/x", Counted.WRITE),
        ("PATCH", "/api/v1/sources/x", Counted.PIECE),
        ("POST", "/api/v1/sources", Counted.WRITE),
        ("GET", "/static/erc.css", None),
        ("GET", "/health/live", None),
    ],
)
def test_a_request_is_counted_as(method: str, path: str, counted: Counted | None) -> None:
    assert counted_as(method, path) is counted


@pytest.mark.parametrize(
    ("peer", "forwarded", "who"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1, 198.51.100.1", "10.9.9.9"], "198.51.100.1"),
        ("192.0.2.1", ["evil, 198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", ["evil"], "evil"),
        ("192.0.2.1", [], "192.0.2.1"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_only_our_own_proxies_are_believed_about_who_asks(peer: str, forwarded: list[str], who: str) -> None:
    assert address_of(peer, forwarded, PROXIES) == who


async def test_behind_a_proxy_each_address_has_its_own_bucket(world) -> None:
    networks = read_identity({"GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}).trusted_proxies
    small = world.with_settings(rates=Rates(reads=2, writes=0, uploads=0, sign_ins=0), trusted_proxies=networks)
    async with small.browser() as proxy:

        async def asked(address: str) -> int:
            return (await proxy.get("/api/v1", headers={"X-Forwarded-For": address})).status_code

        assert [await asked("198.51.100.1") for _ in range(3)] == [200, 200, 429]
        assert await asked("198.51.100.2") == 200
        household = [await asked(f"2001:db8:1:2::{number}") for number in range(3)]
        assert household == [200, 200, 429]
        assert await asked("2001:db8:1:3::1") == 200
        assert await asked("no address") == 200


@given(per_minute=some.integers(1, 100), pauses=some.lists(some.floats(0, 30), max_size=200))
def test_a_bucket_never_gives_more_than_it_holds_and_what_flows_in(per_minute: int, pauses: list[float]) -> None:
    now = 0.0
    buckets = Buckets(per_minute, lambda: now)
    given_out = 0
    for pause in pauses:
        now += pause
        waits = buckets.take("ada")
        given_out += waits == 0
        assert given_out <= per_minute + now * per_minute / 60 + 1e-6
        assert 0 <= waits <= math.ceil(60 / per_minute) + 1


@given(some.integers(1, 1000))
def test_who_comes_again_when_told_is_answered(per_minute: int) -> None:
    now = 0.0
    buckets = Buckets(per_minute, lambda: now)
    while not (waits := buckets.take("ada")):
        pass
    now += waits
    assert buckets.take("ada") == 0


def test_memory_is_bounded() -> None:
    buckets, known = Buckets(1, lambda: 0.0, most=10), Known(most=10)
    for number in range(100):
        buckets.take(str(number))
        known.remember(str(number), "ada")
    assert [known.holder(str(number)) for number in (0, 99)] == [None, "ada"]
    assert buckets.take("99") > 0
    assert buckets.take("0") == 0
    known.remember("99", None)
    assert known.holder("99") is None
