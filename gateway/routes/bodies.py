"""A body as the document that it should be."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from erc.gateway.client.terminal import one_line
from erc.gateway.errors import Refused
from erc.gateway.routes.asking import body_of

Document = TypeVar("Document", bound=BaseModel)


async def document_of(request: Request, kind: type[Document]) -> Document:
    """Return the JSON or form body as a document; raises Refused (400, 413) with the first thing that is wrong."""
    body = await body_of(request)
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = one_line(".".join(str(part) for part in first["loc"])) or "the body"
        raise Refused(400, "The request cannot be read", f"{place}: {first['msg']}.", "invalid_request") from error


def clean(text: str) -> str:
    """Return a text that somebody wrote as one clean line; raises Refused (400) when nothing is left of it."""
    line = one_line(text)
    if not line:
        raise Refused(400, "The name is empty", "Say what it is for, in words.", "invalid_request")
    return line
