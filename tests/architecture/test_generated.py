"""What is generated is current, and says everything."""

from __future__ import annotations

import re
from pathlib import Path

from erc.events import asyncapi
from erc.events.catalog import COMMANDS, EVENTS
from erc.gateway import openapi
from erc.gateway.app import ROUTES
from erc.gateway.describing import Described
from erc.schemas import contracts

ROOT = Path(__file__).parents[2]


def test_the_asyncapi_document_is_current() -> None:
    assert (ROOT / "events" / "asyncapi.yaml").read_text() == asyncapi.text(), "run: make contracts"


def test_every_command_and_event_is_documented() -> None:
    messages = asyncapi.document()["components"]["messages"]
    assert set(messages) == {f"{name}.v1" for name in COMMANDS} | set(EVENTS)
    assert all(message["summary"] for message in messages.values())


def test_the_json_schemas_are_current() -> None:
    committed = {path.name: path.read_text() for path in (ROOT / "schemas" / "json").glob("*.json")}
    assert committed == contracts.texts(), "run: make contracts"


def test_the_openapi_document_is_current() -> None:
    assert (ROOT / "gateway" / "openapi.yaml").read_text() == openapi.text(), "run: make contracts"


def test_every_route_of_the_web_api_is_described() -> None:
    paths = {route.path for route in ROUTES if not isinstance(route, Described) and route.path.startswith("/api")}
    assert not paths, "say what it is with Described"


def test_every_operation_has_a_name_of_its_own_and_words() -> None:
    document = openapi.document(openapi.described(ROUTES))
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert sorted(set(names)) == sorted(names)
    assert all(operation["summary"] and operation["responses"] for operation in operations)
    assert len(operations) == len(openapi.described(ROUTES))


def test_messages_have_no_free_text() -> None:
    allowed = re.compile(
        r"^(\w+_id|manifest|upload|description|plan|image|image_id|outputs|record|report|problem|log|"
        r"log_chunks|package|environment_key|status|steps|step|verdict|candidate|bag|compendium|"
        r"cached|brought|evidence|snapshot|exit_code|kind|size_bytes|configuration_made|runtime_manifest_made|conditions|variations|variables)$"
    )
    for message in [*COMMANDS.values(), *EVENTS.values()]:
        for field in message.model_fields:
            assert allowed.match(field), f"{message.__name__}.{field} may hold a name or a text"


def test_every_stop_of_the_way_of_a_job_is_there() -> None:
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## The way of a job")[2].partition("\n## ")[0]
    stops = re.findall(r"`([\w/]+\.py):(\w+)`", section)
    assert 8 <= len(stops) <= 15
    for file, function in stops:
        assert re.search(rf"^\s*(async )?(def|class) {function}\b", (ROOT / file).read_text(), re.MULTILINE), function
