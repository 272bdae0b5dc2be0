"""Reads a JSON body that may be kept: what no store holds is refused with its place."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from erc.gateway.errors import Refused
from erc.gateway.json_reading import JsonError, read_json
from erc.gateway.routes.asking import BODY_BYTES


async def json_body(request: Request) -> Any:
    """Return the value of a body; raises Refused (400, 413)."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise Refused(413, "The request is too large", f"At most {BODY_BYTES} bytes are read.")
    try:
        return read_json(bytes(body))
    except JsonError as error:
        errors = [] if error.pointer is None else [{"pointer": error.pointer, "message": str(error)}]
        where = f"At {error.pointer[:200]}: " if error.pointer else ""
        raise Refused(
            400, "The body is not valid JSON", f"{where}{error}", "json_invalid", {"errors": errors}
        ) from error
