"""The AsyncAPI 3 document of the wire, generated from the catalogue (`make contracts`)."""

from __future__ import annotations

import sys
from typing import Any

from pydantic import BaseModel

from erc.events import contract
from erc.events.catalog import COMMANDS, EVENTS, WebhookTested
from erc.events.contract_text import as_yaml
from erc.events.envelope import Envelope

_REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """Return the document."""
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    _schema(Envelope, schemas)
    schemas["WebhookHeaders"] = contract.webhook_headers()
    for name, command in sorted(COMMANDS.items()):
        messages[f"{name}.v1"] = _message(f"{name}.v1", command, schemas)
    for name, event in sorted(EVENTS.items()):
        messages[name] = _message(name, event, schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ERC service",
            "version": "1.0.0",
            "description": contract.promises(),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": contract.servers(),
        "channels": _channels(),
        "operations": {
            key: {"action": "send", "channel": {"$ref": f"#/channels/{key}"}} for key in sorted(_channels())
        },
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for name, command in COMMANDS.items():
        channels[f"command-{command.WORKER}-{command.VERB}"] = {
            "address": f"erc.command.{command.WORKER}.{{pool}}.{command.VERB}.{{id}}",
            "parameters": {"pool": {"default": "default"}, "id": {"description": f"the {command.ID_FIELD}"}},
            "messages": {"command": {"$ref": f"#/components/messages/{name}.v1"}},
        }
    for name, event in EVENTS.items():
        if event is WebhookTested:
            continue
        kind = name.split(".")[1]
        channels[f"event-{event.AGGREGATE}-{kind}"] = {
            "address": f"erc.event.{event.AGGREGATE}.{{id}}.{kind}",
            "parameters": {"id": {"description": f"the {event.ID_FIELD}"}},
            "messages": {"event": {"$ref": f"#/components/messages/{name}"}},
        }
    return dict(sorted((channels | contract.channels()).items()))


def _message(name: str, model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    _schema(model, schemas)
    data = {"type": "object", "properties": {"data": {"$ref": _REF.format(model=model.__name__)}}}
    return {
        "name": name,
        "title": model.__name__,
        "summary": " ".join((model.__doc__ or "").split()),
        "payload": {"allOf": [{"$ref": _REF.format(model="Envelope")}, data]},
    }


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> None:
    schema = model.model_json_schema(ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema


def text() -> str:
    """Return the document as YAML."""
    return as_yaml(document())


if __name__ == "__main__":
    sys.stdout.write(text())
