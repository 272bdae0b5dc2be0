"""The second origin: serves what users made, under a sandbox policy, by signed addresses that expire."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from erc.events.blobs import place_of, read_document, size_of
from erc.events.errors import Rejected, Unavailable
from erc.gateway.auth import ANONYMOUS
from erc.gateway.errors import Refused, on_bug, on_http_error, on_refused, on_rejected, on_unavailable
from erc.gateway.files.headers import handed_out, user_content
from erc.gateway.files.pictures import MOST_WIDTH
from erc.gateway.files.pieces import Row, stored
from erc.gateway.files.sending import Sent
from erc.gateway.files.smaller import asked_size
from erc.gateway.files.tree import REPORT_PAGE, REPORTS
from erc.gateway.protection import Sandboxed, allowed_hosts
from erc.gateway.services import Services
from erc.gateway.signer import LINKED
from erc.schemas.check import CheckReport
from erc.schemas.ids import Digest
from erc.schemas.job import Job
from erc.schemas.media import media_type

MADE = "made"
"""The kind of address under which the files of a run are served, and no report of ours."""
_NUMBER, _MOMENT = re.compile(r"\d{1,6}", re.ASCII), re.compile(r"\d{1,12}", re.ASCII)
_RESIZED = {"image/png": "a.png", "image/jpeg": "a.jpg", "image/gif": "a.gif", "image/webp": "a.webp"}
_PNG, _JPEG, _GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8"


def content_app(services: Services) -> ASGIApp:
    """Return the application of the content origin: no cookies, no pages, no writes."""

    async def serve(request: Request) -> Response:
        values = request.path_params
        expires = int(values["expires"]) if _MOMENT.fullmatch(values["expires"]) else 0
        if not services.signer.holds(values["seal"], expires, values["kind"], values["id"]):
            raise Refused(404, "This address is not known or has expired", "Open the page again.")
        find = _FINDERS.get(values["kind"], _nowhere)
        digest, kind = await find(services, values["id"], values["path"])
        kept = {"Cache-Control": "private, max-age=3600"}
        row = await _smaller(services, digest, kind, request.query_params.get("size"))
        return await file_response(services, digest, kind, values["path"], kept, row)

    app = Starlette(
        routes=[Route("/c/{seal:str}/{expires:str}/{kind:str}/{id:str}/{path:path}", serve)],
        exception_handlers={
            Refused: on_refused,
            Rejected: on_rejected,
            Unavailable: on_unavailable,
            HTTPException: on_http_error,
            Exception: on_bug,
        },
    )
    hosts = allowed_hosts(services.settings, services.settings.content_url)
    return Sandboxed(app, hosts, services.settings.public_url)


async def _smaller(services: Services, digest: Digest, kind: str, size: str | None) -> Row | None:
    """Return a picture with the width in pixels that the query asks for, None for what is handed out as it is."""
    extension = _RESIZED.get(kind)
    if size is None or extension is None:
        return None
    width = asked_size(size, extension) or MOST_WIDTH
    # What cannot be made smaller, as it is too large or unreadable here, is sent whole: a browser may show it.
    with contextlib.suppress(Refused):
        return await services.files.smaller.of(digest, extension, width)
    return None


async def file_response(
    services: Services,
    digest: Digest,
    kind: str,
    path: str,
    headers: Mapping[str, str],
    row: Row | None = None,
) -> Response:
    """Return a blob as a file that can harm nobody: sandboxed, not sniffed, an attachment unless it may be shown.

    `row` is what is sent instead of the whole blob; it then has an ETag of its own.
    """
    size = await size_of(services.blobs, digest)
    if size is None:
        raise Refused(404, "The file is not there", "Its bytes are missing from the store.")
    said, placed = handed_out(kind, path)
    about = {**user_content(services.settings.public_url), "Content-Disposition": placed, **headers}
    if row is None:
        return Sent(stored(await place_of(services.blobs, digest), size), f'"{digest}"', said, about)
    name = row.path.name if row.path else digest
    return Sent(row, f'"{name}-{row.size_bytes}"', said, about)


async def _compendium_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    _, identifier = await services.opened(ANONYMOUS, identifier)
    _, identifier = await services.opened(ANONYMOUS, identifier)
    compendium = await services.records.compendium(identifier)
    return await find_file(services, compendium.manifest if compendium else None, path)


async def _job_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    return await job_file(services, await services.records.job(identifier), path)


async def _made_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    return await job_file(services, await services.records.job(identifier), path, made=True)


async def _linked_made_file(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    await services.job(ANONYMOUS, identifier)
    return await _made_file(services, identifier, path)


async def job_file(services: Services, job: Job | None, path: str, *, made: bool = False) -> tuple[Digest, str]:
    """Look up a file that a run made, or its check report (`check.json`, as a page `check.html`).

    What a run itself calls by these names is never taken for the report; it is found when only what was `made` is
    asked for. Raises Refused (404).
    """
    if path not in REPORTS or made:
        return await find_file(services, job.outputs if job else None, path)
    html = (await read_report(services, job.report)).html if job and job.report else None
    digest = html if path == REPORT_PAGE else job.report if job else None
    if digest is None:
        raise Refused(404, "There is no report of a check", "What the run itself made by this name has `made=true`.")
    return digest, media_type(path)


async def _nowhere(_services: Services, _identifier: str, _path: str) -> tuple[Digest, str]:
    raise Refused(404, "The file is not there")


async def _figure(services: Services, identifier: str, path: str) -> tuple[Digest, str]:
    job = await services.records.job(identifier)
    number, _, side = path.partition("/")
    if job and job.report and _NUMBER.fullmatch(number) and side in {"original", "reproduced", "difference"}:
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
    MADE: _made_file,
    f"{LINKED}{MADE}": _linked_made_file,
    f"{LINKED}figure": _linked_figure,
}


async def find_file(services: Services, manifest: Digest | None, path: str) -> tuple[Digest, str]:
    """Look a path up in a manifest, never in a folder; raises Refused (404)."""
    entry = (await services.files.manifests.of(manifest)).get(path) if manifest else None
    if entry is None:
        raise Refused(404, "The file is not there", "No file of this path is in the list of files.")
    return entry.digest, media_type(entry.path)


async def read_report(services: Services, digest: Digest) -> CheckReport:
    """Return a check report; raises Rejected."""
    return await asyncio.to_thread(read_document, services.blobs, digest, CheckReport)


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
