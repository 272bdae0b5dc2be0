"""The reference of the web API: a page made from its OpenAPI document, which loads nothing from elsewhere."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.pages.rendering import render
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.reference import openapi

_MARKS = ((re.compile(r"`([^`]+)`"), r"<code>\1</code>"), (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"))
_FORM = "multipart/form-data"
_JSON = "application/json"

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A parameter, a field or an answer: its name, what kind it is, what it means."""

    name: str
    kind: Markup
    meaning: Markup
    note: str = ""


@dataclass(frozen=True)
class Operation:
    """An operation as it is shown; `rights` is who may do it."""

    id: str
    method: str
    path: str
    summary: str
    words: Markup
    rights: list[str]
    parameters: list[Row]
    body: list[Row]
    answers: list[Row]
    curl: str


@dataclass(frozen=True)
class Chapter:
    """The operations of a tag."""

    id: str
    title: str
    words: Markup
    operations: list[Operation]


@dataclass(frozen=True)
class Shape:
    """A document: its fields, or the words it may be."""

    id: str
    words: Markup
    fields: list[Row]
    values: list[str]


async def page(request: Request) -> Response:
    """`GET /reference`."""
    principal = await services_of(request).principal(request)
    shown = await asyncio.to_thread(_shown, services_of(request).settings.public_url)
    return render(request, "reference.html", principal, **shown)


@functools.lru_cache(maxsize=1)
def _shown(public_url: str) -> dict[str, Any]:
    document = openapi()
    parts = document["components"]
    return {
        "title": document["info"]["title"],
        "introduction": paragraphs(document["info"]["description"]),
        "chapters": chapters(document, public_url),
        "shapes": [_shape(name, schema) for name, schema in parts["schemas"].items()],
        "refusals": [Row(status, Markup(), marked(one["description"])) for status, one in parts["responses"].items()],
    }


def marked(text: str) -> Markup:
    """Return a text with its code and strong words marked; everything else is escaped."""
    found = str(escape(text))
    for pattern, mark in _MARKS:
        found = pattern.sub(mark, found)
    return Markup(found)  # noqa: S704 - escaped above


def paragraphs(text: str) -> list[Markup]:
    """Return the paragraphs of a text."""
    return [marked(" ".join(part.split())) for part in text.strip().split("\n\n")]


def chapters(document: Mapping[str, Any], public_url: str) -> list[Chapter]:
    """Return the operations by their tags."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_operation(method.upper(), path, operation, document, public_url))
    return [
        Chapter(f"tag-{tag['name'].lower()}", tag["name"], marked(tag["description"]), found[tag["name"]])
        for tag in document["tags"]
    ]


def _operation(
    method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any], public_url: str
) -> Operation:
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        words=marked(operation["description"]) if operation["description"] != operation["summary"] else Markup(),
        rights=[_right(key, text) for key, text in operation.get("x-rights", {}).items()],
        parameters=[_parameter(one) for one in operation["parameters"]],
        body=_body(operation),
        answers=[_answer(status, one, document) for status, one in operation["responses"].items()],
        curl=curl(method, f"{public_url}{path}", operation),
    )


def _right(key: str, text: str) -> str:
    said = {"candidate": "Allowed while it is a candidate", "published": "Allowed when it is published"}
    return f"{said.get(key, 'Allowed')}: {text}."


def _parameter(one: Mapping[str, Any]) -> Row:
    note = ("required, " if one["required"] else "") + {"query": "query", "header": "header", "path": "path"}[one["in"]]
    return Row(one["name"], kind(one["schema"]), marked(one.get("description", "")), note)


def _body(operation: Mapping[str, Any]) -> list[Row]:
    content = operation.get("requestBody", {}).get("content", {})
    return [Row(media_type, kind(one.get("schema", {})), Markup()) for media_type, one in content.items()]


def _answer(status: str, answer: Mapping[str, Any], document: Mapping[str, Any]) -> Row:
    if "$ref" in answer:
        return Row(status, Markup(), marked(document["components"]["responses"][status]["description"]), "problem")
    kinds = [
        kind(one["schema"]) if "schema" in one else marked(media_type)
        for media_type, one in answer.get("content", {}).items()
    ]
    return Row(status, Markup(", ").join(kinds) or Markup("nothing"), marked(answer["description"]))


def kind(schema: Schema) -> Markup:
    """Return what kind of value a schema wants, in a few words, with links to documents."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(kind(one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" or ").join(Markup("<code>{}</code>").format(json.dumps(value)) for value in values)
    if schema.get("type") == "array":
        return Markup("list of ") + (kind(schema["items"]) if "items" in schema else Markup("anything"))
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of ") + kind(schema["additionalProperties"])
    least = f" from {schema['minimum']}" if "minimum" in schema else ""
    return escape(schema.get("format") or schema.get("type") or "anything") + least


def _shape(name: str, schema: Schema) -> Shape:
    needed = schema.get("required", [])
    fields = [
        Row(
            field,
            kind(one),
            marked(" ".join(one.get("description", "").split())),
            "" if field in needed else "optional",
        )
        for field, one in schema.get("properties", {}).items()
    ]
    words = marked(" ".join(schema.get("description", "").split()))
    return Shape(name, words, fields, [str(value) for value in schema.get("enum", [])])


def curl(method: str, address: str, operation: Mapping[str, Any]) -> str:
    """Return a command that calls the operation."""
    required = [f"{one['name']}=…" for one in operation["parameters"] if one["in"] == "query" and one["required"]]
    query = f"?{'&'.join(required)}" if required else ""
    words = ["curl", *([] if method == "GET" else ["-X", method])]
    if "security" in operation:
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    content = operation.get("requestBody", {}).get("content", {})
    return " ".join([*words, *_sent(content), shlex.quote(f"{address}{query}")])


def _sent(content: Mapping[str, Any]) -> Sequence[str]:
    if "example" not in content.get(_JSON, {}):
        return ["-F", "compendium=@workspace.zip"] if _FORM in content else []
    body = shlex.quote(json.dumps(content[_JSON]["example"], ensure_ascii=False))
    return ["-H", "'Content-Type: application/json'", "-d", body]
