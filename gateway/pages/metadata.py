"""The pages on which authors edit metadata, publish, and look at the history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from erc.gateway.auth import Action, Principal
from erc.gateway.errors import Refused
from erc.gateway.json_reading import JsonError, check_json
from erc.gateway.o2r import Fault, suggestions
from erc.gateway.pages.about import about, about_document
from erc.gateway.pages.differences import MOST, differences
from erc.gateway.pages.metadata_form import (
    LICENCES,
    Fields,
    brought_together,
    document_of,
    field_of,
    fields_of,
    people_of,
)
from erc.gateway.pages.rendering import render
from erc.gateway.preparing import check, files_of
from erc.gateway.routes.asking import BODY_BYTES, services_of, whole_number
from erc.gateway.routes.metadata import oldest_seen
from erc.gateway.saving import Save, editable, save
from erc.gateway.services import Services
from erc.schemas.compendium import Compendium, CompendiumStatus
from erc.schemas.metadata import kind_of

MOST_FIELDS = 2000
MOST_FILES = 1000
"""How many files a list offers."""
_SHOWN = (".html", ".htm", ".png", ".svg", ".pdf", ".csv", ".txt", ".jpg", ".jpeg")
_ADDED_ROWS = 3


async def form(request: Request) -> Response:
    """`GET /compendium/:id/metadata`: the form."""
    services, principal, compendium = await _editable(request)
    fields = fields_of(compendium.metadata.get("o2r", {}))
    return await _form(request, services, principal, compendium, fields, saved="saved" in request.query_params)


async def submit(request: Request) -> Response:
    """`POST /compendium/:id/metadata`: save, ask before publishing, publish, or show the form again."""
    services, principal, compendium = await _editable(request)
    fields = await _typed(request)
    wish, revision = fields.pop("do", "save"), fields.pop("revision", "")
    if wish in {"more", "edit"}:
        rows = _ADDED_ROWS if wish == "more" else 1
        return await _form(request, services, principal, compendium, fields, rows=rows, revision=revision)
    typed = document_of(fields, compendium.metadata.get("o2r", {}))
    faults = typed.faults
    if wish == "publish" and not faults:
        files = await asyncio.to_thread(files_of, services.blobs, compendium)
        faults = check(typed.document, files)
    if faults:
        return await _form(request, services, principal, compendium, fields, faults=faults, revision=revision)
    if wish == "publish":
        return await _ask(request, services, principal, compendium, fields, revision)
    try:
        check_json(typed.document)
        # The document was made from the compendium as it was read here: only this revision may be replaced.
        tag = f'"{compendium.revision}"' if revision == str(compendium.revision) else '""'
        wanted = Save(lambda _before: typed.document, publish=wish == "confirm", if_match=tag)
        await save(services, principal, compendium.id, wanted)
    except JsonError as error:
        wrong = [Fault(error.pointer or "", str(error))]
        return await _form(request, services, principal, compendium, fields, faults=wrong, revision=revision)
    except Refused as refused:
        return await _again(request, services, principal, fields, refused, revision)
    address = f"/compendium/{compendium.id}"
    return RedirectResponse(address if wish == "confirm" else f"{address}/metadata?saved", 303)


async def _again(
    request: Request, services: Services, principal: Principal, fields: Fields, refused: Refused, revision: str
) -> Response:
    """Show what was typed beside what is wrong with it, or beside the news that somebody else saved."""
    if refused.status not in {400, 412}:
        raise refused
    compendium = await services.compendium(principal, request.path_params["id"])
    if refused.status == 412:
        newest = await services.revisions.one(compendium, compendium.revision)
        number, old = str(compendium.revision), revision if revision.isdecimal() and len(revision) < 10 else "0"
        base = await services.revisions.one(compendium, int(old))
        fields = brought_together(fields, base.document if base else {}, compendium.metadata.get("o2r", {}))
        return await _form(
            request, services, principal, compendium, fields, newer=newest, revision=number, old=old, status=412
        )
    faults = [Fault(error["pointer"], error["message"]) for error in refused.more.get("errors", [])]
    return await _form(request, services, principal, compendium, fields, faults=faults, revision=revision)


async def _form(
    request: Request,
    services: Services,
    principal: Principal,
    compendium: Compendium,
    fields: Fields,
    *,
    faults: Sequence[Fault] = (),
    rows: int = 1,
    revision: str = "",
    status: int = 0,
    **more: Any,
) -> Response:
    beside = {field: fault.message for fault in reversed(faults) if (field := field_of(fault.pointer))}
    mains, displays = await asyncio.to_thread(_choices, services, compendium, fields)
    return render(
        request,
        "metadata.html",
        principal,
        status or (400 if faults else 200),
        compendium=compendium,
        title=about(compendium).title,
        value=lambda name: fields.get(name, ""),
        people=people_of(fields, rows),
        errors=beside,
        general=[fault for fault in faults if not field_of(fault.pointer)],
        mains=mains,
        displays=displays,
        licences=LICENCES,
        revision=revision or str(compendium.revision),
        **{"saved": False, "newer": None, "old": "", **more},
    )


def _choices(services: Services, compendium: Compendium, fields: Fields) -> tuple[list[str], list[str]]:
    """Return the files that may be main and display; those that are chosen are among them."""
    files = files_of(services.blobs, compendium)
    paths = [entry.path for entry in files.manifest.entries()]
    mains = [path for path in paths if kind_of(path)][:MOST_FILES]
    displays = [path for path in paths if path.lower().endswith(_SHOWN)][:MOST_FILES]
    chosen_main, chosen_display = fields.get("mainfile", ""), fields.get("displayfile", "")
    return _with(mains, chosen_main), _with(displays, chosen_display)


def _with(paths: list[str], chosen: str) -> list[str]:
    return paths if not chosen or chosen in paths else [chosen, *paths]


async def _ask(
    request: Request, services: Services, principal: Principal, compendium: Compendium, fields: Fields, revision: str
) -> Response:
    """Say what publishing means, and what a reader would miss, before it is done."""
    document = document_of(fields, compendium.metadata.get("o2r", {})).document
    await services.compendium(principal, compendium.id, Action.PUBLISH)
    return render(
        request,
        "metadata_publish.html",
        principal,
        compendium=compendium,
        about=about_document(document),
        doubts=[fault.sentence().strip("/").replace("/", ", ") for fault in suggestions(document)],
        fields=fields,
        revision=revision,
    )


async def history(request: Request) -> Response:
    """`GET /compendium/:id/history`: the revisions, newest first."""
    services, principal, compendium = await _readable(request)
    oldest, start = oldest_seen(principal, compendium), whole_number(request, "start", 1, 1 << 31)
    found = await services.revisions.page(compendium, oldest, start, 50)
    return render(
        request,
        "history.html",
        principal,
        compendium=compendium,
        title=about(compendium).title,
        revisions=found,
        oldest=oldest,
        newer=max(start - 50, 1) if start > 1 else None,
        older=start + 50 if found and found[-1].number > oldest else None,
    )


async def revision(request: Request) -> Response:
    """`GET /compendium/:id/history/:number`: what differs from the revision before, or from `from`."""
    services, principal, compendium = await _readable(request)
    oldest, number = oldest_seen(principal, compendium), request.path_params["number"]
    other = max(whole_number(request, "from", max(number - 1, 1), compendium.revision), oldest)
    after = await services.revisions.one(compendium, number) if number >= oldest else None
    before = await services.revisions.one(compendium, other)
    if after is None or before is None:
        raise Refused(404, "no revision with this number", f"They have the numbers {oldest} to {compendium.revision}.")
    found, count = differences(before.document, after.document)
    return render(
        request,
        "revision.html",
        principal,
        compendium=compendium,
        title=about(compendium).title,
        before=before,
        after=after,
        differences=found,
        left=max(count - MOST, 0),
        numbers=range(oldest, compendium.revision + 1)[-200:],
    )


async def _editable(request: Request) -> tuple[Services, Principal, Compendium]:
    services = services_of(request)
    principal = await services.principal(request)
    compendium = await editable(services, principal, request.path_params["id"], Action.EDIT)
    if compendium.status is not CompendiumStatus.READY:
        raise Refused(409, "The compendium is not ready yet", "Its metadata are edited when it is loaded.")
    return services, principal, compendium


async def _readable(request: Request) -> tuple[Services, Principal, Compendium]:
    services = services_of(request)
    principal = await services.principal(request)
    return services, principal, await services.compendium(principal, request.path_params["id"], Action.READ_METADATA)


async def _typed(request: Request) -> Fields:
    """Return the fields of the form; raises Refused (400, 413)."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise Refused(413, "The form is too large", f"At most {BODY_BYTES} bytes are read.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Refused(400, "The form cannot be read") from error
    return {name: text.replace("\0", "") for name, text in pairs}
