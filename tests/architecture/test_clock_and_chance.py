"""Clock and chance come in from outside, so that the simulation can drive them; the adapters that ask are named here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("events", "workers", "gateway") for path in (ROOT / folder).rglob("*.py"))
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
CHANCES = ("random", "secrets", "uuid", "os.urandom")
ADAPTERS = {
    "events/outbox.py": {"datetime.now"},  # the shipped clock
    "events/blobs.py": {"secrets.token_hex"},  # names of partial files
    "events/object_blobs.py": {"secrets.token_hex"},  # names of what is staged
    "events/__main__.py": {"secrets.token_hex"},  # names of processes
    "events/delegating.py": {"secrets.token_hex"},  # subjects of talks
    "events/trace.py": {"secrets.token_hex"},  # ids of traces
    "workers/process.py": {"secrets.token_hex"},
    "workers/handover.py": {"secrets.token_urlsafe"},  # addresses for one errand
    "workers/trees.py": {"secrets.token_hex"},  # names of partial folders
    "workers/executor/sandbox.py": {"secrets.token_hex"},  # names of probes
    "gateway/identifiers.py": {"time.time_ns", "secrets.token_bytes"},  # the shipped ids
    "gateway/signer.py": {"time.time"},  # the default of a parameter
    "gateway/notifier/__main__.py": {"secrets.SystemRandom"},  # jitter of retries
    "gateway/routes/webhook.py": {"secrets.token_bytes"},  # secrets of webhooks
    "gateway/identity/randomness.py": {"secrets.token_urlsafe", "secrets.choice"},  # states, codes, personal tokens
    "gateway/services.py": {"secrets.token_urlsafe"},  # one-time links
    "gateway/store/sessions.py": {"secrets.token_urlsafe", "secrets.token_bytes"},  # cookies and keys
}


def asks(source: str) -> set[str]:
    """Return which clocks and chances a source asks by itself."""
    return set(_asked(ast.parse(source)))


def _asked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ".".join(ast.unparse(node).split(".")[-2:])
            if name in CLOCKS or name.startswith(tuple(f"{chance}." for chance in CHANCES)) or name in CHANCES:
                yield name
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", "random", "secrets", "uuid"}:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_adapters_ask_the_clock_or_chance(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name.startswith("gateway/client/"):
        return
    assert asks(path.read_text()) <= ADAPTERS.get(name, set())


def test_the_list_of_adapters_is_short_and_true() -> None:
    for name, allowed in ADAPTERS.items():
        assert asks((ROOT / name).read_text()) >= allowed, f"{name} asks less than it may"


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import datetime\ndatetime.datetime.now()",
        "from uuid import uuid4",
        "import random\nrandom.random()",
        "import secrets\nsecrets.token_hex(4)",
        "import os\nos.urandom(4)",
        "from time import time",
    ],
)
def test_what_asks_is_seen(source: str) -> None:
    assert asks(source)


def test_what_is_handed_in_is_not_seen() -> None:
    assert not asks("def work(now, rng, loop): return now(), rng.random_id(), loop.time()")
