"""`python -m erc.deploy`, which `erc up` becomes: the whole service on this machine, in the foreground."""

from __future__ import annotations

import os
import sys
import time

from erc.deploy.embedded import Addresses, Stack
from erc.deploy.refusal import Refusal
from erc.deploy.settings import Settings
from erc.deploy.state import State


def main() -> None:
    """Start the stack, say where it is, watch it until a signal comes, stop it."""
    if not sys.platform.startswith("linux"):
        sys.exit("The service runs on Linux; the client (`erc run --url …`) runs anywhere.")
    try:
        settings = Settings.read(sys.argv[1:], os.environ)
        state = State(settings.home)
        state.take()
        sys.exit(run(settings, state))
    except Refusal as refusal:
        sys.exit(str(refusal))


def run(settings: Settings, state: State) -> int:
    """Run the stack on a state folder whose lock is held; return the exit code."""
    began = time.monotonic()
    stack = Stack(settings, state, _say)
    try:
        addresses = stack.start()
        if addresses:
            state.announce(addresses.url, addresses.content_url)
            _describe(settings, state, stack, addresses, time.monotonic() - began)
        while addresses and not settings.once and not stack.supervisor.stopping:
            stack.supervisor.watch(5.0)
    finally:
        state.withdraw()
        stack.supervisor.stop()
        state.release()
    _say("Everything has stopped.")
    return 0


def _describe(settings: Settings, state: State, stack: Stack, addresses: Addresses, seconds: float) -> None:
    servers = {"DATABASE_URL": settings.database_url, "NATS_URL": settings.nats_url}
    given = [name for name, value in servers.items() if value]
    _say(f"The service is ready after {seconds:.1f} s.")
    _say(f"  started  {' '.join(stack.supervisor.alive())}")
    if given:
        _say(f"  used     the servers of {' and '.join(given)}")
    if not settings.nats_url:
        _say(f"  events   the address for subscribers is in {state.home / 'secrets' / 'nats_subscriber_url'}")
    _say(f"  state    {state.home} (logs in {state.home / 'logs'})")
    if "gateway" in stack.supervisor.alive():
        _say(f"  address  {addresses.url}")
        _say(f"  sign in  {stack.sign_in(addresses)}  (works once)")
    if not settings.once and sys.stdin.isatty():
        _say("Ctrl-C stops everything.")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
