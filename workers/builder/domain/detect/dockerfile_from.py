"""`FROM` of an author's Dockerfile: which known images mean which Python, R or suite."""

from __future__ import annotations

import re

from erc.schemas.environment import Decision
from erc.workers.builder.domain.detect.asked import Asked, shown
from erc.workers.builder.domain.suites import Wish, suite_named

_IMAGE = re.compile(
    r"((?:docker\.io/)?(?:library/)?[a-z0-9][a-z0-9._/-]{0,100})(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"(?:@(sha256:[0-9a-f]{64}))?(?:\s{1,20}AS\s{1,20}[A-Za-z0-9_.-]{1,60})?",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?<![0-9.])([0-9]{1,2}\.[0-9]{1,2}(?:\.[0-9]{1,2})?)(?![0-9])")
_ROCKER = re.compile(r"rocker/[a-z0-9-]{1,40}")
_JUPYTER = re.compile(r"(?:quay\.io/)?jupyter/[a-z0-9-]{1,40}")
_CONDA = frozenset(
    {"continuumio/miniconda3", "continuumio/anaconda3", "condaforge/miniforge3", "condaforge/mambaforge"}
    | {"mambaorg/micromamba"}
)
_BIOCONDUCTOR = re.compile(r"bioconductor/bioconductor(?:_docker|_full)?")
_RELEASES = {
    "3_10": "3.6",
    "3_11": "4.0",
    "3_12": "4.0",
    "3_13": "4.1",
    "3_14": "4.1",
    "3_15": "4.2",
    "3_16": "4.2",
    "3_17": "4.3",
    "3_18": "4.3",
    "3_19": "4.4",
    "3_20": "4.4",
    "3_21": "4.5",
    "3_22": "4.5",
}
_KNOWN = "debian, ubuntu, python, r-base, rocker/…, bioconductor/…, jupyter/… and those of conda"
_BY_DIGEST = frozenset({"debian", "ubuntu", "python", "r-base"})
"""Images that the environment is built from as they are, when a digest says which."""


def take_from(asked: Asked, rest: str, line: int) -> str:
    """Take over what an image means; returns what is wrong with it, else an empty text."""
    match = _IMAGE.fullmatch(rest)
    if match is None:
        return f"FROM {shown(rest)} is not the name of an image with a tag"
    name = re.sub(r"^(docker\.io/)?(library/)?", "", match[1].lower())
    tag, digest = match[2] or "", match[3] or ""
    if tag == "latest" or not (tag or digest):
        return f"FROM {shown(rest)} means another image every day; name a version"
    if "onbuild" in tag.lower():
        return f"FROM {shown(rest)} runs steps of its own in a build (ONBUILD); name the image without them"
    if not _meant(asked, name, tag, line):
        return f"FROM {shown(rest)} is not one of the images that are known ({_KNOWN})"
    if digest and name in _BY_DIGEST:
        asked.image = f"{name}@{digest}"
        reason = "The Dockerfile names this image by its digest, and it is one of those that are taken as they are."
        asked.decisions.append(Decision(subject="base", choice=asked.image, reason=reason, path=asked.path, line=line))
    return ""


def _meant(asked: Asked, name: str, tag: str, line: int) -> bool:
    version = _VERSION.search(tag)
    if name in {"debian", "ubuntu", "erc-base"}:
        asked.suite = Wish(_suite(tag), asked.path, line) if tag else asked.suite
    elif name == "python":
        asked.python = Wish(version[1], asked.path, line) if version else asked.python
    elif name == "r-base" or _ROCKER.fullmatch(name):
        asked.r = Wish(version[1], asked.path, line) if version else asked.r
    elif _JUPYTER.fullmatch(name):
        asked.python = Wish(version[1], asked.path, line) if version and "python-" in tag else asked.python
    elif _BIOCONDUCTOR.fullmatch(name):
        release = next((r for number, r in _RELEASES.items() if tag.replace(".", "_").endswith(number)), "")
        asked.r = Wish(release, asked.path, line) if release else asked.r
    else:
        return name in _CONDA
    return True


def _suite(tag: str) -> str:
    """Return the suite that a tag means: `bookworm-slim`, `22.04`, `jammy-20240111`, `12.5`."""
    bare = tag.removesuffix("-slim")
    for part in (bare, bare.partition("-")[0], bare.partition(".")[0]):
        if suite_named(part):
            return part
    return bare
