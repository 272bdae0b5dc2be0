"""Substitutions: the code of one compendium with data of another."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.events.blobs import put_document, read_document, read_manifest
from erc.events.outbox import Transaction, utc_now
from erc.gateway.auth import Action, Answer, Principal, Thing, authorise
from erc.gateway.describing import LIMIT, REPEAT, START, About, Described, Parameter, Text
from erc.gateway.documents.substitution import Identifiers, Made, NewSubstitution
from erc.gateway.errors import Refused
from erc.gateway.idempotency import Answer as Answered
from erc.gateway.identifiers import is_id, new_id
from erc.gateway.publication import public_snapshot
from erc.gateway.routes.asking import body_of, plain_text, services_of, whole_number
from erc.gateway.routes.repeating import KeepAnswer, answered_once, keep_nothing
from erc.gateway.services import Services
from erc.gateway.store.substitutions import Substitutions
from erc.gateway.substituting import (
    CONFIGURATION,
    HANDLINGS,
    Pair,
    SubstitutionError,
    configured,
    metadata_of,
    pairs_of,
    placed,
    with_configuration,
)
from erc.schemas.compendium import Compendium, CompendiumStatus, Substitution
from erc.schemas.metadata import Description
from erc.schemas.workspace import Entry

CONFIGURATION_BYTES = 1 << 20
NO_CONFIGURATION = "missing configuration file in base compendium, please execute a job for the base compendium first"


async def create(request: Request) -> Response:
    """Make a compendium from the code of the base with data of the overlay.

    It is published at once when both are; otherwise it is a candidate of who asks.
    """
    services = services_of(request)
    principal = await services.principal(request)
    # Whether somebody may substitute at all comes before what they named.
    _refuse(authorise(principal, Action.SUBSTITUTE, Thing(principal.name, candidate=False)), "")
    body = await body_of(request)

    async def act(keep: KeepAnswer) -> Answered:
        return _made(await substitute(services, principal, body, keep))

    return await answered_once(request, services, principal, body, act)


def _made(identifier: str) -> Answered:
    return Answered(200, json.dumps({"id": identifier}), {"Location": f"/api/v1/compendium/{identifier}"})


async def substitute(
    services: Services, principal: Principal, body: dict[str, Any], keep: KeepAnswer = keep_nothing
) -> str:
    """Keep the substituted compendium and return its id; raises Refused (400, 401, 404, 501)."""
    base = await _source(services, principal, body, "base")
    overlay = await _source(services, principal, body, "overlay")
    _check_handling(body.get("metadataHandling", HANDLINGS[0]))
    try:
        pairs = pairs_of(_listed(body.get("substitutionFiles")))
        configuration = await _configuration(services, principal, base)
        made = await asyncio.to_thread(_compendium, services, principal.name, (base, overlay), pairs, configuration)
    except SubstitutionError as error:
        raise Refused(400, error.error, error.detail) from error
    answer = _made(made.id)

    async def within(transaction: Transaction) -> None:
        await services.quotas.admit_compendium(transaction, principal, made.size_bytes, made.candidate)
        await keep(transaction, answer)

    await Substitutions(services.records.database).add(made, made.created, within)
    return made.id


async def _source(services: Services, principal: Principal, body: dict[str, Any], side: str) -> Compendium:
    identifier = body.get(side)
    if not isinstance(identifier, str) or not is_id(identifier):
        raise Refused(400, f"{side} ID is invalid", "It is the id of a compendium: 26 letters and digits.")
    answer, found = await services.asked(principal, identifier, Action.SUBSTITUTE)
    _refuse(answer, f"{side} compendium not found")
    assert found
    if found.status is not CompendiumStatus.READY:
        raise Refused(
            409, f"The {side} compendium is not ready", f"It is {found.status.value}.", "compendium_not_ready"
        )
    return found


def _refuse(answer: Answer, missing: str) -> None:
    """Raise Refused in the o2r service's words, which has one status for both reasons."""
    said = {Answer.SIGN_IN: (401, "not authenticated"), Answer.FORBIDDEN: (401, "not allowed")}
    said |= {Answer.NOT_FOUND: (404, missing), Answer.TOKEN: (403, Answer.TOKEN.value)}
    if answer in said:
        raise Refused(*said[answer])


