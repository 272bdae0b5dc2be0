"""Inspection: what binary files hold, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.blobs import size_of
from erc.events.errors import Rejected
from erc.gateway.auth import Action
from erc.gateway.describing import About, Described, Parameter, Text
from erc.gateway.errors import Refused
from erc.gateway.files.library import Inspected
from erc.gateway.files.smaller import extension_of
from erc.gateway.inspecting.door import NEVER_OPENED, READERS
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.files import caching
from erc.gateway.services import Services
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest

MOST_ROWS = 1_000_000


async def inspect(request: Request) -> Response:
    """The objects in a binary file of a compendium by their names, as the R package jsonlite writes them.

    Scalars are arrays of one element, data frames arrays of rows, matrices arrays of arrays; `errors` names what is
    not there. Files are parsed, never loaded: nothing in them is run.
    """
    services, name = services_of(request), request.path_params["id"]
    compendium = await _compendium(request, services, name)
    file = request.query_params.get("file")
    if not file:
        raise Refused(400, "Query parameter 'file' missing")
    names = [one for one in (part.strip() for part in request.query_params.get("objects", "").split(",")) if one]
    entry = (await services.files.manifests.of(compendium.manifest)).get(file) if compendium.manifest else None
    if entry is None:
        raise Refused(400, f"file '{file}' does not exist in compendium {name}")
    found = await inspected(services, entry.digest, file, names, _rows(request))
    document: dict[str, Any] = {one["name"]: one["value"] for one in found.objects}
    if found.missing or "errors" not in document:
        document["errors"] = [f"Error: Object '{one}' does not exist in the file {file}" for one in found.missing]
    return JSONResponse(document, headers={"Cache-Control": caching(compendium)})


async def inspected(
    services: Services, digest: Digest, path: str, names: Sequence[str], most_rows: int | None
) -> Inspected:
    """Return what a file holds; raises Refused (404, 413, 415, 422) when that cannot be said."""
    extension = extension_of(path)
    if extension in NEVER_OPENED:
        raise Refused(
            415,
            "Files of this kind are not opened here",
            "Reading a pickle runs the code in it. Save the data as CSV, Parquet, NPY or RDS instead.",
            "never_opened",
        )
    if extension not in READERS:
        known = ", ".join(f".{one}" for one in sorted(READERS))
        raise Refused(415, "Files of this kind cannot be inspected", f"Those that can: {known}.", "not_inspected")
    if await size_of(services.blobs, digest) is None:
        raise Refused(404, "The file is not there", "Its bytes are missing from the store.")
    try:
        return await services.files.inspected(digest, extension, names, most_rows)
    except Rejected as error:
        problem = error.problem
        status = 413 if problem.code in {"too_demanding", "objects_too_large"} else 422
        raise Refused(status, problem.title, problem.detail, problem.code) from error


async def _compendium(request: Request, services: Services, name: str) -> Compendium:
    try:
        return await services.compendium(await services.principal(request), name)
    except Refused as refused:
        if refused.status != 404:
            raise
        raise Refused(404, f"compendium '{name}' does not exist") from refused


def _rows(request: Request) -> int | None:
    text = request.query_params.get("rows")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 0 < int(text) <= MOST_ROWS):
        raise Refused(400, "invalid rows parameter", f"A whole number from 1 to {MOST_ROWS} is needed.")
    return int(text)


ROUTES = [
    Described(
        "/api/v1/inspection/{id:str}",
        inspect,
        "GET",
        About(
            "Files",
            "Look into a binary file",
            {200: dict[str, Any]},
            (400, 404, 413, 415, 422),
            query=(
                Parameter("file", Text, "The path of the file within the compendium.", required=True),
                Parameter("objects", Text, "The names of the objects that are wanted, with commas; all without it."),
                Parameter(
                    "rows",
                    Annotated[int, Field(ge=1, le=MOST_ROWS)],
                    "At most so many rows or elements of each object.",
                ),
            ),
            action=Action.VIEW,
        ),
    )
]
