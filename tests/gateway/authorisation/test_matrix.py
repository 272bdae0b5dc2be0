"""Every operation of the contract, asked by everybody about a thing in every state, answers as the table says.

The expectation is computed from `auth`'s table by the operation's `x-action` alone, never from the routes.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import yaml
from support.askers import LINK_HOLDER, OWNER, Asker, add_account, add_token, askers, by_session
from support.serving import served
from support.things import State, Things, World

from erc.gateway.app import create_app
from erc.gateway.auth import OF_THE_SERVICE, OF_THINGS, Action, Answer, Principal, Scope, Thing, authorise
from erc.gateway.identifiers import new_id
from erc.gateway.identity.settings import IdentitySettings, Rates
from erc.gateway.services import Services

CONTRACT = Path(__file__).parents[3] / "gateway" / "openapi.yaml"
ONCE = "no compendium"
"""The state of what belongs to none."""

PLACES = {
    "id": "0" * 26,
    "path": "data.csv",
    "file": "data/data.csv",
    "step": "check",
    "what": "nothing",
    "number": "1",
    "binding": "figure1",
    "upload": "0" * 26,
}
FIGURE = {"type": "figure", "result": "Figure 1"}
SLIDER = {"type": "slider", "minValue": 1, "maxValue": 24, "stepSize": 1, "caption": "Hours."}
CODE = {
    "file": "main.R",
    "codelines": [{"first_line": 1, "last_line": 1}],
    "parameter": [{"text": "duration <- 24", "name": "duration", "val": 24, "uiWidget": SLIDER}],
}
BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "binding_create": lambda it: {"id": it, "computationalResult": FIGURE, "sourcecode": CODE},
    "binding_extract": lambda it: {"id": it, "file": "main.R"},
    "job_create": lambda it: {"compendium_id": it},
    "metadata_patch": lambda _: {"o2r": {"title": "Snow by month"}},
    "metadata_put": lambda _: {"o2r": {"title": "Snow by month"}},
    "metadata_validate": lambda _: {"o2r": {}},
    "plan_create": lambda _: {"files": []},
    "runs_create": lambda it: {"compendium_id": it, "name": "paper"},
    "shipment_create": lambda it: {"compendium_id": it, "recipient": "download"},
    "shipment_create_as": lambda it: {"compendium_id": it, "recipient": "download"},
    "substitution_create": lambda it: {
        "base": it,
        "overlay": it,
        "substitutionFiles": [{"base": "data.csv", "overlay": "data.csv"}],
        "metadataHandling": "keepBase",
    },
    "source_start": lambda _: {"digest": "0" * 64, "size": 1},
    "token_create": lambda _: {"name": "made", "scopes": ["read"], "days": 1},
    "token_revoke": lambda _: {"token": "nothing"},
    "webhook_create": lambda _: {"address": "https://example.org/hook"},
}
"""Bodies that are good enough to be judged, by operation; they are told the id of a compendium."""
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
OWNERS = {"user": OWNER}
"""Of a run that is asked for by its name, which everybody has for themselves."""
QUERIES = {
    **dict.fromkeys(("runs_view", "runs_build", "runs_kill", "purging_purge"), OWNERS),
    "user_edit": {"level": "0"},
    "inspection_inspect": {"file": "data.csv"},
    "search_find": {"q": "rain"},
}
BY_BODY = {
    "job_create",
    "shipment_create",
    "shipment_create_as",
    "substitution_create",
    "binding_create",
    "binding_extract",
    "runs_create",
}
"""Operations whose compendium is named in the body."""
OF_ONESELF = {"sign_in_who", "quota_view"}
"""Operations about the asker, which need one."""
FOR_THE_OPERATOR = {"sign_in_link"}
MISSING = {"no compendium with this id", "no job with this id", "no shipment with this id", "no webhook with this id"}


@dataclass(frozen=True)
class Operation:
    """An operation of the contract."""

    id: str
    method: str
    path: str
    action: Action | None

    @property
    def about(self) -> str:
        """What it is about: a compendium, a job, a shipment, a webhook, a user, or nothing of these."""
        first = self.path.removeprefix("/api/v1/").partition("/")[0].partition("{")[0]
        if self.id in BY_BODY or ("{id}" in self.path and first in {"compendium", "inspection"}):
            return "compendium"
        return first if "{id}" in self.path or "{name}" in self.path else ""


@dataclass(frozen=True)
class Cell:
    """One request, and what it must be answered by: a set of statuses, or None for what the table allows."""

    operation: Operation
    asker: Asker
    state: str
    things: Things
    expected: int | None


@dataclass
class Outcome:
    """What came of all cells."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def operations() -> list[Operation]:
    """Return the operations of the contract."""
    document = yaml.safe_load(CONTRACT.read_text())
    return [
        Operation(
            about["operationId"], method.upper(), path, Action(about["x-action"]) if "x-action" in about else None
        )
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    ]


