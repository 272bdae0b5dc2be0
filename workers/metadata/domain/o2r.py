"""The metadata documents under the reference's names: `raw`, and `o2r` brokered from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from erc.schemas.metadata import Dependency, Kind
from erc.workers.code.found import Found
from erc.workers.metadata.domain.erc_yml import LICENCES, ErcYml
from erc.workers.metadata.domain.header import Header

PACKAGE_SYSTEMS = {"r": "CRAN", "python": "PyPI"}
MEDIA_TYPES = {
    Kind.RMARKDOWN: "text/markdown",
    Kind.R_SCRIPT: "text/x-r-source",
    Kind.NOTEBOOK: "application/x-ipynb+json",
    Kind.PYTHON_SCRIPT: "text/x-python",
}
_BROKERED = (
    *("access_right", "codefiles", "communities", "depends", "description", "displayfile", "displayfile_candidates"),
    *("identifier", "inputfiles", "interaction", "keywords", "license", "mainfile", "mainfile_candidates"),
    *("paperLanguage", "publication_type", "spatial", "temporal", "title", "upload_type", "version"),
)
_RENAMED = {"author": "creators", "publicationDate": "publication_date"}


@dataclass(frozen=True)
class Workspace:
    """What was found in a workspace, ready to be written down; lists hold paths."""

    kind: Kind
    main: str
    display: str
    mains: list[str]
    displays: list[str]
    codefiles: list[str]
    inputfiles: list[str]
    header: Header
    found: Found
    dependencies: list[Dependency]
    erc: ErcYml
    spatial: dict[str, Any]
    today: str


def raw_document(workspace: Workspace) -> dict[str, Any]:
    """Return everything found, under the raw names of the reference; what is not known is not there."""
    header = workspace.header
    document: dict[str, Any] = {
        "title": header.title,
        "author": [person.document() for person in header.creators],
        "description": header.description,
        "publicationDate": header.iso_date or workspace.today,
        "temporal": {"begin": header.iso_date, "end": header.iso_date} if header.iso_date else {},
        "license": {key: workspace.erc.licenses.get(key) or header.licenses.get(key, "") for key in LICENCES},
        "keywords": list(header.keywords),
        "identifier": _identifier(header.doi),
        "paperLanguage": [header.language] if header.language else [],
        "version": header.version,
        "spatial": workspace.spatial,
        "access_right": "open",
        "communities": [{"identifier": "o2r"}],
        "publication_type": "other",
        "upload_type": "publication",
        **_files(workspace),
        "depends": [_depend(dependency) for dependency in workspace.dependencies],
        "r_output": workspace.found.outputs[:1000],
        "provenance": header.date,
        "interaction": header.interaction,
        "erc": workspace.erc.document,
    }
    optional = ("publicationDate", "temporal", "spatial", "paperLanguage", "version", "provenance", "erc", "r_output")
    return {key: value for key, value in document.items() if value or key not in optional}


def o2r_document(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the o2r document: the brokered part of the raw one, with the two names that differ."""
    document = {key: raw[key] for key in _BROKERED if key in raw}
    return document | {target: raw[source] for source, target in _RENAMED.items() if source in raw}


def _files(workspace: Workspace) -> dict[str, Any]:
    return {
        "mainfile": workspace.main,
        "mainfile_candidates": workspace.mains[:1000],
        "displayfile": workspace.display,
        "displayfile_candidates": workspace.displays[:1000],
        "inputfiles": workspace.inputfiles[:1000],
        "codefiles": workspace.codefiles[:1000],
        "file": {
            "filename": workspace.main.rpartition("/")[2],
            "filepath": workspace.main,
            "mimetype": MEDIA_TYPES[workspace.kind],
        },
    }


def _identifier(doi: str) -> dict[str, str]:
    return {"doi": doi, "doiurl": f"https://doi.org/{doi}" if doi else "", "reserveddoi": ""}


def _depend(dependency: Dependency) -> dict[str, str]:
    return {
        "identifier": dependency.name,
        "version": dependency.version,
        "packageSystem": PACKAGE_SYSTEMS.get(dependency.language, ""),
        "source": dependency.source,
    }
