"""Whatever is sent to the web API, it answers as its contract says: documented statuses, conforming bodies, no 5xx."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi
from support.plan_answers import answer_plans
from support.serving import served
from support.things import State, World

from erc.gateway.app import create_app
from erc.gateway.routes import compendium

CONTRACT = Path(__file__).parents[3] / "gateway" / "openapi.yaml"
CHECKS = [
    not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]
EXAMPLES = {"nobody": 1, "an administrator": 3}
HOSTILE = [
    "\x00",
    "%00",
    "../../etc/passwd",
    "..%2f..%2fetc/passwd",
    "' OR '1'='1",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "\U0001f98a" * 300,
    "a" * 9000,
    "-1",
    "9" * 400,
    "1e999",
    "NaN",
    "null",
    "[]",
    "{}",
    "<script>alert(1)</script>",
    "\r\nX-Injected: yes",
    "%s%n",
    "\u202e\ufeff",
    "${jndi:ldap://127.0.0.1/a}",
]


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """Return the contract with documents that may hold only what it names, so that what is not described is found out.

    Who asks is said by the test alone.
    """
    closed = copy.deepcopy(document)
    closed.pop("security")
    for methods in closed["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    for name, schema in closed["components"]["schemas"].items():
        if "properties" in schema and name != "ProblemDocument" and not schema.get("additionalProperties"):
            schema.setdefault("additionalProperties", False)
    return closed


@dataclass
class Record:
    """How many answers of each status came, and what was wrong with the first of each kind that was wrong."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    def take(self, case: Any, answer: Any) -> None:
        """Check an answer and count it."""
        self.statuses[f"{answer.status_code}"] += 1
        try:
            # What is not there yet says so: 501 is documented, and no fault.
            case.validate_response(answer, checks=CHECKS[answer.status_code == 501 :])
        except FailureGroup as group:
            for failure in group.exceptions:
                what = f"{case.method} {case.operation.path}: {failure.title} ({answer.status_code})"
                self.wrong.setdefault(what, f"{failure}\n{case.as_curl_command()}\n{answer.content[:600]!r}")


def kind_of(operation: Any) -> str:
    """Return what an operation is about."""
    return str(operation.path.removeprefix("/api/v1/").partition("/")[0])


def fuzz(
    schema: Any, url: str, headers: Mapping[str, str], real: Mapping[str, list[str]], record: Record, examples: int
) -> None:
    """Send generated requests, some of them about what is there."""
    for found in schema.get_all_operations():
        operation = found.ok()
        kind = kind_of(operation)
        for mode in GenerationMode:

            @seed(1)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode), pick=st.sampled_from([*real.get(kind, []), ""]))
            def one(case: Any, pick: str) -> None:
                if pick and "id" in (case.path_parameters or {}) and case.method != "DELETE":
                    case.path_parameters["id"] = pick
                answer = case.call(base_url=url, headers={"Accept": "application/json", **headers}, timeout=20)
                record.take(case, answer)

            with contextlib.suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
                one()


def hostile(schema: Any, url: str, headers: Mapping[str, str], real: Mapping[str, list[str]], record: Record) -> None:
    """Send every hostile text to every operation, each of its parameters another one at a time."""
    for found in schema.get_all_operations():
        operation = found.ok()
        names = [(one.location.value, one.name) for one in operation.iter_parameters() if one.name != "erc_session"]
        texts = iter(HOSTILE if names else [])
        while sent := dict(zip(names, texts, strict=False)):
            sent = dict.fromkeys(names, "1") | sent
            if "/dead/" in operation.path:
                sent["path", "id"] = "1"
            elif len(names) > 1 and ("path", "id") in sent and operation.method != "delete":
                sent["path", "id"] = real.get(kind_of(operation), ["1"])[0]
            places = {place: {name: text for (at, name), text in sent.items() if at == place} for place, _ in names}
            case = operation.Case(
                method=operation.method.upper(), path_parameters=places.get("path"), query=places.get("query")
            )
            plain = {
                name: text for name, text in places.get("header", {}).items() if text.isascii() and text.isprintable()
            }
            answer = case.call(base_url=url, headers={"Accept": "application/json", **plain, **headers}, timeout=20)
            record.take(case, answer)


@pytest.mark.parametrize("who", ["nobody", "an administrator"])
async def test_every_answer_is_as_the_contract_says(gateway, who: str, monkeypatch) -> None:
    monkeypatch.setattr(compendium, "WAIT_SECONDS", 0.1)
    services = gateway.services
    await answer_plans(services.asking, services.settings.home)
    world = World(services)
    made = [await world.make(state) for state in (State.CANDIDATE, State.PUBLISHED)]
    real = {
        "compendium": [*(one.compendium for one in made), made[0].link],
        "inspection": [one.compendium for one in made],
        "job": [one.job for one in made],
        "shipment": [made[0].shipment],
        "webhook": [made[0].webhook],
    }
    headers = {"Authorization": "Bearer a-token"} if who == "an administrator" else {}
    schema = schemathesis.openapi.from_dict(strict(yaml.safe_load(CONTRACT.read_text())))
    async with served(create_app(services)) as url:
        record = Record()
        await asyncio.to_thread(fuzz, schema, url, headers, real, record, EXAMPLES[who])
        if who != "nobody":
            await asyncio.to_thread(hostile, schema, url, headers, real, record)
    print(f"{record.statuses.total():,} requests by {who}: {dict(sorted(record.statuses.items()))}")
    assert not record.wrong, "\n\n".join(f"{what}\n{said}" for what, said in record.wrong.items())
    assert {"200", "404"} < set(record.statuses)
