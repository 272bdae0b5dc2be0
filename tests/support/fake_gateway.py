"""A real little HTTP server that plays scripted answers of the web API, for tests of the client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from support.o2r_client import STEPS

COMPENDIUM = "0" * 25 + "c"
JOB = "0" * 25 + "j"
TOKEN = "secret-of-the-operator"
BREAKS = object()
"""In a script of events: the connection breaks here."""
PAUSES = object()
"""In a script of events: half a second goes by."""
HANGS = object()
"""In a script of events: nothing comes any more, but the connection stays."""


def event(number: int, kind: str, document: dict[str, Any]) -> str:
    """Return a frame of the event stream; its id is `epoch.<number>.0`."""
    return f"id: epoch.{number}.0\r\nevent: {kind}\r\ndata: {json.dumps(document)}\r\n\r\n"


def changed(number: int, **steps: str) -> str:
    """Return the frame of a job's event that says the states of steps."""
    return event(number, "job", {"type": "job.changed.v1", "data": {"steps": steps}})


def log(number: int, text: str, step: str = "image_execute", chunk: int = 1, attempt: int = 1) -> str:
    """Return the frame of a chunk of a step's log."""
    return event(number, "log", {"step": step, "attempt": attempt, "chunk": chunk, "text": text})


def ended(number: int) -> str:
    """Return the frame that ends a job's stream."""
    return event(number, "end", {"type": "job.ended.v1", "data": {"steps": {"cleanup": "success"}}})


def a_job(**changes: Any) -> dict[str, Any]:
    """Return a job's document: one that reproduced, unless changed."""
    step = {"status": "success", "start": None, "end": None, "text": []}
    return {
        "id": JOB,
        "compendium_id": COMPENDIUM,
        "status": "success",
        "created": "2024-05-01T10:00:00+00:00",
        "steps": {name: dict(step) for name in STEPS},
        "verdict": "reproduced",
        "reason": "Nothing differs.",
        **changes,
    }


def a_row(**changes: Any) -> dict[str, Any]:
    """Return a compared thing."""
    return {"name": "Figure 1", "kind": "image", "outcome": "different", "finding": "", "measure": 0.1, **changes}


def a_run(**changes: Any) -> dict[str, Any]:
    """Return a run's document: one that waits, unless changed."""
    return {
        "name": "paper",
        "version": "latest",
        "generation": 1,
        "user": "ada",
        "origin": "",
        "source": ".",
        "entrypoint": "",
        "status": "pending",
        "compendium_id": COMPENDIUM,
        "job_id": JOB,
        "content": None,
        "image": None,
        "verdict": None,
        "problem": None,
        "created": "2024-05-01T10:00:00+00:00",
        "updated": "2024-05-01T10:00:05+00:00",
        **changes,
    }


