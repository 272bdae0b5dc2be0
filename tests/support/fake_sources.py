"""The part of the fake gateway that takes archives in pieces."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from support.fake_gateway import COMPENDIUM, FakeGateway

UPLOAD = "0" * 25 + "u"


@dataclass
class FakeSources:
    """Keeps pieces; `breaks` says which of them, from 1, breaks the connection before or after it was kept."""

    existed: bool = False
    breaks: dict[int, str] = field(default_factory=dict)
    kept: bytearray = field(default_factory=bytearray)
    pieces: list[bytes] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    _digest: str = ""
    _number: int = 0

    @classmethod
    def beside(cls, gateway: FakeGateway) -> FakeSources:
        """Answer for sources at a fake gateway."""
        fake = cls()
        gateway.sources = fake
        return fake

    async def answer(self, request: Request) -> Response | None:
        """Return the answer, None for what has nothing to do with sources; raises ConnectionError for a break."""
        asked = (request.method, request.url.path)
        if asked == ("POST", "/api/v1/sources"):
            self._digest = (await request.json())["digest"]
            source = {"source": f"source://sha256:{self._digest}", "existed": True}
            return JSONResponse(source if self.existed else {"upload": UPLOAD, "offset": len(self.kept)}, 201)
        if asked == ("PATCH", f"/api/v1/sources/{UPLOAD}"):
            return await self._piece(request)
        if asked == ("POST", f"/api/v1/sources/{UPLOAD}/complete"):
            assert hashlib.sha256(self.kept).hexdigest() == self._digest
            return JSONResponse({"source": f"source://sha256:{self._digest}", "existed": False})
        if asked == ("POST", "/api/v1/compendium") and request.headers["content-type"] == "application/json":
            self.created.append(await request.json())
            return JSONResponse({"id": COMPENDIUM}, 202)
        return None

    async def _piece(self, request: Request) -> Response:
        self._number += 1
        breaks = self.breaks.get(self._number)
        piece = await request.body()
        if breaks != "before":
            assert int(request.headers["upload-offset"]) == len(self.kept)
            self.kept += piece
            self.pieces.append(piece)
        if breaks:
            raise ConnectionError
        return Response(status_code=204)
