"""`erc run`: from a folder, an archive or a repository to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from erc.gateway.client.client import Client, new_key
from erc.gateway.client.commands.repeat import examined
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable
from erc.gateway.client.pack import PIECE_BYTES, Packed, Reader, file_pieces
from erc.gateway.client.progress import showing_steps, showing_upload, showing_wait
from erc.gateway.client.sending import LARGE_BYTES, send_source
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.sse import Deadline, Patience
from erc.gateway.client.terminal import Terminal
from erc.gateway.client.verdict import exit_code_of_job, job_document, show_verdict
from erc.gateway.client.watch import wait_until_ready, watch
from erc.schemas.git_source import looks_like_git
from erc.schemas.problem import Problem

_WHAT = (
    "Give a folder with the analysis, a zip, tar or tar.gz of one, or a repository: https://HOST/OWNER/REPO@REF#FOLDER."
)
Where = Annotated[str, typer.Argument(metavar="DIR|FILE|GIT_URL", help=_WHAT)]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until the verdict, or only start the job.")]
Repeat = Annotated[bool, typer.Option("--repeat", help="Find out too whether the outputs are deterministic.")]
Timeout = Annotated[float | None, typer.Option(metavar="S", min=0, help="Stop waiting after S seconds (exit code 6).")]

SEND_SECONDS = 20.0
"""How long to go on sending to a service that was there and does not answer."""

Answer = TypeVar("Answer")


@told
def run(
    where: Where,
    wait: Wait = True,
    repeat: Repeat = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
    url: Url = "",
) -> ExitCode:
    """Send a workspace, run its analysis, compare the result with what was published, and tell the verdict.

    A folder is sent as it is; nothing is written into it. What tools leave behind (.git, __pycache__, .venv,
    node_modules, .Rproj.user) is left out, and so is what its .ercignore names, in the manner of .gitignore.
    """
    terminal = Terminal(as_json=as_json)
    if not Path(where).exists() and not looks_like_git(where):
        raise ClientError(Problem(code="usage", title=f"“{where}” does not exist", detail=_WHAT), ExitCode.USAGE)
    with connected(url) as client:
        run_of = _Run(client, terminal, Deadline(timeout))
        try:
            return run_of.to_the_end(where, repeat=repeat) if wait else run_of.only_started(where)
        except KeyboardInterrupt as error:
            problem = Problem(code="interrupted", title="Interrupted", detail=run_of.how_to_go_on())
            raise run_of.knowing(ClientError(problem, ExitCode.INTERRUPTED)) from error
        except ClientError as error:
            raise run_of.knowing(error) from error


class _Run:
    """One run, as far as it has come: its ids are told however it ends."""

    def __init__(self, client: Client, terminal: Terminal, deadline: Deadline) -> None:
        self._client, self._terminal, self._deadline = client, terminal, deadline
        self._compendium_id = self._job_id = ""

    def to_the_end(self, where: str, *, repeat: bool) -> ExitCode:
        """Run and tell the verdict; with `repeat`, run again what ran to its end, and tell that too."""
        self._start(where)
        with showing_steps(self._terminal) as steps:
            patience = Patience(self._deadline, steps.trouble)
            job = watch(self._client, self._job_id, steps, patience)
        if repeat and job.check:
            self._client.repeat(job.id, new_key())
            job = examined(self._client, self._terminal, job.id, self._deadline)
        page = self._client.page(f"/job/{job.id}")
        self._terminal.document(job_document(job, page))
        show_verdict(self._terminal, job, page)
        if self._client.service.home:
            self._terminal.show(f"  Sign in to it with: erc open {job.id}", "dim")
        return exit_code_of_job(job)

    def only_started(self, where: str) -> ExitCode:
        """Start the job and tell its ids."""
        self._start(where)
        page = self._client.page(f"/job/{self._job_id}")
        ids = {"compendium_id": self._compendium_id, "job_id": self._job_id, "url": page}
        self._terminal.document({**ids, "exit_code": int(ExitCode.REPRODUCED)})
        if not self._terminal.as_json:
            self._terminal.show(f"compendium {self._compendium_id}\njob {self._job_id}")
        return ExitCode.REPRODUCED

    def how_to_go_on(self) -> str:
        """Return what goes on without us, and how to see or end it."""
        if self._job_id:
            return f"The job goes on. See it with: erc status {self._job_id}. Cancel it with: erc cancel {self._job_id}"
        if self._compendium_id:
            return f"The compendium {self._compendium_id} was sent; no job was started."
        return "Nothing was started."

    def knowing(self, error: ClientError) -> ClientError:
        """Return the error with the ids that are known, and with how to go on when the time ran out."""
        ids = {"compendium_id": self._compendium_id, "job_id": self._job_id}
        error.about = {name: value for name, value in ids.items() if value}
        if error.exit_code in {ExitCode.TIMEOUT, ExitCode.UNREACHABLE} and self._job_id:
            detail = " ".join(
                filter(
                    None, [error.problem.detail.rstrip(".") + "." if error.problem.detail else "", self.how_to_go_on()]
                )
            )
            error.problem = error.problem.model_copy(update={"detail": detail})
        return error

    def _start(self, where: str) -> None:
        key = new_key()
        self._compendium_id = self._sent(lambda: self._upload(where, key))
        self._terminal.say(f"Compendium {self._compendium_id}")
        with showing_wait(self._terminal, "Loading and describing the workspace"):
            patience = Patience(self._deadline, self._terminal.say)
            wait_until_ready(self._client, self._compendium_id, patience)
        self._deadline.at_most(0)
        key = new_key()
        self._job_id = self._sent(lambda: self._client.start_job(self._compendium_id, key))
        self._terminal.say(f"Job {self._job_id}")

    def _upload(self, where: str, key: str) -> str:
        if looks_like_git(where) and not Path(where).exists():
            return self._client.create(where, "workspace", key)
        archive = _archive(Path(where))
        with showing_upload(self._terminal, archive.what, archive.size_bytes) as progress:

            def read(added: int) -> None:
                self._deadline.at_most(0)
                progress(added)

            if archive.size_bytes >= LARGE_BYTES:
                patience = Patience(self._deadline, self._terminal.say)
                source = send_source(self._client, archive.pieces, archive.size_bytes, read, patience)
                return self._client.create(source, archive.kind, key)
            reader = BufferedReader(Reader(archive.pieces(), archive.size_bytes, read), PIECE_BYTES)
            return self._client.upload(reader, archive.name, archive.kind, key)

    def _sent(self, send: Callable[[], Answer]) -> Answer:
        """Send under a key, again when no answer comes; that nobody is there at all is told at once."""
        patience = Patience(self._deadline, self._terminal.say, SEND_SECONDS)
        while True:
            try:
                return send()
            except Unreachable as error:
                if not self._client.reached:
                    raise
                patience.wait(error)
                self._client.look_again()


@dataclass(frozen=True)
class _Archive:
    """What is to be sent: its bytes, anew each time, its name, and whether it is a workspace or a compendium."""

    pieces: Callable[[], Iterator[bytes]]
    size_bytes: int
    name: str
    kind: str
    what: str


def _archive(where: Path) -> _Archive:
    if where.is_dir():
        packed = Packed(where)
        kind = "compendium" if (where / "erc.yml").is_file() else "workspace"
        what = f"{packed.files:,} file{'' if packed.files == 1 else 's'} of {where}"
        return _Archive(packed.pieces, packed.size_bytes, f"{where.resolve().name or 'workspace'}.tar", kind, what)
    size_bytes = file_pieces(where)[1]
    return _Archive(lambda: file_pieces(where)[0], size_bytes, where.name, "workspace", str(where))