class FakeGateway:
    """Answers as its attributes say; keeps what it was asked."""

    def __init__(self) -> None:
        self.compendium_states: list[dict[str, Any]] = [{"status": "loading"}, {"status": "ready"}]
        self.jobs: list[dict[str, Any]] = [a_job()]
        """Documents of the job, one an asking; the last stays."""
        self.streams: list[list[Any]] = [[changed(1, image_build="running"), ended(2)]]
        """Scripts of the job's event stream, one a connection; the last stays."""
        self.logs: dict[str, str] = {}
        self.refusals: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
        """Problems by method and path."""
        self.troubles: dict[tuple[str, str], list[str]] = {}
        """What goes wrong first, by method and path, after the request was read: `breaks`, or the code of a problem."""
        self.keys: list[tuple[str, str]] = []
        """The path and Idempotency-Key of each request that has one."""
        self.admin: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """Answers of the operators' API by method and path, one an asking; the last stays."""
        self.o2r: dict[str, Any] = {"title": "Rain", "license": {"code": "MIT", "text": "x"}, "keywords": ["a"]}
        self.patches: list[tuple[Any, dict[str, str], dict[str, str]]] = []
        """What the metadata were patched with: body, query, headers."""
        self.sources: Any = None
        """What takes archives in pieces, if anything does (`fake_sources`)."""
        self.queries: list[dict[str, str]] = []
        self.plan: dict[str, Any] = {}
        """The plan of every workspace."""
        self.planned: list[dict[str, Any]] = []
        """The files of which a plan was asked for."""
        self.runs: list[dict[str, Any]] = []
        """What names mean now."""
        self.started: list[dict[str, Any]] = []
        """The runs that were asked for."""
        self.environments: dict[str, dict[str, Any]] = {}
        """Environments by the id of their job."""
        self.kind = "text/event-stream"
        self.upload = b""
        self.fields: dict[str, str] = {}
        self.places: list[str] = []
        """The Last-Event-ID of each connection to the event stream."""
        self.asked: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start()

    def refuse(self, method: str, path: str, status: int, **problem: str) -> None:
        """Answer this request with a problem."""
        self.refusals[method, path] = (status, {"code": f"http_{status}", "title": "", "detail": "", **problem})

    def stop(self) -> None:
        """End the server; open connections break."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self._listener.close()

    def start_again(self) -> None:
        """Come back at the same address."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start()

    def _start(self) -> None:
        routes = [
            Route("/health/live", lambda _request: JSONResponse({"status": "ok"})),
            Route("/api/v1/compendium", self._create, methods=["POST"]),
            Route("/api/v1/compendium/{id}", self._compendium),
            Route("/api/v1/compendium/{id}/publish", self._compendium, methods=["POST"]),
            Route("/api/v1/compendium/{id}/metadata", self._metadata, methods=["GET", "PATCH"]),
            Route("/api/v1/compendium/{id}", self._deleted, methods=["DELETE"]),
            Route("/api/v1/runs", self._runs, methods=["GET", "POST"]),
            Route("/api/v1/runs/{name}", self._run, methods=["GET", "DELETE"]),
            Route("/api/v1/runs/{name}/kill", self._run, methods=["POST"]),
            Route("/api/v1/runs/{name}/build", self._run),
            Route("/api/v1/job/{id}/environment", self._environment),
            Route("/api/v1/job", self._start_job, methods=["POST"]),
            Route("/api/v1/job", lambda _request: JSONResponse({"results": [JOB]})),
            Route("/api/v1/job/{id}", self._job),
            Route("/api/v1/job/{id}/cancel", lambda _request: JSONResponse({"job_id": JOB}), methods=["POST"]),
            Route("/api/v1/job/{id}/repeat", lambda _request: JSONResponse({"job_id": JOB}), methods=["POST"]),
            Route("/api/v1/job/{id}/log/{step}", self._log),
            Route("/api/v1/job/{id}/events", self._events),
            Route("/api/v1/plan", self._plan, methods=["POST"]),
            Route("/api/v1/auth/link", self._link, methods=["POST"]),
            Route("/api/v1/admin/{path:path}", self._admin, methods=["GET", "POST", "DELETE"]),
        ]
        app = Starlette(routes=routes)
        app.add_middleware(_Refusing, gateway=self)
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    async def _create(self, request: Request) -> Response:
        async with request.form() as form:
            file = form["compendium"]
            self.upload = await file.read()  # type: ignore[union-attr]
            self.fields = {
                "name": str(file.filename),  # type: ignore[union-attr]
                "content_type": str(form["content_type"]),
                "prefer": request.headers.get("prefer", ""),
                "length": request.headers.get("content-length", ""),
            }
        return JSONResponse({"id": COMPENDIUM}, 202)

    async def _compendium(self, request: Request) -> Response:
        if request.path_params["id"] != COMPENDIUM:
            return _problem(404, {"title": "no compendium with this id", "code": "http_404"})
        state = self.compendium_states.pop(0) if len(self.compendium_states) > 1 else self.compendium_states[0]
        return JSONResponse({"id": COMPENDIUM, "created": "2024-05-01T10:00:00+00:00", "user": "operator", **state})

    async def _metadata(self, request: Request) -> Response:
        if request.method == "PATCH":
            self.patches.append((await request.json(), dict(request.query_params), dict(request.headers)))
        revision = 1 + len(self.patches)
        return JSONResponse({"id": COMPENDIUM, "metadata": {"o2r": self.o2r}, "revision": revision})

    async def _start_job(self, _request: Request) -> Response:
        return JSONResponse({"job_id": JOB})

    async def _deleted(self, _request: Request) -> Response:
        return Response(status_code=204)

    async def _runs(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"results": self.runs})
        self.started.append(await request.json())
        return JSONResponse(a_run(**self.started[-1]))

    async def _run(self, request: Request) -> Response:
        name, version = request.path_params["name"], request.query_params.get("version", "latest")
        found = next((run for run in self.runs if (run["name"], run["version"]) == (name, version)), None)
        if found is None:
            return _problem(404, {"title": "no run with this name", "code": "no_run"})
        if request.method == "DELETE":
            self.runs.remove(found)
            gone = {"deleted": [found["compendium_id"]], "kept": []}
            return JSONResponse({"name": name, "version": version, **gone})
        if request.url.path.endswith("/kill"):
            found["status"] = "killed"
        return JSONResponse({"build": f"build://{name}:{version}", **found})

    async def _environment(self, request: Request) -> Response:
        return JSONResponse(self.environments[request.path_params["id"]])

    async def _job(self, request: Request) -> Response:
        if request.path_params["id"] != JOB:
            return _problem(404, {"title": "no job with this id", "code": "http_404"})
        return JSONResponse(self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0])

    async def _log(self, request: Request) -> Response:
        return PlainTextResponse(self.logs[request.path_params["step"]])

    async def _admin(self, request: Request) -> Response:
        self.queries.append(dict(request.query_params))
        answers = self.admin.get((request.method, request.path_params["path"]))
        if not answers:
            return _problem(404, {"title": "nothing with this id", "code": "http_404"})
        return JSONResponse(answers.pop(0) if len(answers) > 1 else answers[0])

    async def _plan(self, request: Request) -> Response:
        self.planned = (await request.json())["files"]
        return JSONResponse(self.plan)

    async def _link(self, _request: Request) -> Response:
        return JSONResponse({"url": f"{self.url}/sign-in?token=once"})

    async def _events(self, request: Request) -> Response:
        self.places.append(request.headers.get("last-event-id", ""))
        script = self.streams.pop(0) if len(self.streams) > 1 else self.streams[0]
        return StreamingResponse(_played(script), media_type=self.kind)


