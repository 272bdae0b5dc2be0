"""The addresses of the pages."""

from __future__ import annotations

from starlette.routing import Route

from erc.gateway.pages import (
    account,
    compendium,
    determinism,
    device,
    job,
    listing,
    metadata,
    preview,
    reference,
    search,
    sharing,
    shipment,
    users,
)
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
    Route("/compendium/{id:str}/link", sharing.make_link, methods=["POST"]),
    Route("/compendium/{id:str}/link/revoke", sharing.revoke_link, methods=["POST"]),
    Route("/compendium/{id:str}/substitute", sharing.substitution_form, methods=["GET"]),
    Route("/compendium/{id:str}/substitute", sharing.substitute, methods=["POST"]),
    Route("/compendium/{id:str}/metadata", metadata.form, methods=["GET"]),
    Route("/compendium/{id:str}/metadata", metadata.submit, methods=["POST"]),
    Route("/compendium/{id:str}/history", metadata.history, methods=["GET"]),
    Route("/compendium/{id:str}/history/{number:int}", metadata.revision, methods=["GET"]),
    Route("/job/{id:str}", job.page, methods=["GET"]),
    Route("/job/{id:str}/mend", job.mend, methods=["POST"]),
    Route("/job/{id:str}/repeat", determinism.start, methods=["POST"]),
    Route("/job/{id:str}/cancel", job.cancel, methods=["POST"]),
    Route("/account", account.page, methods=["GET"]),
    Route("/account/tokens", account.make_token, methods=["POST"]),
    Route("/account/tokens/{id:str}/end", account.revoke_token, methods=["POST"]),
    Route("/account/sessions/{handle:str}/end", account.end_session, methods=["POST"]),
    Route("/account/close", account.close, methods=["POST"]),
    Route("/users", users.page, methods=["GET"]),
    Route("/users/{id:str}/level", users.give, methods=["POST"]),
    Route("/users/{id:str}/close", users.close, methods=["POST"]),
    Route("/device", device.page, methods=["GET"]),
    Route("/device", device.decide, methods=["POST"]),
    Route("/shipment/{id:str}", shipment.page, methods=["GET"]),
    Route("/shipment/{id:str}/publish", shipment.publish, methods=["POST"]),
    Route("/shipment/{id:str}/cancel", shipment.cancel, methods=["POST"]),
]
