"""The page of one file: a picture, the first lines, a table, what a binary file holds."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from erc.events.blobs import place_of, size_of
from erc.gateway.content import find_file, job_file
from erc.gateway.errors import Refused
from erc.gateway.files.smaller import PICTURES, extension_of, first_lines
from erc.gateway.files.tree import REPORTS
from erc.gateway.inspecting.door import NEVER_OPENED, READERS
from erc.gateway.pages.notebook import MOST_CELLS, Cell, cells
from erc.gateway.pages.rendering import render
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.inspection import inspected
from erc.gateway.services import Services
from erc.schemas.ids import Digest

LINES, ROWS, COLUMNS, OBJECTS, VALUE = 2000, 50, 30, 40, 2000
READ_BYTES, NOTEBOOK_BYTES = 256 << 10, 8 << 20
WIDTH = 1200

_TABLES = {"csv": ",", "tsv": "\t"}
_OPENED = {"text/html", "application/pdf"}
_TEXTUAL = ("text/", "script/")
_TEXTUAL_TOO = {"application/json", "application/x-tex", "application/toml", "application/sql", "application/geo+json"}


@dataclass(frozen=True)
class Table:
    """Rows of cells as texts, under heads."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Held:
    """An object in a binary file: name, kind, shape in words, and its beginning as a table or a text."""

    name: str
    kind: str
    shape: str
    table: Table | None = None
    text: str = ""


@dataclass(frozen=True)
class Preview:
    """What is shown of a file; `cut` when there is more, `said` when there is nothing to show."""

    picture: str = ""
    opened: bool = False
    table: Table | None = None
    text: str = ""
    cells: Sequence[Cell] = field(default=())
    objects: Sequence[Held] = field(default=())
    cut: bool = False
    said: str = ""


async def of_compendium(request: Request) -> Response:
    """`GET /compendium/:id/files/…`."""
    services, path = services_of(request), request.path_params["path"]
    principal = await services.principal(request)
    compendium = await services.compendium(principal, request.path_params["id"])
    found = await find_file(services, compendium.manifest, path)
    return await _page(request, f"/compendium/{request.path_params['id']}", "The compendium", found, principal)


async def of_job(request: Request) -> Response:
    """`GET /job/:id/files/…`."""
    services, path = services_of(request), request.path_params["path"]
    principal = await services.principal(request)
    job = await services.job(principal, request.path_params["id"])
    made = bool(path in REPORTS and job.outputs and path in await services.files.manifests.of(job.outputs))
    found = await job_file(services, job, path, made=made)
    return await _page(request, f"/job/{job.id}", "The job", found, principal, made=made)


async def _page(
    request: Request, above: str, where: str, found: tuple[Digest, str], principal: Any, *, made: bool = False
) -> Response:
    services, path = services_of(request), request.path_params["path"]
    digest, media_type = found
    size = await size_of(services.blobs, digest)
    if size is None:
        raise Refused(404, "The file is not there", "Its bytes are missing from the store.")
    return render(
        request,
        "file.html",
        principal,
        above=above,
        where=where,
        path=path,
        size=size,
        media_type=media_type,
        address=f"/api/v1{above}/data",
        made=made,
        preview=await _preview(services, digest, media_type, path),
    )


async def _preview(services: Services, digest: Digest, media_type: str, path: str) -> Preview:
    extension = extension_of(path)
    if extension in PICTURES or media_type == "image/svg+xml":
        return Preview(picture=f"?size={WIDTH}" if extension in PICTURES else "?")
    if media_type in _OPENED:
        return Preview(opened=True)
    if extension == "ipynb":
        return await asyncio.to_thread(_notebook, await place_of(services.blobs, digest))
    if extension in READERS or extension in NEVER_OPENED:
        return await _held(services, digest, path)
    if media_type.startswith(_TEXTUAL) or media_type in _TEXTUAL_TOO:
        return await asyncio.to_thread(_beginning, await place_of(services.blobs, digest), extension)
    return Preview(said="Files of this kind are not shown here.")


def _notebook(path: Path) -> Preview:
    with path.open("rb") as file:
        data = file.read(NOTEBOOK_BYTES + 1)
    found = cells(data.decode("utf-8", "replace")) if len(data) <= NOTEBOOK_BYTES else []
    if not found:
        return Preview(said="This notebook cannot be shown here.")
    return Preview(cells=found, cut=len(found) == MOST_CELLS)


def _beginning(path: Path, extension: str) -> Preview:
    length = min(first_lines(path, LINES), READ_BYTES)
    with path.open("rb") as file:
        data = file.read(length)
        cut = bool(file.read(1))
    text = data.decode("utf-8", "replace")
    if extension not in _TABLES:
        return Preview(text=text, cut=cut)
    table = _table(text, _TABLES[extension])
    return Preview(table=table, text="" if table else text, cut=cut or (table is not None and text.count("\n") > ROWS))


def _table(text: str, delimiter: str) -> Table | None:
    try:
        rows = list(islice(csv.reader(text.splitlines(), delimiter=delimiter), ROWS + 1))
    except csv.Error:
        return None
    heads, *body = [row[:COLUMNS] for row in rows] or [[]]
    return Table(heads, body) if heads else None


async def _held(services: Services, digest: Digest, path: str) -> Preview:
    try:
        found = await inspected(services, digest, path, [], ROWS)
    except Refused as refused:
        return Preview(said=refused.problem.sentence())
    objects = [_object(one) for one in found.objects[:OBJECTS]]
    return Preview(objects=objects, cut=len(found.objects) > OBJECTS)


def _object(found: dict[str, Any]) -> Held:
    shape = " × ".join(f"{one:,}" for one in found["shape"])
    name, kind, value = found["name"], found["kind"], found["value"]
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        heads = list(dict.fromkeys(head for row in value for head in row))[:COLUMNS]
        rows = [[_cell(row.get(head)) for head in heads] for row in value]
        return Held(name, kind, shape, Table(heads, rows))
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        rows = [[_cell(cell) for cell in row[:COLUMNS]] for row in value]
        return Held(name, kind, shape, Table([], rows))
    return Held(name, kind, shape, text=json.dumps(value, ensure_ascii=False)[:VALUE])


def _cell(value: Any) -> str:
    return (
        "" if value is None else value[:200] if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:200]
    )
