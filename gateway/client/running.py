"""Brings what is to be run, gives it a name, runs it, and tells the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from typing import TypeVar

from erc.gateway.client.archives import Archive, archive_of
from erc.gateway.client.client import Client, new_key
from erc.gateway.client.determinism import examined
from erc.gateway.client.entrypoint import enter
from erc.gateway.client.failures import ClientError, ExitCode, Unreachable
from erc.gateway.client.naming import Whose
from erc.gateway.client.pack import PIECE_BYTES, Reader
from erc.gateway.client.progress import showing_steps, showing_upload, showing_wait
from erc.gateway.client.run_documents import RunDocument
from erc.gateway.client.runs import find_run, not_found, start_run
from erc.gateway.client.sending import LARGE_BYTES, send_source
from erc.gateway.client.sse import Deadline, Patience
from erc.gateway.client.terminal import Terminal, one_line
from erc.gateway.client.verdict import exit_code_of_job, job_document, show_verdict
from erc.gateway.client.watch import wait_until_ready, watch
from erc.schemas.problem import Problem
from erc.schemas.run import ORIGIN_CHARACTERS, shown_name

SEND_SECONDS = 20.0
"""How long to go on sending to a service that was there and does not answer."""
_LOST = frozenset({"run_exists", "run_name_taken", "run_superseded"})
"""Codes of problems that say: the compendium that was made for it is of no use."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Wish:
    """What is to be run under which name. Exactly one of path, address and again says what."""

    name: str
    version: str
    whose: Whose
    source: str
    """What the person wrote."""
    path: Path | None = None
    address: str = ""
    again: RunDocument | None = None
    entrypoint: str = ""
    variables: Mapping[str, str] | None = None
    """Set for the run; None takes those that the name has."""
    update: bool = False
    force: bool = False
    auto_name: bool = False
    repeat: bool = False
    """Whether it is also to be found out whether the outputs are deterministic."""


