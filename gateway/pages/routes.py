"""The addresses of the pages."""

from __future__ import annotations

from starlette.routing import Route

from erc.gateway.pages import compendium, job, listing, preview, reference, search, shipment
from erc.gateway.pages.problems import on_bug, on_http_error, on_refused, on_rejected, on_unavailable

__all__ = ["ROUTES", "on_bug", "on_http_error", "on_refused", "on_rejected", "on_unavailable"]

ROUTES: list[Route] = [
    Route("/", listing.home, methods=["GET"]),
    Route("/upload", listing.upload, methods=["POST"]),
    Route("/upload", listing.upload_form, methods=["GET"]),
    Route("/reference", reference.page, methods=["GET"]),
    Route("/search", search.page, methods=["GET"]),
    Route("/compendium/{id:str}", compendium.page, methods=["GET"]),
    Route("/compendium/{id:str}/files/{path:path}", preview.of_compendium, methods=["GET"]),
    Route("/job/{id:str}/files/{path:path}", preview.of_job, methods=["GET"]),
    Route("/compendium/{id:str}/run", compendium.run, methods=["POST"]),
    Route("/compendium/{id:str}/delete", compendium.delete, methods=["POST"]),
    Route("/compendium/{id:str}/ship", compendium.ship, methods=["POST"]),
    Route("/job/{id:str}", job.page, methods=["GET"]),
    Route("/job/{id:str}/cancel", job.cancel, methods=["POST"]),
    Route("/shipment/{id:str}", shipment.page, methods=["GET"]),
    Route("/shipment/{id:str}/cancel", shipment.cancel, methods=["POST"]),
]
