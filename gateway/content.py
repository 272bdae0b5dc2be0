"""The second origin: serves what users made, under a sandbox policy, by signed addresses that expire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from erc.events.blobs import read_manifest
from erc.events.errors import Rejected, Unavailable
from erc.gateway.auth import ANONYMOUS
from erc.gateway.errors import Refused, on_refused, on_rejected, on_unavailable
from erc.gateway.services import Services
from erc.gateway.signer import LINKED
from erc.schemas.check import CheckReport
from erc.schemas.ids import Digest
from erc.schemas.job import Job

POLICY = (
    "sandbox allow-scripts; default-src 'self' 'unsafe-inline' data: blob:; connect-src 'none'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors {app}"
)

SHOWN = {
    "text/html",
    "text/css",
    "text/javascript",
    "text/plain",
    "text/csv",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/svg+xml",
    "application/pdf",
    "application/json",
    "font/woff2",
}
"""Types that a browser may show; everything else is an attachment."""

_PNG, _JPEG, _GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"


def content_app(services: Services) -> Starlette:
    """Return the application of the content origin: no cookies, no pages, no writes."""

    async def serve(request: Request) -> Response:
        values = request.path_params
        if not services.signer.holds(values["seal"], values["expires"], values["kind"], values["id"]):
            raise Refused(404, "This address is not known or has expired", "Open the page again.")
        find: Callable[[Services, str, str], Awaitable[tuple[Digest, str]]] = _FINDERS[values["kind"]]
        digest, media_type = await find(services, values["id"], values["path"])
        return file_response(services, digest, media_type, values["path"])

    return Starlette(
        routes=[Route("/c/{seal:str}/{expires:int}/{kind:str}/{id:str}/{path:path}", serve)],
        exception_handlers={Refused: on_refused, Rejected: on_rejected, Unavailable: on_unavailable},
    )


def file_response(services: Services, digest: Digest, media_type: str, path: str) -> Response:
    """Return a blob as a file that can harm nobody: sandboxed, not sniffed, an attachment unless it may be shown."""
    if services.blobs.size(digest) is None:
        raise Refused(404, "The file is not there", "Its bytes are missing from the store.")
    shown = media_type in SHOWN
    return FileResponse(
        services.blobs.path(digest),
        media_type=media_type if shown else "application/octet-stream",
        filename=path.rsplit("/", 1)[-1],
        content_disposition_type="inline" if shown else "attachment",
        headers={
            "Content-Security-Policy": POLICY.format(app=services.settings.public_url),
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, max-age=3600",
        },
    )


ACTIVE = {"text/html", "image/svg+xml", "application/pdf"}
"""Types that may run something in a browser: these are served from the content origin only."""


def api_file_response(services: Services, kind: str, identifier: str, found: tuple[Digest, str], path: str) -> Response:
    """Return a file itself, or for active content a redirect to the content origin."""
    digest, media_type = found
    if media_type in ACTIVE:
        return RedirectResponse(services.signer.address(kind, identifier, path), 302)
    return file_response(services, digest, media_type, path)


async def _compendium_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    _, identifier = await services.opened(ANONYMOUS, identifier)
    compendium = await services.records.compendium(identifier)
    return await find_file(services, compendium.manifest if compendium else None, path)


async def _job_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    return await job_file(services, await services.records.job(identifier), path)


async def job_file(services: Services, job: Job | None, path: str) -> tuple[Digest, str]:
    """Look up a file that a run made, or the page of its check report (`check.html`); raises Refused (404)."""
    if job and path == "check.html" and job.report:
        report = await read_report(services, job.report)
        if report.html:
            return report.html, "text/html"
    return await find_file(services, job.outputs if job else None, path)


async def _figure(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    job = await services.records.job(identifier)
    number, _, side = path.partition("/")
    if job and job.report and number.isdigit() and side in {"original", "reproduced", "difference"}:
        rows = (await read_report(services, job.report)).comparisons
        digest = getattr(rows[int(number)], side) if int(number) < len(rows) else None
        if digest:
            return digest, await asyncio.to_thread(_image_type, services, digest)
    raise Refused(404, "The file is not there")


async def _linked_job_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    await services.job(ANONYMOUS, identifier)
    return await _job_file(services, identifier, path)


async def _linked_figure(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    await services.job(ANONYMOUS, identifier)
    return await _figure(services, identifier, path)


_FINDERS: dict[str, Callable[[Services, str, str], Awaitable[tuple[Digest, str]]]] = {
    "compendium": _compendium_file,
    "job": _job_file,
    "figure": _figure,
    f"{LINKED}job": _linked_job_file,
    f"{LINKED}figure": _linked_figure,
}


async def find_file(services: Services, manifest: Digest | None, path: str) -> tuple[Digest, str]:
    """Look a path up in a manifest, never in a folder; raises Refused (404)."""
    entry = None
    if manifest:
        entry = (await asyncio.to_thread(read_manifest, services.blobs, manifest)).get(path)
    if entry is None:
        raise Refused(404, "The file is not there", "No file of this path is in the list of files.")
    return entry.digest, entry.media_type


async def read_report(services: Services, digest: Digest) -> CheckReport:
    """Return a check report."""
    document = await asyncio.to_thread(services.blobs.read, digest)
    return CheckReport.model_validate_json(document)


def _image_type(services: Services, digest: Digest) -> str:
    with services.blobs.open(digest) as file:
        head = file.read(512)
    if head.startswith(_PNG):
        return "image/png"
    if head.startswith(_JPEG):
        return "image/jpeg"
    if head.startswith(_GIF):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if b"<svg" in head else "text/plain"
