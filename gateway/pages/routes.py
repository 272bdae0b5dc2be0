"""Interim: no pages."""

from __future__ import annotations

from starlette.routing import Route

from erc.gateway.errors import on_refused

__all__ = ["ROUTES", "on_refused"]

ROUTES: list[Route] = []
