"""The end of a named run: its job, its name, and the compendia that only it holds."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from erc.gateway.auth import Action
from erc.gateway.describing import About, Described
from erc.gateway.documents.run import PurgedRun
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.job import stop
from erc.gateway.routes.removal import forget
from erc.gateway.routes.runs import ONE, USER, VERSION, found_run
from erc.gateway.store.purging import Purging

_GONE = {404, 410}


async def purge(request: Request) -> Response:
    """`DELETE /api/v1/runs/:name`: end the job of a name, forget the name, and delete what only it holds.

    Candidates go that nothing else holds: no other name, public link, shipment or job. What is published stays, and
    what came under the name meanwhile. May be repeated until the name is gone.
    """
    services = services_of(request)
    principal = await services.principal(request)
    found = await found_run(request, services, Action.DELETE)
    named, purging = found.named, Purging(services.records.database)
    await stop(services, found.job.id)
    alone, others = await purging.held(named)
    for identifier in alone:
        try:
            await forget(services, principal, identifier)
        except Refused as error:
            # Somebody deleted it a moment ago.
            if error.status not in _GONE:
                raise
    await purging.forget(named)
    return JSONResponse(
        {"name": named.name, "version": named.version, "deleted": list(alone), "kept": list(others)},
    )


ROUTES = [
    Described(
        ONE,
        purge,
        "DELETE",
        About(
            *("Runs", "Purge a named run", {200: PurgedRun}, (400, 404)), query=(VERSION, USER), action=Action.DELETE
        ),
    ),
]
