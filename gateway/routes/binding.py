"""Bindings of figures to their code: checked now; made and run once interactive figures come."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from erc.gateway.auth import Action
from erc.gateway.content import find_file
from erc.gateway.describing import About, Described
from erc.gateway.documents.bindings import Binding, BindingSearch, CodeRequest
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import body_of, services_of

M = TypeVar("M", bound=BaseModel)

VALUES = 100
_NAME = re.compile(r"newValue\d{1,3}", re.ASCII)
_BINDING = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)


def _to_come(what: str) -> Refused:
    return Refused(501, "Interactive figures are not available yet", what, "not_implemented")


async def create(request: Request) -> Response:
    """Bind a result of a compendium to its code. The binding is checked; what it asks for is not built yet."""
    services = services_of(request)
    principal = await services.principal(request)
    binding = await _document(request, Binding)
    compendium = await services.compendium(principal, binding.id, Action.BIND)
    await find_file(services, compendium.manifest, binding.sourcecode.file)
    raise _to_come("The binding is valid. A later version keeps it and runs it in the compendium's own environment.")


async def search(request: Request) -> Response:
    """Find the results that a piece of code is used for."""
    await _document(request, BindingSearch)
    raise _to_come("A later version answers with the results that use this code.")


async def extract(request: Request) -> Response:
    """Return the code of a file of a compendium."""
    services = services_of(request)
    wanted = await _document(request, CodeRequest)
    compendium = await services.compendium(await services.principal(request), wanted.id)
    await find_file(services, compendium.manifest, wanted.file)
    raise _to_come("A later version answers with the lines of code of this file.")


async def run(request: Request) -> Response:
    """Make a binding ready to be asked for figures."""
    await _bound(request)
    raise _to_come("A later version makes the figure's code ready, in the compendium's own environment.")


async def figure(request: Request) -> Response:
    """Return the figure of a binding for new values (newValue0, newValue1, …) of its parameters."""
    await _bound(request)
    _check_values(request)
    raise _to_come("A later version runs the figure's code with the values given, in the compendium's own environment.")


async def _bound(request: Request) -> None:
    services = services_of(request)
    await services.compendium(await services.principal(request), request.path_params["id"])
    if not _BINDING.fullmatch(request.path_params["binding"]):
        raise Refused(404, "no binding with this id")


def _check_values(request: Request) -> None:
    names = request.query_params.keys()
    odd = next((name for name in names if not _NAME.fullmatch(name)), None)
    if odd is not None or len(names) > VALUES:
        raise Refused(400, "The values cannot be read", f"They are newValue0, newValue1, … and at most {VALUES}.")


async def _document(request: Request, model: type[M]) -> M:
    """Return the body as a document of this kind; raises Refused (400, 413)."""
    try:
        return model.model_validate(await body_of(request))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(400, "The binding cannot be read", f"{place}: {first['msg']}.") from error


_REFUSALS = (400, 404, 410, 413, 501)
_NOTHING_YET: dict[int, None] = {}
_OF = "/api/v1/compendium/{id:str}/binding/{binding:str}"

ROUTES = [
    Described(
        "/api/v1/bindings/binding",
        create,
        "POST",
        About("Bindings", "Bind a result", _NOTHING_YET, _REFUSALS, body=Binding, action=Action.BIND),
    ),
    Described(
        "/api/v1/bindings/searchBinding",
        search,
        "POST",
        About("Bindings", "Search bindings", _NOTHING_YET, (400, 413, 501), body=BindingSearch),
    ),
    Described(
        "/api/v1/bindings/extractRcode",
        extract,
        "POST",
        About("Bindings", "Extract code", _NOTHING_YET, _REFUSALS, body=CodeRequest, action=Action.VIEW),
    ),
    Described(_OF, run, "POST", About("Bindings", "Run a binding", _NOTHING_YET, (404, 410, 501), action=Action.VIEW)),
    Described(
        _OF, figure, "GET", About("Bindings", "View a figure", _NOTHING_YET, (400, 404, 410, 501), action=Action.VIEW)
    ),
]
