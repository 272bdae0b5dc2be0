"""Reading a request: its services, numbers within limits, a JSON or form body."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from starlette.requests import HTTPConnection, Request

from erc.gateway.errors import Refused
from erc.gateway.identifiers import is_text
from erc.gateway.services import Services

BODY_BYTES = 1 << 20
_DIGITS = 18
_NUMBER = re.compile(r"[+-]?[0-9]+")


def services_of(connection: HTTPConnection) -> Services:
    """Return what the application was wired with."""
    return cast("Services", connection.app.state.services)


def whole_number(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number of at least 1 from the query; raises Refused (400)."""
    value = request.query_params.get(name)
    if value is None:
        return default
    if not _NUMBER.fullmatch(value):
        raise Refused(400, f"{name} must be an integer")
    if value.startswith("-") or not value.strip("+0"):
        raise Refused(400, f"{name} must be larger than 0")
    return min(int(value[:_DIGITS]), most) if len(value) <= _DIGITS else most


def plain_text(request: Request, name: str) -> str | None:
    """Return a parameter of the query, None without one; raises Refused (400) for what a database cannot hold."""
    value = request.query_params.get(name)
    if value is not None and not is_text(value):
        raise Refused(400, f"{name} is not a text", "It holds a NUL or half a character.")
    return value


async def body_of(request: Request) -> dict[str, Any]:
    """Return the fields of a small JSON, form or multipart body; raises Refused (400, 413)."""
    kind = request.headers.get("content-type", "")
    if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        async with request.form(max_files=0, max_fields=32, max_part_size=BODY_BYTES) as form:
            return kept({key: value for key, value in form.items() if isinstance(value, str)})
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise Refused(413, "The request is too large", f"At most {BODY_BYTES} bytes are read.")
    if not body:
        return {}
    try:
        document = json.loads(bytes(body), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not valid JSON", str(error)) from error
    if not isinstance(document, dict):
        raise Refused(400, "The body is not a JSON object")
    return kept(document)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def kept(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document whose texts can be kept; raises Refused (400) for NUL and for halves of characters."""
    try:
        text = json.dumps(document, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body holds what is no text", "Half a surrogate pair is none.") from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise Refused(400, "The body holds what is no text", "The character NUL is none.")
    return document
