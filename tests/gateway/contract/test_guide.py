"""What docs/api.md says of lists and repeats is what the routes say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

from erc.gateway.app import ROUTES
from erc.gateway.describing import REPEAT, Described

GUIDE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
OPERATIONS = [route for route in ROUTES if isinstance(route, Described)]


def _named(beginning: str) -> set[str]:
    """Return the addresses in the sentence of the guide that begins so."""
    sentence = GUIDE.partition(beginning)[2].partition(". ")[0].partition("\n")[0]
    return set(re.findall(r"`(/[^`]*)`", sentence))


def _address(route: Described) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path).removeprefix("/api/v1")


def test_the_guide_names_what_is_done_once() -> None:
    repeated = {_address(route) for route in OPERATIONS if REPEAT in route.about.query}
    assert _named("`Idempotency-Key`: a POST to ") == repeated


def test_the_guide_names_the_lists_with_totals() -> None:
    counted = {_address(route) for route in OPERATIONS if "X-Total-Count" in route.about.headers}
    assert _named("The lists of compendia, of jobs (") | {"/compendium", "/job"} == counted
