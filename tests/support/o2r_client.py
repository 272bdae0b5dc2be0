"""A client of the o2r web API, made from its published OpenAPI document alone: its paths, fields, statuses, values.

Whatever an answer lacks of what that document promises is an error here. It knows nothing of what we add.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

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
JOB_STATES = {"success", "failure", "running"}
STEP_STATES = {"queued", "running", "success", "failure", "skipped"}
SHIPMENT_STATES = {"shipped", "published", "error"}


class O2rClient:
    """Speaks to `<address>/api/v1`; `headers` is how it is signed in."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self._http = httpx2.Client(base_url=f"{address}/api/v1", headers=headers, timeout=150)

    def upload_compendium(self, archive: bytes, content_type: str = "workspace") -> str:
        """Return the id of a new compendium."""
        files = {"compendium": ("workspace.zip", archive, "application/zip")}
        return str(
            self._asked("POST", "/compendium", {200}, {"id"}, files=files, data={"content_type": content_type})["id"]
        )

    def view_compendium(self, identifier: str) -> dict[str, Any]:
        """Return the compendium."""
        fields = {"id", "metadata", "created", "user", "bag", "compendium", "substituted", "files"}
        return self._asked("GET", f"/compendium/{identifier}", {200}, fields)

    def list_compendia(self, **query: str) -> list[str]:
        """Return ids."""
        return list(self._asked("GET", "/compendium", {200}, {"results"}, params=query)["results"])

    def get_metadata(self, identifier: str) -> dict[str, Any]:
        """Return the o2r metadata."""
        return dict(
            self._asked("GET", f"/compendium/{identifier}/metadata", {200}, {"id", "metadata"})["metadata"]["o2r"]
        )

    def update_metadata(self, identifier: str, o2r: dict[str, Any]) -> dict[str, Any]:
        """Save the o2r metadata, which publishes; return what is kept."""
        body = {"o2r": o2r}
        answer = self._asked("PUT", f"/compendium/{identifier}/metadata", {200}, {"id", "metadata"}, json=body)
        return dict(answer["metadata"]["o2r"])

    def create_job(self, compendium: str) -> str:
        """Return the id of a new job."""
        form = {"compendium_id": (None, compendium)}
        return str(self._asked("POST", "/job", {200}, {"job_id"}, files=form)["job_id"])

    def view_job(self, identifier: str) -> dict[str, Any]:
        """Return the job with all its steps in detail."""
        found = self._asked(
            "GET", f"/job/{identifier}", {200}, {"id", "compendium_id", "steps", "status"}, params={"steps": "all"}
        )
        assert found["status"] in JOB_STATES, found["status"]
        assert list(found["steps"]) == list(STEPS)
        assert {step["status"] for step in found["steps"].values()} <= STEP_STATES
        return found

    def ended_job(self, identifier: str, seconds: float = 120) -> dict[str, Any]:
        """Return the job when it runs no more."""
        end = time.monotonic() + seconds
        while (found := self.view_job(identifier))["status"] == "running":
            assert time.monotonic() < end, found
            time.sleep(0.2)
        return found

    def list_jobs(self, compendium: str) -> list[str]:
        """Return ids of a compendium's jobs."""
        return list(self._asked("GET", f"/compendium/{compendium}/jobs", {200}, {"results"})["results"])

    def download_compendium(self, identifier: str, extension: str, *, image: bool) -> bytes:
        """Return an archive."""
        query = {"image": str(image).lower()}
        answer = self._http.get(f"/compendium/{identifier}.{extension}", params=query, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].startswith("attachment")
        return answer.content

    def file(self, path: str) -> bytes:
        """Return a file by the path that a tree of files names."""
        answer = self._http.get(path.removeprefix("/api/v1"), follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.content

    def list_recipients(self) -> list[str]:
        """Return ids of recipients."""
        found = self._asked("GET", "/recipient", {200}, {"recipients"})["recipients"]
        assert all({"id", "label"} <= one.keys() for one in found)
        return [one["id"] for one in found]

    def upload_shipment(self, compendium: str, recipient: str) -> bytes:
        """Ship to the download surrogate; return the archive that comes back."""
        form = {"compendium_id": compendium, "recipient": recipient}
        answer = self._http.post("/shipment", data=form, headers={"Accept": "application/zip"})
        assert answer.status_code == 202, answer.text
        assert answer.headers["content-type"] == "application/zip"
        return answer.content

    def list_shipments(self, compendium: str) -> list[str]:
        """Return ids of a compendium's shipments."""
        answer = self._http.get("/shipment", params={"compendium_id": compendium})
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def view_shipment(self, identifier: str) -> dict[str, Any]:
        """Return the shipment."""
        fields = {"id", "compendium_id", "deposition_id", "deposition_url", "update_packaging", "recipient", "user"}
        found = self._asked("GET", f"/shipment/{identifier}", {200}, fields | {"last_modified", "status"})
        assert found["status"] in SHIPMENT_STATES
        return found

    def shipment_status(self, identifier: str) -> str:
        """Return the state of a shipment."""
        return str(self._asked("GET", f"/shipment/{identifier}/status", {200}, {"id", "status"})["status"])

    def publish_deposition(self, identifier: str) -> str:
        """Publish a shipment; return its state."""
        return str(self._asked("PUT", f"/shipment/{identifier}/publishment", {200}, {"id", "status"})["status"])

    def refused(self, method: str, path: str, **request: Any) -> tuple[int, str]:
        """Return status and `error` of a request that must fail."""
        answer = self._http.request(method, path, **request)
        return answer.status_code, str(answer.json()["error"])

    def _asked(
        self, method: str, path: str, statuses: set[int], fields: Iterable[str], **request: Any
    ) -> dict[str, Any]:
        answer = self._http.request(method, path, **request)
        assert answer.status_code in statuses, f"{method} {path}: {answer.status_code} {answer.text}"
        document: dict[str, Any] = answer.json()
        missing = set(fields) - document.keys()
        assert not missing, f"{method} {path} lacks {missing}"
        return document
