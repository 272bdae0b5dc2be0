"""Which addresses may be called: the corpus of known spellings, and properties over all addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.addresses import are_public, is_public, may_be_called

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.1.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.1.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:1::1",
    "3ffe::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2620:4f:8000::1",
    "2a00:1450::1%1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "168.63.129.15",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "192.169.0.1",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
]
NO_ADDRESS = [
    "",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "1.2.3.4 ",
    "[::1]",
    "1.2.3",
    "١.1.1.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_of_the_public_internet_is_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert not is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_a_v4_address_is_public_as_itself_as_in_v6(number: int) -> None:
    address = IPv4Address(number)
    assert is_public(str(address)) == is_public(f"::ffff:{address}")
    if is_public(str(address)):
        assert address.is_global
        assert not (address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local)


@given(st.integers(0, 2**128 - 1))
def test_a_public_v6_address_is_global_unicast(number: int) -> None:
    address = IPv6Address(number)
    if address.ipv4_mapped is None and is_public(str(address)):
        assert number >> 125 == 1
        assert address.is_global
        assert address.sixtofour is None
        assert address.teredo is None


@given(st.integers(0, 2**32 - 1))
def test_no_spelling_of_v6_carries_a_private_v4_address(number: int) -> None:
    inner = IPv4Address(number)
    if is_public(str(inner)):
        return
    carried = [number, (0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80), (0xFFFF << 32) | number]
    assert not any(is_public(str(IPv6Address(value))) for value in carried)


@given(st.lists(st.sampled_from(PRIVATE + PUBLIC), max_size=5))
def test_one_private_address_spoils_the_answer(addresses: list[str]) -> None:
    assert are_public(addresses) == (bool(addresses) and not set(addresses) & set(PRIVATE))


GOOD = [
    "https://journal.example.org/hooks/erc",
    "https://journal.example.org",
    "https://journal.example.org:443/a?b=c&d=%20",
    "https://xn--exmple-cua.org/",
    "HTTPS://Journal.Example.ORG/Path",
    "https://a.b.c.d.example.travel/",
]
BAD = [
    "http://journal.example.org/",
    "https://localhost/",
    "https://journal/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://1.2.3.4/",
    "https://user@example.org/",
    "https://user:pw@example.org/",
    "https://example.org@127.0.0.1/",
    "https://example.org:8443/",
    "https://example.org:22/",
    "https://example.org:/",
    "https://example.org:0443/",
    "https://example.org./",
    "https://.example.org/",
    "https://example..org/",
    "https://-a.example.org/",
    "https://a-.example.org/",
    "https://example.org#@127.0.0.1/",
    "https://example.org/#",
    "https://example.org\\@127.0.0.1/",
    "https://example.org/\\",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "//example.org/",
    "https:example.org",
    "https:/example.org",
    "https:///example.org",
    "javascript:alert(1)",
    "https://exämple.org/",
    "https://example。org/",
    "https://ⓔxample.org/",
    "https://example.org/ä",
    "https://ſ.example.org/",
]
SPACED = [" https://example.org/", "https://example.org/ ", "https://example.org/\r\nHost: x", "https://ex\tample.org/",
          "https://example.org/a b", "https://example.org/\0", "https://example.org/" + "a" * 2000, ""]  # fmt: skip


@pytest.mark.parametrize("address", GOOD)
def test_an_ordinary_address_may_be_called(address: str) -> None:
    assert may_be_called(address)


@pytest.mark.parametrize("address", BAD + SPACED)
def test_any_other_spelling_is_refused(address: str) -> None:
    assert not may_be_called(address)


@given(st.text("aZ1-.:/@#\\?[]%= \tſⓔ", max_size=30).map(lambda text: f"a.{text}"))
def test_nothing_that_follows_the_scheme_is_read_in_two_ways(rest: str) -> None:
    address = f"https://{rest}"
    if may_be_called(address):
        host = rest.partition("/")[0].partition("?")[0].partition(":")[0]
        assert host.isascii()
        assert "." in host
        assert not host.rpartition(".")[2].isdigit()
        assert not set(address) & set("@#\\ ")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000/x", "https://localhost/", "http://[::1]:9/", "http://localhost:1"]
)
def test_this_machine_may_be_called_only_when_that_is_allowed(address: str) -> None:
    assert may_be_called(address, loopback=True)
    assert not may_be_called(address)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.2/", "http://10.0.0.1/", "http://127.0.0.1.example.org/", "http://localhost@10.0.0.1/"]
)
def test_no_other_machine_may_be_called_without_https(address: str) -> None:
    assert not may_be_called(address, loopback=True)
