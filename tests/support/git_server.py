"""Repositories on this machine, served over http by git's own `http-backend`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repository:
    """A bare repository under the server's root, filled by commits."""

    def __init__(self, root: Path, name: str) -> None:
        self.folder, self._work = root / name, root / f"{name}-work"
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._git("init", "-q", "--bare", "-b", "main", str(self.folder), cwd=root)
        self._git("init", "-q", "-b", "main", str(self._work), cwd=root)

    def commit(
        self, files: Mapping[str, bytes], *, links: Mapping[str, str] | None = None, branch: str = "main"
    ) -> str:
        """Commit these files (and symbolic links), push, return the commit."""
        self._git("checkout", "-q", "-B", branch)
        for path, content in files.items():
            target = self._work / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for path, to in (links or {}).items():
            (self._work / path).symlink_to(to)
        self._git("add", "-A", "-f")
        return self._pushed(branch)

    def with_submodule(self, path: str) -> str:
        """Commit a submodule whose address is this machine's."""
        self._git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
        (self._work / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = {path}\n\turl = http://127.0.0.1:1/x/y\n')
        self._git("add", ".gitmodules")
        return self._pushed("main")

    def tag(self, name: str) -> None:
        """Tag the last commit, with a message."""
        self._git("tag", "-a", name, "-m", name)
        self._git("push", "-q", str(self.folder), name)

    def _pushed(self, branch: str) -> str:
        self._git("commit", "-q", "-m", "more")
        self._git("push", "-q", "-f", str(self.folder), branch)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *argv: str, cwd: Path | None = None) -> str:
        run = subprocess.run(
            ["git", *argv],
            cwd=cwd or self._work,
            env={**os.environ, **WHO},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


class GitServer:
    """Serves what lies under `root`; `asked` holds the paths that it was asked for."""

    def __init__(self, root: Path) -> None:
        self.root, self.asked = root, []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            do_POST = do_GET  # noqa: N815 - the server asks for it by this name

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        place = urlsplit(request.path)
        self.asked.append(place.path)
        if place.path.startswith("/moved"):
            request.send_response(301)
            request.send_header("Location", f"{self.url}{request.path.removeprefix('/moved')}")
            request.end_headers()
            return
        if place.path.startswith("/private"):
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="repositories"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if place.path.startswith("/hangs"):
            threading.Event().wait(5)
            return
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.command,
            "PATH_INFO": place.path,
            "QUERY_STRING": place.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
            "GIT_CONFIG_VALUE_0": "true",
        }
        said = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
        ).stdout
        head, _, rest = said.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        request.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(rest)))
        request.end_headers()
        request.wfile.write(rest)


@contextlib.contextmanager
def git_server(root: Path) -> Iterator[GitServer]:
    """Serve repositories for as long as the block runs."""
    root.mkdir(parents=True, exist_ok=True)
    server = GitServer(root)
    try:
        yield server
    finally:
        server.stop()
