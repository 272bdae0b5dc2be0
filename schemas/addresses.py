"""Addresses in the network that this service may be sent to by somebody: public ones, written in one way. Pure.

Whoever connects resolves the name once, asks about every address of the answer, and connects to one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

MOST_CHARACTERS = 2000

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PATH = r"(?:[/?][!\"$-\[\]-~]*)?"
_HTTPS = re.compile(
    rf"https://(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])(?::443)?{_PATH}", re.IGNORECASE | re.ASCII
)
_LOOPBACK = re.compile(rf"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::[1-9][0-9]{{0,4}})?{_PATH}")

_REFUSED_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
]
"""IANA's special-purpose registry, multicast, reserved, 6to4 relays, and the host services of a cloud."""
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = [
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
]


def is_public(address: str) -> bool:
    """Return whether an IP address (as text) is one of the public internet; False for what is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            return False
        if parsed.ipv4_mapped is None:
            return parsed in _GLOBAL_V6 and not any(parsed in network for network in _REFUSED_V6)
        parsed = parsed.ipv4_mapped
    return _is_public_v4(parsed)


def are_public(addresses: Iterable[str]) -> bool:
    """Return whether there are addresses and every single one is public."""
    found = list(addresses)
    return bool(found) and all(is_public(address) for address in found)


def is_loopback(address: str) -> bool:
    """Return whether an IP address (as text) is this machine itself."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def may_be_called(address: str, *, loopback: bool = False) -> bool:
    """Return whether a web address is written as one that may be called: https, a name with a dot, port 443.

    No other spelling is read: no numbers instead of a name, no user, no fragment, no other port. With `loopback` also
    http and https to this machine, on any port.
    """
    if len(address) > MOST_CHARACTERS:
        return False
    return bool(_HTTPS.fullmatch(address) or (loopback and _LOOPBACK.fullmatch(address)))


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in _REFUSED_V4)
