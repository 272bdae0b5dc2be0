"""What a new compendium is made from: the archive of a form, a source sent before, a commit of a repository."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from erc.events import git_process
from erc.events.blobs import put_document
from erc.events.errors import Rejected, Unavailable
from erc.events.outbox import utc_now
from erc.gateway.auth import Principal
from erc.gateway.errors import Refused
from erc.gateway.services import Services
from erc.gateway.sources import source_of
from erc.gateway.upload import Upload
from erc.schemas.compendium import Origin, SourceKind
from erc.schemas.git_source import GitAddress, GitSource, SourceError, parse_git
from erc.schemas.ids import Digest

SENT = "source://sha256:"
_PLACES = asyncio.Semaphore(8)
"""So many repositories are asked at once."""


@dataclass(frozen=True)
class Brought:
    """The blob that the loader is told of, what kind it is, its size in bytes, and where it came from."""

    upload: Digest
    size_bytes: int
    kind: SourceKind = SourceKind.ARCHIVE
    origin: Origin | None = None


async def bring(services: Services, principal: Principal, upload: Upload) -> Brought:
    """Return what a request brings; raises Refused (400, 404, 501, 502, 504) when that is nothing that can be used."""
    if upload.file is not None:
        if not upload.file_bytes:
            raise Refused(400, "The file is empty", "Choose an archive with the paper, its code and its data.")
        return Brought(upload.file, upload.file_bytes)
    source = upload.fields.get("source", "")
    if source.startswith(SENT):
        return await _sent(services, principal, source)
    if source:
        return await _of_repository(services, source)
    if source_of(upload.fields):
        raise Refused(501, "Loading from a remote source is not available yet", "Upload the archive itself.")
    raise Refused(400, "The form has no file", "Send the archive in the field `compendium`.")


async def _sent(services: Services, principal: Principal, source: str) -> Brought:
    digest = source.removeprefix(SENT)
    size = await services.sources.size(principal.name, digest, utc_now()) if len(digest) == 64 else None
    if size is None:
        raise Refused(
            404, "no source with this digest", "You did not send it, or not within the last day.", "no_source"
        )
    return Brought(digest, size)


async def _of_repository(services: Services, source: str) -> Brought:
    loopback = services.settings.git_loopback
    try:
        address = parse_git(source, loopback=loopback)
    except SourceError as error:
        raise Refused(400, "This is no address of a repository", str(error), "source_address") from error
    try:
        async with _PLACES:
            commit = await _commit_of(address, loopback=loopback)
    except Rejected as error:
        status = {"not_found": 404, "no_git": 501}.get(error.problem.code, 400)
        raise Refused(status, error.problem.title, error.problem.detail, error.problem.code) from error
    except Unavailable as error:
        raise Refused(502, str(error), "Please try again in a moment.", "source_unreachable") from error
    document = GitSource(url=address.url, ref=address.ref, folder=address.folder, commit=commit)
    digest = await asyncio.to_thread(put_document, services.blobs, document)
    return Brought(digest, 0, SourceKind.GIT, Origin(kind=SourceKind.GIT, source=str(address), commit=commit))


async def _commit_of(address: GitAddress, *, loopback: bool) -> str:
    """Ask the repository; raises Rejected, Unavailable, or Refused (504) when it does not answer in time."""
    options = await asyncio.to_thread(git_process.options, address.url, loopback=loopback)
    process = await asyncio.create_subprocess_exec(
        "git",
        *options,
        *git_process.asking(address),
        env=git_process.environment(loopback=loopback),
        cwd="/",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    return git_process.answered(address, await _heard(process, address))


async def _heard(process: asyncio.subprocess.Process, address: GitAddress) -> str:
    assert process.stdout
    assert process.stderr
    try:
        async with asyncio.timeout(git_process.ASK_SECONDS):
            said, complaint = await asyncio.gather(_all(process, process.stdout), _all(process, process.stderr))
            code = await process.wait()
    except TimeoutError as error:
        detail = f"It did not within {git_process.ASK_SECONDS:.0f} s. Please try again."
        raise Refused(504, f"{address.url} does not answer", detail, "source_timeout") from error
    finally:
        git_process.end(process.pid)
    if max(len(said), len(complaint)) > git_process.ANSWER_BYTES:
        detail = f"It answers with more than {git_process.ANSWER_BYTES >> 20} MiB. Upload the folder instead."
        raise Rejected(f"{address.url} cannot be read", detail, code="source_unreadable")
    if code:
        named = f"{address.url}@{address.ref or 'HEAD'}"
        raise git_process.failed(named, address.url, complaint.decode("utf-8", "replace"))
    return said.decode("utf-8", "replace")


async def _all(process: asyncio.subprocess.Process, pipe: asyncio.StreamReader) -> bytes:
    """Read a pipe to its end; git is ended, and the rest is left out, once that is more than an answer can be."""
    said = b""
    while piece := await pipe.read(1 << 16):
        if len(said) > git_process.ANSWER_BYTES:
            git_process.end(process.pid)
        else:
            said += piece
    return said