def _check_handling(handling: object) -> None:
    if handling not in HANDLINGS:
        raise Refused(400, "metadataHandling is not known", f"It is one of {', '.join(HANDLINGS)}.")
    if handling != HANDLINGS[0]:
        raise Refused(
            501,
            "Metadata of a substitution are not extracted yet",
            "Use keepBase: the new compendium has the metadata of the base, which can be edited.",
            "not_implemented",
        )


def _listed(given: Any) -> Any:
    """Return the pairs; a form holds them as JSON."""
    if isinstance(given, str):
        try:
            return json.loads(given)
        except (ValueError, RecursionError) as error:
            raise SubstitutionError("substitution files missing", "In a form they are a JSON list.") from error
    return given


async def _configuration(services: Services, principal: Principal, base: Compendium) -> Entry:
    """Return the base's `erc.yml`: its own, or the one that a job made; raises Refused (400)."""
    manifests = [base.manifest, *(job.manifest for job in await services.records.jobs(principal, base.id, limit=20))]
    for digest in dict.fromkeys(manifests):
        entry = (await asyncio.to_thread(read_manifest, services.blobs, digest)).get(CONFIGURATION) if digest else None
        if entry:
            return entry
    raise Refused(400, NO_CONFIGURATION)


def _compendium(
    services: Services, owner: str, sources: tuple[Compendium, Compendium], pairs: list[Pair], configuration: Entry
) -> Compendium:
    """Keep the new workspace's blobs and return the compendium; raises SubstitutionError."""
    base, overlay = sources
    blobs, identifier, now = services.blobs, new_id(), utc_now()
    assert base.manifest and base.description and overlay.manifest, "they are ready"  # noqa: PT018
    about = read_document(blobs, base.description, Description)
    files, workspace = placed(
        read_manifest(blobs, base.manifest), read_manifest(blobs, overlay.manifest), pairs, about.display
    )
    written = configured(blobs.read(configuration.digest, CONFIGURATION_BYTES), identifier, files)
    workspace = with_configuration(workspace, blobs.put(written), len(written))
    substitution = Substitution(base=base.id, overlay=overlay.id, files=tuple(files))
    changes = {"manifest": workspace.digest, "erc_id": identifier}
    made = Compendium(
        id=identifier,
        owner=owner,
        status=CompendiumStatus.READY,
        version=1,
        upload=base.upload,
        manifest=blobs.put(workspace.document()),
        description=put_document(blobs, about.model_copy(update=changes)),
        compendium=True,
        metadata=metadata_of(base.metadata, substitution),
        substitution=substitution,
        size_bytes=workspace.size_bytes,
        created=now,
    )
    if base.candidate or overlay.candidate:
        return made
    snapshot = json.dumps(public_snapshot(made, [], now), ensure_ascii=False).encode()
    return made.model_copy(update={"candidate": False, "published": now, "snapshot": blobs.put(snapshot), "version": 2})


async def index(request: Request) -> Response:
    """List compendia that were made by substitution, by their base, their overlay, or all."""
    services = services_of(request)
    principal = await services.principal(request)
    base, overlay = plain_text(request, "base"), plain_text(request, "overlay")
    start, limit = whole_number(request, "start", 1, 1 << 31), whole_number(request, "limit", 100, 1000)
    found = await Substitutions(services.records.database).found(principal, base, overlay, start, limit)
    return JSONResponse({"results": list(found)})


_BASE = Parameter("base", Text, "Only those made from this compendium.")
_OVERLAY = Parameter("overlay", Text, "Only those with data of this compendium.")
_PATH = "/api/v1/substitution"

ROUTES = [
    Described(
        _PATH,
        create,
        "POST",
        About(
            "Substitutions",
            "Substitute data",
            {200: Made},
            (400, 403, 404, 409, 410, 413, 422, 501),
            ("Location",),
            (REPEAT,),
            NewSubstitution,
            ("multipart/form-data",),
            Action.SUBSTITUTE,
        ),
    ),
    Described(
        _PATH,
        index,
        "GET",
        About(
            "Substitutions",
            "List substitutions",
            {200: Identifiers},
            (400,),
            query=(_BASE, _OVERLAY, START, LIMIT),
        ),
    ),
]