class _Refusing:
    """Middleware: keeps what was asked and answers with the problems of the script."""

    def __init__(self, app: Any, gateway: FakeGateway) -> None:
        self._app, self._gateway = app, gateway

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = (scope["method"], scope["path"])
        self._gateway.asked.append(asked)
        headers = dict(scope["headers"])
        self._gateway.tokens.add(headers.get(b"authorization", b"").decode())
        if b"idempotency-key" in headers:
            self._gateway.keys.append((scope["path"], headers[b"idempotency-key"].decode()))
        if self._gateway.troubles.get(asked):
            await _trouble(self._gateway.troubles[asked].pop(0), scope, receive, send)
        elif asked in self._gateway.refusals:
            await _problem(*self._gateway.refusals[asked])(scope, receive, send)
        elif not await self._of_sources(scope, receive, send):
            # A broken stream is meant; the server need not complain about it.
            with contextlib.suppress(_Broken):
                await self._app(scope, receive, send)

    async def _of_sources(self, scope: Any, receive: Any, send: Any) -> bool:
        request = Request(scope, receive)
        form = request.headers.get("content-type", "").startswith("multipart/")
        if self._gateway.sources is None or request.method == "GET" or form:
            return False
        try:
            answer = await self._gateway.sources.answer(request)
        except ConnectionError:
            with contextlib.suppress(_Broken):
                await StreamingResponse(_played([BREAKS]), 202, {"Content-Length": "9"})(scope, receive, send)
            return True
        if answer is not None:
            await answer(scope, receive, send)
        return answer is not None


async def _trouble(kind: str, scope: Any, receive: Any, send: Any) -> None:
    async for _ in Request(scope, receive).stream():
        pass
    if kind == "breaks":
        with contextlib.suppress(_Broken):
            await StreamingResponse(_played([BREAKS]), 202, {"Content-Length": "9"})(scope, receive, send)
        return
    status = 409 if kind == "idempotency_key_taken" else 503
    await _problem(status, {"title": "Not now", "code": kind})(scope, receive, send)


class _Broken(Exception):  # noqa: N818 - what the script asks for
    """The connection breaks."""


async def _played(script: list[Any]) -> AsyncIterator[str]:
    yield ": hello\r\n\r\n"
    for frame in script:
        if frame is BREAKS:
            raise _Broken
        if frame in {HANGS, PAUSES}:
            await asyncio.sleep(60 if frame is HANGS else 0.5)
        else:
            yield frame


def _problem(status: int, problem: dict[str, str]) -> Response:
    return JSONResponse({"status": status, **problem}, status, media_type="application/problem+json")
