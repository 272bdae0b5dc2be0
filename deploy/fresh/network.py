"""A network of its own for a fresh system: an address on the engine's bridge, where its engine disturbs nobody."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator

from erc.deploy.refusal import Refusal

_BRIDGE = "docker0"


@contextlib.contextmanager
def own_network() -> Iterator[str]:
    """Yield the name of a network namespace that reaches the world. Raises Refusal when there is no bridge."""
    bridge = _bridge()
    address = ipaddress.ip_interface(f"{bridge.network.broadcast_address - 5}/{bridge.network.prefixlen}")
    name, outer = f"erc{os.getpid()}", f"ercv{os.getpid()}"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", outer, "master", _BRIDGE, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "address", "add", str(address), "dev", "eth0")
        _ip("-n", name, "route", "add", "default", "via", str(bridge.ip))
        yield name
    finally:
        _ip("netns", "delete", name)


def _bridge() -> ipaddress.IPv4Interface:
    answer = subprocess.run(["ip", "-j", "-4", "address", "show", _BRIDGE], capture_output=True, text=True, check=False)
    try:
        found = json.loads(answer.stdout)[0]["addr_info"][0]
        return ipaddress.IPv4Interface(f"{found['local']}/{found['prefixlen']}")
    except (ValueError, LookupError):
        raise Refusal("There is no bridge docker0 to reach the world through; start the Docker engine.") from None


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
