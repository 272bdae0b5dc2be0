"""The OpenAPI 3.1 document of the web API, generated from its described routes (`make contracts`)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from starlette.convertors import IntegerConvertor, PathConvertor
from starlette.routing import BaseRoute

from erc.events.contract_text import as_yaml
from erc.gateway import contract
from erc.gateway.app import ROUTES
from erc.gateway.describing import JSON, Content, Described, Parameter
from erc.gateway.documents.document import ProblemDocument
from erc.gateway.rights import needs_sign_in, rights

_REF = "#/components/schemas/{model}"
_PLACE = re.compile(r"\{(\w+)(?::\w+)?\}")
_ADDRESS = re.compile(r"`[A-Z]+ [^`]*`[,.:]?\s*")
_OTHERWISE = {
    204: "It is done; there is nothing to say.",
    302: "It is to be had at the address in `Location`.",
    304: "You have it already.",
}
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class _Schemas(GenerateJsonSchema):
    """Schemas without the titles that repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return that no field gets a title of its own."""
        del schema
        return False


def described(routes: Iterable[BaseRoute]) -> list[Described]:
    """Return the described routes among these, by path and method."""
    found = [route for route in routes if isinstance(route, Described)]
    return sorted(found, key=lambda route: (route.path, route.method))


def document(routes: Sequence[Described]) -> dict[str, Any]:
    """Return the document of these routes."""
    schemas = _schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(address(route), {})[route.method.lower()] = _operation(route, schemas[0])
    tags = sorted({route.about.tag for route in routes})
    return {
        "openapi": "3.1.0",
        "info": contract.INFO,
        "servers": [{"url": "/", "description": "This service"}],
        "security": [{}, {"token": []}, {"session": []}],
        "tags": [{"name": tag, "description": contract.TAGS[tag]} for tag in tags],
        "paths": paths,
        "components": {
            "securitySchemes": contract.SECURITY,
            "responses": contract.RESPONSES,
            "headers": contract.HEADERS,
            "schemas": dict(sorted(schemas[1].items())),
        },
    }


def address(route: Described) -> str:
    """Return the path of a route as OpenAPI writes it."""
    return _PLACE.sub(r"{\1}", route.path)


def name(route: Described) -> str:
    """Return the id of an operation: its resource and what is done."""
    return f"{route.endpoint.__module__.rsplit('.', 1)[-1]}_{route.endpoint.__name__}"


def words(route: Described) -> str:
    """Return the first paragraph of the endpoint's docstring, without the address that it begins with."""
    paragraph = (route.endpoint.__doc__ or "").strip().partition("\n\n")[0]
    text = _ADDRESS.sub("", " ".join(paragraph.split()), count=1)
    return text[:1].upper() + text[1:]


_Known = dict[int, dict[str, Any]]
"""Schemas of types by the number of their object."""


def _schemas(routes: Sequence[Described]) -> tuple[_Known, dict[str, Any]]:
    """Return the schema of each type that the routes name, and the components that these refer to."""
    kinds: dict[int, Any] = {id(ProblemDocument): ProblemDocument}
    for route in routes:
        about = route.about
        alternatives = [one for answer in about.answers.values() for one in _alternatives(answer)]
        for kind in [*alternatives, about.body, *(parameter.kind for parameter in about.query)]:
            if kind is not None and not isinstance(kind, Content):
                kinds[id(kind)] = kind
    inputs: Any = [(key, "validation", TypeAdapter(kind)) for key, kind in kinds.items()]
    found, defined = TypeAdapter.json_schemas(inputs, ref_template=_REF, schema_generator=_Schemas)
    return {key: schema for (key, _mode), schema in found.items()}, defined["$defs"]


def _alternatives(answer: Any) -> Sequence[Any]:
    return answer if isinstance(answer, tuple) else (answer,)


def _operation(route: Described, schemas: _Known) -> dict[str, Any]:
    about = route.about
    operation: dict[str, Any] = {
        "operationId": name(route),
        "tags": [about.tag],
        "summary": about.summary,
        "description": words(route) or about.summary,
        "parameters": [*_places(route), *(_parameter(one, schemas) for one in about.query)],
    }
    if about.body is not None:
        operation["requestBody"] = _body(route, schemas)
    operation["responses"] = _responses(route, schemas)
    if about.action is not None:
        operation["x-action"] = about.action.value
        operation["x-rights"] = rights(about.action)
        if needs_sign_in(about.action):
            operation["security"] = [{"token": []}, {"session": []}]
    return operation


def _places(route: Described) -> list[dict[str, Any]]:
    found = []
    for place, convertor in route.param_convertors.items():
        schema: dict[str, Any] = {"type": "string", "minLength": 1}
        if isinstance(convertor, IntegerConvertor):
            schema = {"type": "integer", "minimum": 0}
        said = (
            "A path: it may hold slashes." if isinstance(convertor, PathConvertor) else contract.PLACES.get(place, "")
        )
        one = {"name": place, "in": "path", "required": True, "schema": schema}
        found.append(one | ({"description": said} if said else {}))
    return found


def _parameter(parameter: Parameter, schemas: _Known) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.meaning,
        "schema": schemas[id(parameter.kind)],
    }


def _body(route: Described, schemas: _Known) -> dict[str, Any]:
    about = route.about
    if isinstance(about.body, Content):
        return {"content": {about.body.media_type: {}}, "description": about.body.meaning}
    content: dict[str, Any] = {"schema": schemas[id(about.body)]}
    if about.example is not None:
        content["example"] = about.example
    return {"content": dict.fromkeys((JSON, *about.forms), content)}


def _responses(route: Described, schemas: _Known) -> dict[str, Any]:
    about = route.about
    responses = {
        str(status): _answer(route, status, answer, schemas) for status, answer in sorted(about.answers.items())
    }
    if about.body is None and about.example is not None:
        first = next(iter(responses.values()))
        first["content"][JSON]["example"] = about.example
    refused = {*about.refusals, 400, 401, 503, *({403, 408, 413} if route.method in _WRITES else ())}
    refused |= {404} if route.param_convertors else set()
    for status in sorted(refused - {*about.answers}):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return responses


def _answer(route: Described, status: int, answer: Any, schemas: _Known) -> dict[str, Any]:
    content: dict[str, Any] = {}
    said = ""
    for one in _alternatives(answer):
        if isinstance(one, Content):
            said = said or one.meaning
            content[one.media_type] = {}
        elif one is not None:
            said = said or _said(one)
            content.setdefault(JSON, {"schema": {"anyOf": []}})["schema"]["anyOf"].append(schemas[id(one)])
    if JSON in content and len(content[JSON]["schema"]["anyOf"]) == 1:
        content[JSON] = {"schema": content[JSON]["schema"]["anyOf"][0]}
    found: dict[str, Any] = {"description": said or _OTHERWISE.get(status, "Done.")}
    if route.about.headers:
        found["headers"] = {one: {"$ref": f"#/components/headers/{one}"} for one in route.about.headers}
    return found | ({"content": content} if content else {})


def _said(kind: Any) -> str:
    """Return what a document says of itself first."""
    text = kind.__doc__ if isinstance(kind, type) and issubclass(kind, BaseModel) else None
    return " ".join((text or "").split("\n\n")[0].split())


def text() -> str:
    """Return the document as YAML."""
    return as_yaml(document(described(ROUTES)))


if __name__ == "__main__":
    sys.stdout.write(text())
