"""What saving metadata makes of the files: a checked document, a rewritten `erc.yml`, what a job runs and compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from erc.events.blobs import BlobStore, put_document, read_document, read_manifest
from erc.gateway.brokering import sections
from erc.gateway.erc_yml import NAME, ErcYmlError, rewritten
from erc.gateway.o2r import LICENSED, Fault, faults_of, stored
from erc.schemas.compendium import Compendium
from erc.schemas.ids import Digest
from erc.schemas.metadata import Description, kind_of
from erc.schemas.workspace import Entry, Manifest

RUNNABLE = "an R Markdown file (.Rmd), a notebook (.ipynb), an R script (.R) or a Python script (.py)"


class Invalid(Exception):  # noqa: N818 - says what the metadata are
    """Metadata that cannot be saved, with everything that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.sentence() for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Files:
    """The files of a compendium and what was read from them."""

    manifest: Manifest
    description: Description
    bag: bool


@dataclass(frozen=True)
class Chosen:
    """The files that metadata name as main and display, and what forbids them."""

    main: str
    display: str
    faults: Sequence[Fault]


@dataclass(frozen=True)
class Prepared:
    """What a save puts into a compendium; `choice` is set when the code of another main file must be read."""

    metadata: dict[str, Any]
    manifest: Digest
    description: Digest
    choice: Digest | None


def files_of(blobs: BlobStore, compendium: Compendium) -> Files:
    """Read the manifest and the description of a compendium that is ready. Raises Rejected when they cannot be read."""
    assert compendium.manifest, "a ready compendium has a manifest"
    assert compendium.description, "a ready compendium has a description"
    description = read_document(blobs, compendium.description, Description)
    return Files(read_manifest(blobs, compendium.manifest), description, compendium.bag)


def chosen(document: dict[str, Any], files: Files) -> Chosen:
    """Return the main and the display file of a valid document; paths may begin with `./`, those of a bag with `data/`.

    A display that is null or empty is the one of before, which need not be there: a run makes it.
    """
    before = files.description
    main = _path(document["mainfile"], files)
    display = _path(document["displayfile"] or before.display, files)
    faults = []
    if main not in files.manifest:
        faults.append(Fault("/mainfile", "is no file of the compendium: add it, or name another one"))
    elif kind_of(main) is None:
        faults.append(Fault("/mainfile", f"cannot be run: name {RUNNABLE}"))
    if display not in files.manifest and display != before.display:
        faults.append(Fault("/displayfile", "is no file of the compendium: add it, or name another one"))
    elif display == main:
        faults.append(Fault("/displayfile", "is the main file: name the file that a run of it makes"))
    return Chosen(main, display, faults)


def _path(text: str, files: Files) -> str:
    path = text.removeprefix("./")
    inner = path.removeprefix("data/")
    return inner if files.bag and path not in files.manifest and inner in files.manifest else path


def check(document: Any, files: Files) -> list[Fault]:
    """Return everything that forbids to save a document; empty when nothing does."""
    return faults_of(document) or list(chosen(document, files).faults)


def prepare(blobs: BlobStore, compendium: Compendium, document: Any) -> Prepared:
    """Check a document and write the files that follow from it; raises Invalid with everything that is wrong."""
    files = files_of(blobs, compendium)
    if faults := check(document, files):
        raise Invalid(faults)
    these = chosen(document, files)
    o2r = stored(document | {"mainfile": these.main})
    if document["displayfile"]:
        o2r["displayfile"] = these.display
    manifest = _with_erc_yml(blobs, files.manifest, these, o2r)
    before = files.description
    after = before.model_copy(
        update={
            "main": these.main,
            "display": these.display,
            "kind": kind_of(these.main) or before.kind,
            "manifest": manifest.digest,
            "o2r": o2r,
            "choice": None,
        }
    )
    description = put_document(blobs, after)
    unread = these.main != before.main or compendium.choice is not None
    return Prepared(
        {**compendium.metadata, "o2r": o2r, **sections(o2r)},
        manifest.digest,
        description,
        description if unread else None,
    )


def _with_erc_yml(blobs: BlobStore, manifest: Manifest, these: Chosen, o2r: dict[str, Any]) -> Manifest:
    """Return the manifest with the author's `erc.yml` written anew, if there is one; both are kept as blobs."""
    entry = manifest.get(NAME)
    if entry is None:
        return manifest
    try:
        data = rewritten(blobs.read(entry.digest), these.main, these.display, licences_of(o2r))
    except ErcYmlError as error:
        raise Invalid([Fault("", f"cannot be written into the compendium: {error}")]) from error
    digest = blobs.put(data)
    if digest == entry.digest:
        return manifest
    written = Entry(path=NAME, digest=digest, size_bytes=len(data), media_type=entry.media_type)
    after = manifest.with_entries([written])
    blobs.put(after.document())
    return after


def licences_of(o2r: dict[str, Any]) -> dict[str, str]:
    """Return the licences that metadata name, by what they cover; one text is for everything."""
    stated = o2r.get("license")
    if isinstance(stated, str) and stated:
        return dict.fromkeys(LICENSED, stated)
    if not isinstance(stated, dict):
        return {}
    return {part: text for part in LICENSED if isinstance(text := stated.get(part), str) and text}
