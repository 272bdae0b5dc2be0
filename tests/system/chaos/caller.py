"""HTTP as a good client does it: the same request under the same key until there is an answer, all in the journal."""

from __future__ import annotations

import hashlib
import io
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from system.invariants.journal import Journal

PATIENCE_SECONDS = 90.0
_LATER = {409, 425, 429, 500, 502, 503, 504}


class GaveUp(Exception):  # noqa: N818
    """No answer came in time."""


@dataclass
class Caller:
    """One client. `honoured` says whether the service keeps the answers of an Idempotency-Key."""

    url: str
    token: str
    journal: Journal
    send_keys: bool = True
    honoured: bool = False
    patience: float = PATIENCE_SECONDS

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Connection": "close"}
        self._client = httpx2.Client(base_url=self.url, headers=headers, timeout=15)

    def upload(self, archive: bytes, files: dict[str, str]) -> str:
        """Upload a workspace and return its id; `files` are the digests of what is in it."""
        # The same bytes at every attempt: the boundary must not be drawn anew.
        kind = f"multipart/form-data; boundary={secrets.token_hex(16)}"
        form = {
            "data": {"content_type": "workspace"},
            "headers": {"Prefer": "respond-async", "Content-Type": kind},
        }
        digest = hashlib.sha256(archive).hexdigest()
        return self._make("compendium", form, {"sha256": digest, "files": files}, archive)

    def job(self, compendium: str) -> str:
        """Start a job and return its id."""
        return self._make("job", {"json": {"compendium_id": compendium}}, {"of": compendium})

    def shipment(self, compendium: str) -> str:
        """Start a shipment and return its id."""
        return self._make("shipment", {"json": {"compendium_id": compendium}}, {"of": compendium})

    def cancel(self, job: str) -> int:
        """Cancel a job and return the status of the answer."""
        self.journal.write("sent", what="cancel", key=job, of=job)
        answer = self._until_answered("POST", f"/api/v1/job/{job}/cancel", {}, {})
        self.journal.write("answered", what="cancel", key=job, id=job, status=answer.status_code)
        return answer.status_code

    def get(self, path: str) -> dict[str, Any]:
        """Return a document."""
        return dict(self._until_answered("GET", path, {}, {}).json())

    def _make(self, what: str, request: dict[str, Any], about: dict[str, Any], archive: bytes | None = None) -> str:
        key = secrets.token_hex(12)
        self.journal.write("sent", what=what, key=key, **about)
        headers = {"Idempotency-Key": key} if self.send_keys else {}
        answer = self._until_answered("POST", f"/api/v1/{what}", request, headers, archive)
        document = answer.json()
        identifier = str(document.get("job_id" if what == "job" else "id", ""))
        self.journal.write(
            "answered", what=what, key=key, id=identifier, status=answer.status_code, honoured=self.honoured
        )
        if not identifier:
            raise GaveUp(f"{what} was refused: {answer.status_code} {answer.text[:300]}")
        return identifier

    def _until_answered(
        self, method: str, path: str, request: dict[str, Any], headers: dict[str, str], archive: bytes | None = None
    ) -> httpx2.Response:
        end, pause, said = time.monotonic() + self.patience, 0.05, ""
        request = request | {"headers": request.get("headers", {}) | headers}
        while time.monotonic() < end:
            body = {"files": {"compendium": ("workspace.tar.gz", io.BytesIO(archive))}} if archive else {}
            try:
                answer = self._client.request(method, path, **request, **body)
            except httpx2.TransportError as error:
                said = repr(error)
            else:
                if answer.status_code not in _LATER:
                    return answer
                said = f"{answer.status_code} {answer.text[:200]}"
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
        raise GaveUp(f"{method} {path}: {said}")


def honours_keys(caller: Caller, compendium: str) -> bool:
    """Return whether the service answers a repeated key with the first answer: ship twice under one key."""
    headers = {"Idempotency-Key": secrets.token_hex(12)}
    answers = [
        caller._client.post("/api/v1/shipment", json={"compendium_id": compendium}, headers=headers) for _ in range(2)
    ]
    return answers[0].json()["id"] == answers[1].json()["id"]
