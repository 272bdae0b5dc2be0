"""Describes a workspace: what to run, what to compare, and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from erc.schemas.metadata import KINDS, Description
from erc.schemas.workspace import Entry, Manifest
from erc.workers.code.found import Found
from erc.workers.code.text import clean, normalise
from erc.workers.metadata.domain import erc_yml
from erc.workers.metadata.domain.candidates import (
    choose_display,
    choose_main,
    display_candidates,
    main_candidates,
)
from erc.workers.metadata.domain.citation import read_citation
from erc.workers.metadata.domain.code import read_code
from erc.workers.metadata.domain.erc_yml import ErcYml, read_erc_yml
from erc.workers.metadata.domain.files import ERC_YML_BYTES, Files, folder_of, joined, stem, suffix
from erc.workers.metadata.domain.header import Header, read_header_values
from erc.workers.metadata.domain.o2r import Workspace, o2r_document, raw_document
from erc.workers.metadata.domain.spatial import read_spatial

MAX_LITERALS = 20_000
"""Different texts in the code that are looked up as names of files."""


def describe(
    manifest: Manifest, read: Callable[[Entry], bytes], today: str = "", chosen: Description | None = None
) -> Description:
    """Return the description of a workspace; nothing in it is evaluated.

    `read` returns the bytes of an entry; only files of bounded size are asked for. `today` is the ISO date that
    stands for the date of publication when the author gives none; without it the date is left out. Main and display
    are those of `chosen`, if there is one, whose metadata stay. Metadata that cannot be read are warnings. Raises
    Rejected with the codes `main_missing`, `main_unsupported`, `main_is_display`, `display_missing`,
    `kernel_unsupported` and `erc_yml_invalid`.
    """
    files = Files(manifest, read)
    erc = _erc(files)
    main, kind = choose_main(chosen.main if chosen else erc.main, files)
    found = read_code(kind, main, files)
    display = choose_display(chosen.display if chosen else erc.display, kind, main, found.outputs, files)
    workspace = Workspace(
        kind=kind,
        main=main,
        display=display,
        mains=main_candidates(files),
        displays=display_candidates(kind, main, files),
        codefiles=files.with_suffix(*KINDS),
        inputfiles=_inputs(main, display, found, files),
        header=_header(main, found, files),
        found=found,
        dependencies=found.dependencies,
        erc=erc,
        spatial=read_spatial(files),
        today=today,
    )
    description = _description(workspace, files)
    return description.model_copy(update={"raw": chosen.raw, "o2r": chosen.o2r}) if chosen else description


def _description(workspace: Workspace, files: Files) -> Description:
    raw: dict[str, Any] = normalise(raw_document(workspace))
    return Description(
        kind=workspace.kind,
        main=workspace.main,
        display=workspace.display,
        erc_id=workspace.erc.erc_id,
        dependencies=[one.model_copy(update={"source": clean(one.source)}) for one in workspace.dependencies],
        warnings=files.warnings,
        manifest=files.manifest.digest,
        raw=raw,
        o2r=o2r_document(raw),
    )


def _erc(files: Files) -> ErcYml:
    entry = files.manifest.get(erc_yml.NAME)
    if entry is None:
        return ErcYml()
    if entry.size_bytes > ERC_YML_BYTES:
        raise erc_yml.too_large(entry.size_bytes)
    erc = read_erc_yml(files.data(erc_yml.NAME, ERC_YML_BYTES) or b"")
    for warning in erc.warnings:
        files.warn(warning)
    return erc


def _header(main: str, found: Found, files: Files) -> Header:
    """Return what the main file says; `CITATION.cff` fills the gaps, and a title there must be."""
    said = read_header_values(found.header)
    cited = read_header_values(read_citation(files))
    both = {key: value or getattr(cited, key) for key, value in vars(said).items()}
    if not both["title"]:
        files.warn(f"No title was found; give one as `title` in the header of “{main}” or in CITATION.cff")
        both["title"] = stem(main)
    if not both["creators"]:
        files.warn(f"No author was found; name them as `author` in the header of “{main}” or in CITATION.cff")
    return Header(**both)


def _inputs(main: str, display: str, found: Found, files: Files) -> list[str]:
    """Return the files of the workspace that the code names, without code and without what it writes."""
    folder = folder_of(main)
    written = {joined(folder, name) for name in found.outputs} | {display}
    named = {
        joined(place, text) for text in list(dict.fromkeys(found.literals))[:MAX_LITERALS] for place in (folder, "")
    }
    return sorted(path for path in named - written if path in files.manifest and suffix(path) not in KINDS)
