"""The contract of the web API: as OpenAPI, and as a page to read."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from erc.gateway import contract
from erc.gateway.describing import About, Content, Described

CONTRACT = Path(contract.__file__).with_name("openapi.yaml")
_YAML = "application/vnd.oai.openapi+yaml"
_YAMLS = {_YAML, "application/yaml", "text/yaml", "application/x-yaml"}


@functools.cache
def openapi() -> dict[str, Any]:
    """Return the document; it is read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(CONTRACT.read_text(), loader)  # noqa: S506 - both loaders are safe
    return found


async def document(request: Request) -> Response:
    """`GET /api/v1/openapi`: this document, as JSON, or as YAML to whoever accepts that."""
    accepted = {part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")}
    if accepted & _YAMLS and "application/json" not in accepted:
        return FileResponse(CONTRACT, media_type=_YAML)
    return JSONResponse(await asyncio.to_thread(openapi))


ROUTES = [
    Described(
        "/api/v1/openapi",
        document,
        "GET",
        About("Service", "Read the contract of the web API", {200: (dict[str, Any], Content(_YAML))}),
    )
]
