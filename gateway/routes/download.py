"""Downloads of a whole compendium: zip, tar, gzipped tar."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import Action
from erc.gateway.describing import About, Content, Described, Parameter, Text
from erc.gateway.errors import Refused
from erc.gateway.files.archive import etag_of, packed_files
from erc.gateway.files.headers import disposition
from erc.gateway.files.packed import Packed
from erc.gateway.files.pieces import Reading
from erc.gateway.files.sending import Sent, Streamed
from erc.gateway.files.tar_row import Gzip, tar_row
from erc.gateway.files.zip_row import zip_row
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.files import caching
from erc.gateway.services import Services
from erc.gateway.store.images import made_by_jobs
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest

NO_IMAGE = "Image tarball is missing, so it cannot be included. Please ensure a successful job execution first."


async def as_zip(request: Request) -> Response:
    """A compendium as a zip: its files, what jobs made beside them, and the saved image unless `image=false`.

    Its bytes are the same each time, so that a broken download can be resumed by a range.
    """
    services, name = services_of(request), request.path_params["id"]
    compendium, files = await _wanted(request, services)
    comment = f"Created by o2r [{services.settings.public_url}{request.url.path}]"
    row = await asyncio.to_thread(zip_row, files, comment, services.blobs.path, services.files.checksums.of)
    headers = _headers(compendium, f"{name}.zip")
    return Sent(row, etag_of(comment, files), "application/zip", headers, compendium.created)


async def as_tar(request: Request) -> Response:
    """A compendium as a tar, or with `gzip` in the query as a gzipped one; the content is that of the zip."""
    services, name = services_of(request), request.path_params["id"]
    gzipped = "gzip" in request.query_params
    compendium, files = await _wanted(request, services)
    row = await asyncio.to_thread(tar_row, files, services.blobs.path)
    etag = etag_of("tar", files)
    if not gzipped:
        headers = _headers(compendium, f"{name}.tar")
        return Sent(row, etag, "application/x-tar", headers, compendium.created)
    headers = _headers(compendium, f"{name}.tar.gz")
    return Streamed(lambda: Gzip(Reading(row, 0, row.size_bytes)), etag, "application/gzip", headers)


async def as_tar_gz(request: Request) -> Response:
    """Where the gzipped tar is: the same address with `.tar?gzip`, the rest of the query kept."""
    query = request.url.query
    address = request.url.path.removesuffix(".gz")
    return RedirectResponse(f"{address}?gzip{'&' if query else ''}{query}", 302)


async def _wanted(request: Request, services: Services) -> tuple[Compendium, Sequence[Packed]]:
    compendium = await services.compendium(await services.principal(request), request.path_params["id"])
    wants_image = _truth(request, "image")
    if not compendium.manifest:
        raise Refused(404, "The files are not loaded yet")
    made = await made_by_jobs(services.records.database, compendium.id)
    workspace = await services.files.manifests.of(compendium.manifest)
    of_job = await services.files.manifests.of(made.manifest) if made.manifest else None
    image = await asyncio.to_thread(_sized, services, made.image) if wants_image else None
    files = packed_files(workspace, of_job, image, wants_image=wants_image)
    if files is None:
        raise Refused(400, NO_IMAGE, "Ask for it without the image: `image=false`.", "image_missing")
    await asyncio.to_thread(_all_there, services, files)
    return compendium, files


def _truth(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "true").lower()
    if value not in {"true", "false"}:
        raise Refused(400, f"{name} must be true or false")
    return value == "true"


def _sized(services: Services, digest: Digest | None) -> tuple[Digest, int] | None:
    size = services.blobs.size(digest) if digest else None
    return (digest, size) if digest and size is not None else None


def _all_there(services: Services, files: Sequence[Packed]) -> None:
    """Raise Refused (404) when bytes are missing or fewer than the list of files says."""
    for file in files:
        if isinstance(file.content, str) and services.blobs.size(file.content) != file.size_bytes:
            raise Refused(404, "A file of the compendium is not there", "Its bytes are missing from the store.")


def _headers(compendium: Compendium, name: str) -> dict[str, str]:
    return {
        "Content-Disposition": disposition("attachment", name),
        "Cache-Control": caching(compendium),
        "Vary": "Cookie, Authorization",
    }


_IMAGE = Parameter("image", bool, "Whether the saved image comes with it; true unless said otherwise.")
_GZIP = Parameter("gzip", Text, "Compress the tar; needs no value.")
_REFUSALS = (400, 404)


def _about(summary: str, media_types: Sequence[str], query: Sequence[Parameter], ranges: bool) -> About:
    archives = tuple(Content(media_type, "The archive.") for media_type in media_types)
    answers: dict[int, object] = {200: archives, 304: None}
    if ranges:
        answers[206] = Content(media_types[0], "The range that was asked for.")
    refusals = (*_REFUSALS, 416) if ranges else _REFUSALS
    return About("Files", summary, answers, refusals, ("ETag",), query, action=Action.VIEW)


ROUTES = [
    Described(
        "/api/v1/compendium/{id:str}.zip",
        as_zip,
        "GET",
        _about("Download a compendium as a zip", ["application/zip"], (_IMAGE,), ranges=True),
    ),
    Described(
        "/api/v1/compendium/{id:str}.tar",
        as_tar,
        "GET",
        _about(
            "Download a compendium as a tar", ["application/x-tar", "application/gzip"], (_IMAGE, _GZIP), ranges=True
        ),
    ),
    Described(
        "/api/v1/compendium/{id:str}.tar.gz",
        as_tar_gz,
        "GET",
        About("Files", "Find the gzipped tar", {302: None}, query=(_IMAGE,), action=Action.VIEW),
    ),
]