def asked_as(operation: Operation, asker: Asker, things: Things) -> Principal:
    """Return who asks, as the table knows them: whoever comes by a good link is what the link opens."""
    opens = asker.label == LINK_HOLDER and things.state is State.CANDIDATE and operation.about in {"compendium", "job"}
    return Principal("", link=things.link, opens=things.compendium) if opens else asker.principal


def thing_of(operation: Operation, asker: Asker, things: Things) -> Thing | None:
    """Return what the table is asked about."""
    by_link, about = asker.label == LINK_HOLDER, operation.about
    if about == "compendium":
        gone = things.state in {State.DELETED, State.FORGOTTEN} or (by_link and things.state is not State.CANDIDATE)
        return None if gone else Thing(OWNER, things.candidate, things.compendium)
    if about == "job":
        return Thing(f"link.{things.link}" if by_link else OWNER, things.candidate, things.compendium)
    if about in {"shipment", "webhook", "runs"}:
        return Thing(OWNER, candidate=True)
    if about == "user":
        return Thing("dora", candidate=False)
    if about == "token" or operation.id in {"token_index", "token_create", "runs_index"}:
        return Thing(asker.principal.name, candidate=False)
    return None


def expected(operation: Operation, asker: Asker, things: Things) -> int | None:
    """Return the status that the table demands; None for what it allows."""
    if operation.action is None:
        return _without_action(operation, asker)
    if operation.id == "user_view":
        return None
    thing, principal = thing_of(operation, asker, things), asked_as(operation, asker, things)
    answer = authorise(principal, operation.action, thing)
    if operation.id == "substitution_create":
        # Who may substitute nothing at all is told so, whatever is asked for.
        first = authorise(asker.principal, operation.action, Thing("somebody", candidate=False))
        answer = answer if first is Answer.ALLOWED else first
    if operation.id == "job_rerun" and things.state in {State.DELETED, State.FORGOTTEN}:
        known = authorise(principal, Action.VIEW, thing) is Answer.ALLOWED
        return 410 if known and things.state is State.DELETED else 404
    if answer is Answer.ALLOWED:
        return 404 if operation.id == "token_end" and asker.principal.name != OWNER else None
    if answer is Answer.NOT_FOUND:
        gone = things.state is State.DELETED and operation.about == "compendium" and asker.label != LINK_HOLDER
        return 410 if gone else 404
    forbidden = 401 if operation.id == "substitution_create" else 403
    return {Answer.SIGN_IN: 401, Answer.FORBIDDEN: forbidden, Answer.TOKEN: 403}[answer]


def _without_action(operation: Operation, asker: Asker) -> int | None:
    if operation.id in FOR_THE_OPERATOR or (operation.id in OF_ONESELF and asker.principal.anonymous):
        return 401
    return None


async def cells(world: World, everybody: list[Asker]) -> list[Cell]:
    """Return every cell; what changes something gets a thing of its own."""
    shared = {state: await world.make(state) for state in State}
    found = []
    for operation in operations():
        states = list(State) if operation.about in {"compendium", "job", "shipment"} else [State.CANDIDATE]
        for asker in everybody:
            for state in states:
                things = shared[state]
                demanded = expected(operation, asker, things)
                if demanded is None and operation.method != "GET" and operation.about:
                    things = await world.make(state)
                named = state.value if len(states) > 1 else ONCE
                found.append(Cell(operation, asker, named, things, demanded))
    return found


