"""Files of compendia and jobs: the tree, a file, a file made smaller."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.events.blobs import size_of
from erc.gateway.auth import Action
from erc.gateway.content import MADE, file_response, find_file, job_file
from erc.gateway.describing import JSON, About, Content, Described, Parameter
from erc.gateway.documents.compendium import FolderNode
from erc.gateway.errors import Refused
from erc.gateway.files.smaller import MOST_LINES, asked_size
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.listing import truth
from erc.gateway.services import Services
from erc.gateway.signer import LINKED
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest
from erc.schemas.media import ACTIVE


async def compendium_tree(request: Request) -> Response:
    """The files of a compendium as a tree: folders with their size in all, files with their media type.

    Files that begin with a dot are listed like others.
    """
    services, asked = services_of(request), request.path_params["id"]
    compendium = await services.compendium(await services.principal(request), asked)
    if not compendium.manifest:
        raise Refused(404, "The files are not loaded yet")
    return await _tree(services, compendium.manifest, "compendium", asked, caching(compendium))


async def job_tree(request: Request) -> Response:
    """The files that a run made or changed, as a tree."""
    services = services_of(request)
    job = await services.job(await services.principal(request), request.path_params["id"])
    if not job.outputs:
        raise Refused(404, "The job has made no files yet")
    return await _tree(services, job.outputs, "job", job.id, "private, no-store")


async def _tree(services: Services, manifest: Digest, kind: str, name: str, cached: str) -> Response:
    document = await services.files.manifests.tree(manifest, f"/api/v1/{kind}/{name}/data", name)
    return Response(document, media_type=JSON, headers={"Cache-Control": cached})


async def compendium_file(request: Request) -> Response:
    """A file of a compendium; what may do something in a browser comes by a redirect from an origin of its own.

    With `size` a picture is made so many pixels wide, of a text come the first so many lines.
    """
    services, path = services_of(request), request.path_params["path"]
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    found = await find_file(services, compendium.manifest, path)
    return await _file(request, "compendium", request.path_params["id"], found, caching(compendium))


async def job_output(request: Request) -> Response:
    """A file that a run made or changed, or the report of its check: `check.json`, as a page `check.html`.

    With `made=true` a file of the run, also where it is called as the report is.
    """
    services, path = services_of(request), request.path_params["path"]
    principal, job = await services.opened_job(await services.principal(request), request.path_params["id"])
    made = truth(request.query_params, "made") is True
    found = await job_file(services, job, path, made=made)
    kind = MADE if made else "job"
    kind = f"{LINKED}{kind}" if principal.link else kind
    return await _file(request, kind, job.id, found, "private, no-store")


async def _file(request: Request, kind: str, identifier: str, found: tuple[Digest, str], cached: str) -> Response:
    services, path = services_of(request), request.path_params["path"]
    digest, media_type = found
    size = asked_size(request.query_params.get("size"), path)
    headers = {"Cache-Control": cached, "Vary": "Cookie, Authorization"}
    if await size_of(services.blobs, digest) is None:
        raise Refused(404, "The file is not there", "Its bytes are missing from the store.")
    smaller = await services.files.smaller.of(digest, path, size) if size is not None else None
    if media_type in ACTIVE:
        return RedirectResponse(services.signer.address(kind, identifier, path), 302, headers)
    return await file_response(services, digest, media_type, path, headers, smaller)


def caching(compendium: Compendium) -> str:
    """Return how long others may keep what is of a compendium: of a candidate nothing, else while it is unchanged."""
    return "private, no-store" if compendium.candidate else "public, no-cache"


_Size = Annotated[int, Field(ge=1, le=MOST_LINES)]
_SIZE = Parameter(
    "size", _Size, "The width of a picture in pixels (at most 4096), or how many lines of a text are sent."
)
_MADE = Parameter("made", bool, "`true`: a file of the run alone, not the report of its check.")
_FILE = {
    200: Content("*/*", "The bytes of the file, or of its smaller copy."),
    206: Content("*/*", "The ranges that were asked for."),
    302: None,
    304: None,
}
_FILE_REFUSALS = (400, 404, 413, 415, 416)

ROUTES = [
    Described(
        "/api/v1/compendium/{id:str}/data/",
        compendium_tree,
        "GET",
        About("Files", "List the files of a compendium", {200: FolderNode}, (404,), action=Action.VIEW),
    ),
    Described(
        "/api/v1/compendium/{id:str}/data/{path:path}",
        compendium_file,
        "GET",
        About("Files", "Get a file of a compendium", _FILE, _FILE_REFUSALS, ("ETag",), (_SIZE,), action=Action.VIEW),
    ),
    Described(
        "/api/v1/job/{id:str}/data/",
        job_tree,
        "GET",
        About("Files", "List the files that a job made", {200: FolderNode}, (404,), action=Action.VIEW),
    ),
    Described(
        "/api/v1/job/{id:str}/data/{path:path}",
        job_output,
        "GET",
        About(
            "Files", "Get a file that a job made", _FILE, _FILE_REFUSALS, ("ETag",), (_SIZE, _MADE), action=Action.VIEW
        ),
    ),
]