@dataclass
class Running:
    """One run, as far as it has come: its ids are told however it ends."""

    client: Client
    terminal: Terminal
    deadline: Deadline
    wish: Wish
    _compendium_id: str = field(default="", init=False)
    _run: RunDocument | None = field(default=None, init=False)

    def go(self, *, wait: bool) -> ExitCode:
        """Run, and tell the verdict or only the ids; raises ClientError with the ids that are known."""
        try:
            self._start()
            return self._to_the_end() if wait else self._only_started()
        except KeyboardInterrupt as error:
            problem = Problem(code="interrupted", title="Interrupted", detail=self._how_to_go_on())
            raise self._knowing(ClientError(problem, ExitCode.INTERRUPTED)) from error
        except ClientError as error:
            raise self._knowing(error) from error

    @property
    def _job_id(self) -> str:
        return self._run.job_id if self._run else ""

    def _to_the_end(self) -> ExitCode:
        with showing_steps(self.terminal) as steps:
            job = watch(self.client, self._job_id, steps, Patience(self.deadline, steps.trouble))
        if self.wish.repeat and job.check:
            self.client.repeat(job.id, new_key())
            job = examined(self.client, self.terminal, job.id, self.deadline)
        page = self.client.page(f"/job/{job.id}")
        self.terminal.document(self._about() | job_document(job, page))
        show_verdict(self.terminal, job, page)
        if self.client.service.home:
            self.terminal.show(f"  Sign in to it with: erc open {job.id}", "dim")
        return exit_code_of_job(job)

    def _only_started(self) -> ExitCode:
        page = self.client.page(f"/job/{self._job_id}")
        ids = {"compendium_id": self._compendium_id, "job_id": self._job_id, "url": page}
        self.terminal.document({**self._about(), **ids, "exit_code": int(ExitCode.REPRODUCED)})
        if self._run and not self.terminal.as_json:
            self.terminal.show(f"run {self._run.name}@{self._run.version}\ncompendium {self._compendium_id}")
            self.terminal.show(f"job {self._job_id}")
        return ExitCode.REPRODUCED

    def _about(self) -> dict[str, object]:
        run = self._run
        return {"name": run.name, "version": run.version, "generation": run.generation} if run else {}

    def _how_to_go_on(self) -> str:
        if self._job_id:
            return f"The job goes on. See it with: erc status {self._job_id}. Cancel it with: erc cancel {self._job_id}"
        if self._compendium_id:
            return f"The compendium {self._compendium_id} was sent; no job was started."
        return "Nothing was started."

    def _knowing(self, error: ClientError) -> ClientError:
        """Return the error with the ids that are known, and with how to go on when the time ran out."""
        ids = {"compendium_id": self._compendium_id, "job_id": self._job_id}
        error.about = {name: value for name, value in ids.items() if value}
        if error.exit_code in {ExitCode.TIMEOUT, ExitCode.UNREACHABLE} and self._job_id:
            before = f"{error.problem.detail.rstrip('.')}. " if error.problem.detail else ""
            error.problem = error.problem.model_copy(update={"detail": before + self._how_to_go_on()})
        return error

    def _start(self) -> None:
        archive = archive_of(self.wish.path) if self.wish.path else None
        known = self._looked_up()
        kept = self._kept(known, archive)
        key = new_key()
        self._compendium_id = kept or self._sent(lambda: self._brought(archive, key))
        self.terminal.say(f"Compendium {self._compendium_id}{', which was sent before' if kept else ''}")
        with showing_wait(self.terminal, "Loading and describing the workspace"):
            patience = Patience(self.deadline, self.terminal.say)
            wait_until_ready(self.client, self._compendium_id, patience)
        self.deadline.at_most(0)
        try:
            if self.wish.entrypoint and not kept:
                self._sent(lambda: enter(self.client, self._compendium_id, self.wish.entrypoint))
            self._run = self._named()
        except ClientError as error:
            if error.problem.code in _LOST and not kept:
                self._throw_away()
            raise
        self.terminal.say(f"Job {self._job_id}")

    def _looked_up(self) -> RunDocument | None:
        """Return what the name means now, before anything is sent; raises ClientError when it cannot be had."""
        wish = self.wish
        if wish.again:
            self._keep_variables(wish.again)
            return wish.again
        known = self._sent(lambda: find_run(self.client, wish.name, wish.version))
        if known and known.origin != wish.whose.origin and wish.auto_name:
            self.wish = replace(wish, name=wish.whose.free_name(wish.name), auto_name=False)
            return self._looked_up()
        shown = shown_name(wish.name, wish.version)
        if known is None and wish.update:
            raise not_found(f"There is no run {shown}", f"Start it with: erc run {wish.source}")
        if known and known.origin != wish.whose.origin and not wish.force:
            raise _taken(known, wish)
        if known and wish.update and not wish.entrypoint:
            self.wish = replace(wish, entrypoint=known.entrypoint)
        if known and known.origin == wish.whose.origin:
            self._keep_variables(known)
        return known

    def _keep_variables(self, known: RunDocument) -> None:
        if self.wish.variables is None:
            self.wish = replace(self.wish, variables=known.variables)

    def _kept(self, known: RunDocument | None, archive: Archive | None) -> str:
        """Return the compendium that holds this already; empty when it must be brought.

        Raises ClientError when the name has other content that is not to be replaced.
        """
        wish = self.wish
        if wish.again:
            return wish.again.compendium_id
        if known is None or archive is None or known.origin != wish.whose.origin:
            return ""
        same = known.content is not None and known.content == archive.digest()
        if same and known.entrypoint == wish.entrypoint:
            return known.compendium_id
        if not (wish.update or wish.force):
            raise _exists(known, wish)
        return ""

    def _brought(self, archive: Archive | None, key: str) -> str:
        if archive is None:
            return self.client.create(self.wish.address, "workspace", key)
        with showing_upload(self.terminal, archive.what, archive.size_bytes) as progress:

            def read(added: int) -> None:
                self.deadline.at_most(0)
                progress(added)

            if archive.size_bytes >= LARGE_BYTES:
                patience = Patience(self.deadline, self.terminal.say)
                source = send_source(self.client, archive.pieces, archive.size_bytes, read, patience)
                return self.client.create(source, archive.kind, key)
            reader = BufferedReader(Reader(archive.pieces(), archive.size_bytes, read), PIECE_BYTES)
            return self.client.upload(reader, archive.name, archive.kind, key)

    def _named(self) -> RunDocument:
        wish, key = self.wish, new_key()
        document = {
            "compendium_id": self._compendium_id,
            "name": wish.name,
            "version": wish.version,
            "origin": wish.whose.origin,
            "source": one_line(wish.source)[:ORIGIN_CHARACTERS],
            "entrypoint": wish.entrypoint,
            "variables": dict(wish.variables or {}),
            "update": wish.update,
            "force": wish.force,
        }
        return self._sent(lambda: start_run(self.client, document, key))

    def _throw_away(self) -> None:
        with suppress(ClientError):
            self.client.send("DELETE", f"/api/v1/compendium/{self._compendium_id}")
            self._compendium_id = ""

    def _sent(self, send: Callable[[], Answer]) -> Answer:
        """Send under a key, again when no answer comes; that nobody is there at all is told at once."""
        patience = Patience(self.deadline, self.terminal.say, SEND_SECONDS)
        while True:
            try:
                return send()
            except Unreachable as error:
                if not self.client.reached:
                    raise
                patience.wait(error)
                self.client.look_again()


def _taken(known: RunDocument, wish: Wish) -> ClientError:
    detail = (
        f"It belongs to {known.origin}; this is {wish.whose.origin}. Give another one with --name, take "
        f"{wish.whose.free_name(wish.name)} with --auto-name, or replace it with --force."
    )
    title = f"The name {wish.name} is taken"
    return ClientError(Problem(code="run_name_taken", title=title, detail=detail), ExitCode.CONFLICT)


def _exists(known: RunDocument, wish: Wish) -> ClientError:
    detail = (
        f"Generation {known.generation} of it has other content. Make this its next one with: erc update "
        f"{wish.source}; or give --force, or another version: --name {wish.name}@VERSION."
    )
    title = f"The run {known.shown} exists already"
    return ClientError(Problem(code="run_exists", title=title, detail=detail), ExitCode.CONFLICT)