def request_of(cell: Cell, named: str) -> dict[str, Any]:
    """Return the request of a cell; `named` is the id of a token or a user."""
    operation, things = cell.operation, cell.things
    by_link = cell.asker.label == LINK_HOLDER
    compendium = things.link if by_link else things.compendium
    job = things.job_by_link if by_link else things.job
    ids = {"compendium": compendium, "job": job, "shipment": things.shipment, "webhook": things.webhook}
    places = {**PLACES, "id": ids.get(operation.about, named), "name": things.run}
    if operation.id == "shipment_create_as":
        places["id"] = new_id()
    if "/dead/" in operation.path:
        places["id"] = "1"
    request: dict[str, Any] = {
        "method": operation.method,
        "url": operation.path.format(**places),
        "params": QUERIES.get(operation.id, {}),
        "headers": {"Accept": "application/json", "Prefer": "handling=strict", **SAME_ORIGIN, **cell.asker.headers},
    }
    if operation.id in BODIES:
        request["json"] = BODIES[operation.id](compendium)
    return request


def judge(cell: Cell, status: int, text: str) -> str:
    """Return what is wrong with an answer; nothing when it is as the table says."""
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
    said = document.get("error") if isinstance(document, Mapping) else None
    if cell.expected is None:
        hidden = status in {404, 410} and said in MISSING
        bad = status in {401, 403} or (status >= 500 and status != 501) or hidden
    else:
        bad = status != cell.expected
    if not bad:
        return ""
    wanted = cell.expected or "allowed"
    return f"{cell.operation.id} by {cell.asker.label}, {cell.state}: {status} ({said}) instead of {wanted}"


async def prepared(services: Services, cell: Cell, number: int) -> tuple[Cell, str]:
    """Return the cell, with a session that may end, and the id of a token or a user that may."""
    operation, asker = cell.operation, cell.asker
    if operation.id == "token_end":
        return cell, (await add_token(services, OWNER, [Scope.READ]))[0]
    if operation.about == "user" and operation.method != "GET":
        await add_account(services, f"dora{number}", 0)
        return cell, f"dora{number}"
    if operation.id == "sign_in_logout" and "Cookie" in asker.headers:
        leaving = await by_session(services, asker.principal.name, asker.principal.level)
        return replace(cell, asker=leaving), ""
    return cell, "dora" if operation.about == "user" else "0" * 26


async def ask(client: httpx2.AsyncClient, cell: Cell, named: str) -> tuple[int, str]:
    """Send the request of a cell; return the status and what is wrong with the answer."""
    request = request_of(cell, named)
    if cell.operation.id == "download_as_tar_gz":
        # It sends everybody on, without looking.
        request["url"] = (await client.request(**request)).headers["location"]
    async with client.stream(**request) as answer:
        streams = answer.headers.get("content-type", "").startswith("text/event-stream")
        text = "" if streams else (await answer.aread()).decode(errors="replace")
    return answer.status_code, judge(cell, answer.status_code, text)


def unlimited(services: Services) -> None:
    """Let everybody ask as often as the matrix does."""
    identity = IdentitySettings(rates=Rates(0, 0, 0, 0))
    services.settings = replace(services.settings, identity=identity)
    services.__post_init__()


async def test_every_cell_of_the_table_is_as_the_table_says(gateway) -> None:
    services = gateway.services
    unlimited(services)
    everybody = await askers(services)
    found = await cells(World(services), everybody)
    outcome = Outcome()
    async with served(create_app(services)) as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:

        async def some(mine: Iterator[tuple[int, Cell]]) -> None:
            for number, cell in mine:
                ready, named = await prepared(services, cell, number)
                status, wrong = await ask(client, ready, named)
                outcome.statuses[status] += 1
                outcome.wrong += [wrong] if wrong else []

        shared = iter(enumerate(found))
        await asyncio.gather(*(some(shared) for _ in range(4)))
    by_status = dict(sorted(outcome.statuses.items()))
    print(f"{len(found):,} cells: {len(operations())} operations, {len(everybody)} askers; answers {by_status}")
    assert not outcome.wrong, f"{len(outcome.wrong)} cells are wrong\n" + "\n".join(outcome.wrong)
    assert len(found) >= 1500
    assert outcome.statuses.total() == len(found)


def test_every_action_of_the_table_is_asked_for_by_an_operation() -> None:
    assert {operation.action for operation in operations()} - {None} == {*OF_THINGS, *OF_THE_SERVICE}
