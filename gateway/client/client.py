"""The web API from the outside, over HTTP and nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ValidationError

from erc.gateway.client.discovery import START, Service
from erc.gateway.client.documents import CompendiumDocument, Identified, JobDocument, Listed
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable, exit_code_of
from erc.gateway.client.saving import Coming, Offered
from erc.schemas.environment import Plan
from erc.schemas.problem import Problem

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
UPLOAD_SECONDS = 600.0
"""How long one read or write of an upload may stand still: the service makes what it took durable before it answers."""
PLAN_SECONDS = 90.0
"""Two workers read what was sent, each at most half a minute."""
QUIET_SECONDS = 45.0
"""The service sends a sign of life every 14 s; after this time without one the connection is dead."""

_ID = re.compile(r"[0-9a-z]{26}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_RETRY, _TAKEN = frozenset({502, 503}), "idempotency_key_taken"
"""Statuses after which to ask again; code of the problem that says: the first sending is being answered."""

Document = TypeVar("Document", bound=BaseModel)


class Client:
    """Speaks with one service. `locate` says where it is; it is asked again when the service has moved.

    Every method raises Unreachable when nobody answers, and ClientError with the service's own problem when it says no.
    What is asked for under a key may be asked for again: it is done once, and the answer is the same.
    """

    def __init__(self, locate: Callable[[], Service]) -> None:
        self._locate = locate
        self.service = locate()
        self.reached = False
        """Whether anybody was ever there."""
        self._http = _connection(self.service)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def look_again(self) -> None:
        """Take up the address and token that the service has now: after a restart both may be new."""
        try:
            found = self._locate()
        except Unreachable:
            return
        if found != self.service:
            self._http.close()
            self.service, self._http = found, _connection(found)

    def page(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self.service.url}{path}"

    def upload(self, archive: IO[bytes], name: str, content_type: str, key: str) -> str:
        """Send an archive from its present beginning to its end and return the id of the new compendium.

        `content_type` is `workspace` or `compendium`. What is sent is not read into memory.
        """
        answer = self._ask(
            "POST",
            "/api/v1/compendium",
            data={"content_type": content_type},
            files={"compendium": (name, archive, "application/octet-stream")},
            headers={"Prefer": "respond-async", **_under(key)},
            timeout=httpx2.Timeout(UPLOAD_SECONDS, connect=CONNECT_SECONDS),
        )
        return self._read(answer, Identified).id

    def create(self, source: str, content_type: str, key: str) -> str:
        """Make a compendium of a source that was sent, or of a repository, and return its id."""
        answer = self._ask(
            "POST",
            "/api/v1/compendium",
            json={"source": source, "content_type": content_type},
            headers={"Prefer": "respond-async", **_under(key)},
        )
        return self._read(answer, Identified).id

    def plan(self, files: list[dict[str, Any]]) -> Plan:
        """Return what environment a workspace of these files would need; `files` as the web API documents them."""
        timeout = httpx2.Timeout(PLAN_SECONDS, connect=CONNECT_SECONDS)
        return self._read(self._ask("POST", "/api/v1/plan", json={"files": files}, timeout=timeout), Plan)

    def compendium(self, identifier: str) -> CompendiumDocument:
        """Return a compendium."""
        path = f"/api/v1/compendium/{checked_id(identifier, 'compendium')}"
        return self._read(self._ask("GET", path), CompendiumDocument)

    def start_job(self, compendium_id: str, key: str) -> str:
        """Start a job on a compendium that is ready and return its id."""
        answer = self._ask("POST", "/api/v1/job", json={"compendium_id": compendium_id}, headers=_under(key))
        return self._read(answer, Identified).job_id

    def mend(self, identifier: str, key: str) -> str:
        """Accept the change that a failed job proposes and return the id of the new compendium."""
        answer = self._ask("POST", f"/api/v1/job/{checked_id(identifier, 'job')}/mend", headers=_under(key))
        return self._read(answer, Identified).id

    def repeat(self, identifier: str, key: str) -> None:
        """Have a job repeated."""
        self._ask("POST", f"/api/v1/job/{checked_id(identifier, 'job')}/repeat", headers=_under(key))

    def job(self, identifier: str) -> JobDocument:
        """Return a job with the texts of all its steps."""
        asked = self._ask("GET", f"/api/v1/job/{checked_id(identifier, 'job')}", params={"steps": "all"})
        return self._read(asked, JobDocument)

    def jobs(self, limit: int) -> list[str]:
        """Return the ids of the newest jobs, newest first."""
        return self._read(self._ask("GET", "/api/v1/job", params={"limit": limit}), Listed).results

    def cancel(self, identifier: str) -> None:
        """End a job now, whatever it waits for or does."""
        self._ask("POST", f"/api/v1/job/{checked_id(identifier, 'job')}/cancel")

    def publish(self, identifier: str) -> None:
        """Make a compendium public; one that is public already stays so."""
        self._ask("POST", f"/api/v1/compendium/{checked_id(identifier, 'compendium')}/publish")

    @contextmanager
    def log(self, identifier: str, step: str) -> Iterator[Iterator[str]]:
        """Open the whole log of a step that has ended, in pieces of text; it is user content: clean it to print it."""
        with self._stream(f"/api/v1/job/{checked_id(identifier, 'job')}/log/{step}", {}, QUIET_SECONDS) as response:
            yield response.iter_text()

    @contextmanager
    def events(self, identifier: str, last_event_id: str, quiet_seconds: float) -> Iterator[httpx2.EventSource]:
        """Open the events of a job behind `last_event_id` (empty: from its beginning).

        Raises Unreachable, also while reading, when the connection breaks or `quiet_seconds` pass without a byte.
        """
        headers = {"Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        path = f"/api/v1/job/{checked_id(identifier, 'job')}/events"
        with self._stream(path, headers, quiet_seconds) as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise self._stranger(response)
            yield httpx2.EventSource(response)

    def offered(self, path: str) -> Offered:
        """Return what can be downloaded there."""
        with self._stream(path, {"Range": "bytes=0-0"}, ANSWER_SECONDS) as response:
            try:
                return Offered(int(response.headers["content-range"].rpartition("/")[2]), response.headers["etag"])
            except (KeyError, ValueError) as error:
                raise self._stranger(response) from error

    @contextmanager
    def download(self, path: str, begin: int, etag: str) -> Iterator[Coming]:
        """Open a download from this byte on if its bytes are still those of the ETag, else from the first.

        Raises Unreachable, also while reading, when the connection breaks.
        """
        headers = {"Range": f"bytes={begin}-", "If-Range": etag} if begin else {}
        with self._stream(path, headers, QUIET_SECONDS) as response:
            yield Coming(begin if response.status_code == 206 else 0, response.iter_bytes(1 << 20))

    def sign_in_link(self) -> str:
        """Return a new one-time address that signs a browser in."""
        answer = self._ask("POST", "/api/v1/auth/link")
        link = self._read(answer, Identified).url
        if not link.startswith(("http://", "https://")):
            raise self._stranger(answer)
        return link

    def healthy(self) -> None:
        """Return when the service answers."""
        self._ask("GET", "/health/live")

    def send(self, method: str, path: str, **options: Any) -> None:
        """Make a request whose answer says nothing but that it was done."""
        self._ask(method, path, **options)

    def document(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Return the JSON object that a request is answered with."""
        answer = self._ask(method, path, **options)
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._stranger(answer)
        return document

    def read(self, kind: type[Document], method: str, path: str, **options: Any) -> Document:
        """Return what a request is answered with, as a document of this kind."""
        return self._read(self._ask(method, path, **options), kind)

    def _ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        with self._reaching():
            response = self._http.request(method, path, **options)
        self.reached = True
        self._refuse(response)
        return response

    @contextmanager
    def _stream(self, path: str, headers: dict[str, str], quiet_seconds: float) -> Iterator[httpx2.Response]:
        timeout = httpx2.Timeout(quiet_seconds, connect=CONNECT_SECONDS)
        with self._reaching(), self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if response.is_error:
                response.read()
            self._refuse(response)
            yield response

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            problem = Problem(code="address", title=f"“{self.service.url}” is no address of a service")
            raise ClientError(problem, ExitCode.USAGE) from error
        except httpx2.HTTPError as error:
            self.reached = self.reached or not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            advice = f"S{START[1:]}" if self.service.home else f"Check the address in --url or ERC_URL, or {START}"
            raise Unreachable(f"No service answers at {self.service.url}", advice) from error

    def _refuse(self, response: httpx2.Response) -> None:
        """Raise what the service says when it says no."""
        if response.is_success:
            return
        problem = _problem_of(response)
        if problem is None:
            raise self._stranger(response)
        if response.status_code in _RETRY or problem.code == _TAKEN:
            raise Unreachable(problem.title, problem.detail, problem.code)
        raise ClientError(problem, exit_code_of(response.status_code))

    def _read(self, response: httpx2.Response, kind: type[Document]) -> Document:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise self._stranger(response) from error

    def _stranger(self, response: httpx2.Response) -> Unreachable:
        return Unreachable(
            f"What answers at {self.service.url} does not speak as this service does",
            f"It said {response.status_code} {response.reason_phrase}. Check the address in --url or ERC_URL.",
        )


def new_key() -> str:
    """Return a new key for a request that may have to be sent again."""
    return secrets.token_urlsafe(24)


def _under(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def is_id(text: str) -> bool:
    """Return whether this has the form of an id."""
    return _ID.fullmatch(text) is not None


def checked_id(identifier: str, noun: str) -> str:
    """Return the id, which may stand in a path; raises ClientError (not found) for what cannot be one."""
    if is_id(identifier):
        return identifier
    problem = Problem(
        code="http_404", title=f"no {noun} with this id", detail="An id has 26 characters, digits and small letters."
    )
    raise ClientError(problem, ExitCode.NOT_FOUND)


def _connection(service: Service) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {service.token}"} if service.token else {}
    # A proxy cannot reach this machine's own loopback addresses.
    local = urlsplit(service.url).hostname in _LOOPBACK
    timeout = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    return httpx2.Client(base_url=service.url, headers=headers, timeout=timeout, trust_env=not local)


def _problem_of(response: httpx2.Response) -> Problem | None:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        return None
