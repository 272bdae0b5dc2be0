"""Lists of compendia, and of the jobs of one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.auth import Action
from erc.gateway.describing import LISTED, PAGING, About, Described, Parameter, Text
from erc.gateway.documents.document import Listing
from erc.gateway.errors import Refused
from erc.gateway.identifiers import is_link_id
from erc.gateway.routes.asking import services_of
from erc.gateway.routes.listing import listed, paging_of, truth
from erc.gateway.store.lists import Compendia, Jobs
from erc.schemas.compendium import CompendiumStatus

_STATES = [status.value for status in CompendiumStatus]


async def index(request: Request) -> Response:
    """`GET /api/v1/compendium`: ids of published compendia, newest first; of yours the candidates too, first.

    Editors get the candidates of others with `candidate=true`.
    """
    services = services_of(request)
    principal, query = await services.principal(request), request.query_params
    status = query.get("status")
    if status is not None and status not in _STATES:
        raise Refused(400, f"status must be one of {', '.join(_STATES)}")
    wanted = Compendia(
        user=query.get("user"),
        doi=query.get("doi"),
        job=query.get("job_id"),
        status=CompendiumStatus(status) if status else None,
        candidate=truth(query, "candidate"),
    )
    page = await services.lists.compendia(principal, wanted, paging_of(request))
    return listed(request, page, page.rows)


async def jobs(request: Request) -> Response:
    """`GET /api/v1/compendium/:id/jobs`: ids of its jobs, newest first; by a public link those that it started."""
    services = services_of(request)
    principal = await services.principal(request)
    shown = request.path_params["id"]
    compendium = await services.compendium(principal, shown, missing=f"no compendium with id {shown}")
    wanted = Jobs(link=shown) if is_link_id(shown) else Jobs(compendium.id)
    page = await services.lists.jobs(principal, wanted, paging_of(request))
    return listed(request, page, [job.id for job in page.rows])


_FILTERS = (
    Parameter("user", Text, "Those of this owner; if it is you, your candidates come first."),
    Parameter("doi", Text, "Those of a paper with this DOI."),
    Parameter("job_id", Text, "The one that this job ran."),
    Parameter("status", CompendiumStatus, "Those in this state."),
    Parameter("candidate", bool, "`true`: candidates alone, your own or, for editors, all; `false`: none."),
    *PAGING,
)

ROUTES = [
    Described(
        "/api/v1/compendium",
        index,
        "GET",
        About(
            "Compendia",
            "List compendia",
            {200: Listing},
            (400,),
            LISTED,
            _FILTERS,
        ),
    ),
    Described(
        "/api/v1/compendium/{id:str}/jobs",
        jobs,
        "GET",
        About(
            "Jobs",
            "List the jobs of a compendium",
            {200: Listing},
            (400, 404, 410),
            headers=LISTED,
            query=PAGING,
            action=Action.VIEW,
        ),
    ),
]
