"""A client of the o2r web API, written from its published OpenAPI document alone: its paths, fields and statuses.

Nothing of our own additions is used. Only how somebody is known to the service is handed in: the document names the
cookie of one installation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

import httpx2

STEPS = (
    "validate_bag",
    "generate_configuration",
    "validate_compendium",
    "generate_manifest",
    "image_prepare",
    "image_build",
    "image_execute",
    "check",
    "image_save",
    "cleanup",
)


class O2rClient:
    """Calls the operations of the document; every answer must have a status that the document names."""

    def __init__(self, address: str, credentials: Mapping[str, str]) -> None:
        self._http = httpx2.Client(base_url=f"{address}/api/v1", headers=dict(credentials), timeout=150)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def upload_compendium(self, archive: bytes, content_type: str) -> str:
        """`POST /compendium`: return the id."""
        file = {"compendium": ("workspace.zip", archive, "application/zip")}
        answer = self._http.post("/compendium", data={"content_type": content_type}, files=file)
        return str(_document(answer, 200)["id"])

    def list_compendium(self, **query: str) -> list[str]:
        """`GET /compendium`: return the ids."""
        return list(_document(self._http.get("/compendium", params=query), 200)["results"])

    def view_compendium(self, compendium_id: str) -> dict[str, Any]:
        """`GET /compendium/{compendium_id}`."""
        return _document(self._http.get(f"/compendium/{compendium_id}"), 200)

    def delete_compendium(self, compendium_id: str) -> None:
        """`DELETE /compendium/{compendium_id}`."""
        assert self._http.delete(f"/compendium/{compendium_id}").status_code == 204

    def get_metadata(self, compendium_id: str) -> dict[str, Any]:
        """`GET /compendium/{compendium_id}/metadata`: return the o2r metadata."""
        return dict(_document(self._http.get(f"/compendium/{compendium_id}/metadata"), 200)["metadata"]["o2r"])

    def update_metadata(self, compendium_id: str, o2r: Mapping[str, Any]) -> dict[str, Any]:
        """`PUT /compendium/{compendium_id}/metadata`: save, and so publish."""
        answer = self._http.put(f"/compendium/{compendium_id}/metadata", json={"o2r": dict(o2r)})
        return _document(answer, 200)

    def download_compendium(self, compendium_id: str, extension: str, *, image: bool) -> bytes:
        """`GET /compendium/{compendium_id}.{file_extension}`: return the archive."""
        query = {"image": "true" if image else "false"}
        answer = self._http.get(f"/compendium/{compendium_id}.{extension}", params=query, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        assert f"{compendium_id}.{extension}" in answer.headers["content-disposition"]
        return answer.content

    def create_job(self, compendium_id: str) -> str:
        """`POST /job`: return the id."""
        answer = self._http.post("/job", files={"compendium_id": (None, compendium_id)})
        return str(_document(answer, 200)["job_id"])

    def list_job(self, **query: str) -> list[Any]:
        """`GET /job`: return ids, or objects with the `fields` that are asked for."""
        return list(_document(self._http.get("/job", params=query), 200)["results"])

    def view_job(self, job_id: str, steps: str = "all") -> dict[str, Any]:
        """`GET /job/{job_id}`."""
        found = _document(self._http.get(f"/job/{job_id}", params={"steps": steps}), 200)
        assert set(STEPS) <= set(found["steps"])
        return found

    def ended_job(self, job_id: str, seconds: float = 180) -> dict[str, Any]:
        """Ask for a job until its overall status is `success` or `failure`."""
        deadline = time.monotonic() + seconds
        while (found := self.view_job(job_id))["status"] not in {"success", "failure"}:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found

    def list_recipients(self) -> list[str]:
        """`GET /recipient`: return the ids."""
        return [str(one["id"]) for one in _document(self._http.get("/recipient"), 200)["recipients"]]

    def create_shipment(self, compendium_id: str, recipient: str) -> bytes:
        """`POST /shipment` to the download surrogate: return the zip that 202 streams."""
        form = {"compendium_id": (None, compendium_id), "recipient": (None, recipient)}
        answer = self._http.post("/shipment", files=form, headers={"Accept": "application/zip"})
        assert (answer.status_code, answer.headers["content-type"]) == (202, "application/zip"), answer.text
        return answer.content

    def list_shipment(self, compendium_id: str) -> list[str]:
        """`GET /shipment`: return the ids of a compendium's shipments."""
        answer = self._http.get("/shipment", params={"compendium_id": compendium_id})
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def view_shipment(self, shipment_id: str) -> dict[str, Any]:
        """`GET /shipment/{shipment_id}`."""
        return _document(self._http.get(f"/shipment/{shipment_id}"), 200)

    def shipment_status(self, shipment_id: str) -> str:
        """`GET /shipment/{shipment_id}/status`."""
        return str(_document(self._http.get(f"/shipment/{shipment_id}/status"), 200)["status"])


def _document(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text[:2000]}"
    assert answer.headers["content-type"].startswith("application/json")
    return dict(answer.json())
