"""Named runs: what a name may be, how one is derived, and the words for how far a run has come. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

LATEST = "latest"
"""The version of a run that names none."""
BUILD = "build://"
NAME_CHARACTERS, SLUG_CHARACTERS, ORIGIN_CHARACTERS = 63, 40, 1000
_NAME_FORM = r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
_VERSION_FORM = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_NAME, _VERSION = re.compile(_NAME_FORM, re.ASCII), re.compile(_VERSION_FORM, re.ASCII)
_ID, _OTHER = re.compile(r"[0-9a-z]{26}", re.ASCII), re.compile(r"[^a-z0-9]+", re.ASCII)

Version = Annotated[str, StringConstraints(pattern=rf"^{_VERSION_FORM}$")]
"""`latest`, `v2`, `1.0.1`: 1 to 63 letters, digits, `.`, `_` and `-`, the first and the last a letter or digit."""


class RunStatus(StrEnum):
    """How far a run has come; the last three are terminal."""

    PENDING = "pending"
    BUILDING = "building"
    STARTING = "starting"
    RUNNING = "running"
    UPLOADING = "uploading"
    STOPPED = "stopped"
    ERROR = "error"
    KILLED = "killed"


class RunNameError(ValueError):
    """What cannot be the name or the version of a run; says how to write it."""


def is_name(text: str) -> bool:
    """Return whether this may name a run: what has the form of an id of this service may not."""
    return bool(_NAME.fullmatch(text)) and not _ID.fullmatch(text)


def parse_name(text: str) -> tuple[str, str]:
    """Return name and version of `NAME[@VERSION]`; raises RunNameError for what is none."""
    name, at, version = text.partition("@")
    if not is_name(name):
        raise RunNameError(
            f"“{_shown(name)}” is no name of a run: it has 1 to {NAME_CHARACTERS} small letters, digits, `.`, `_` and "
            "`-`, begins and ends with a letter or digit, and is no id."
        )
    if at and not _VERSION.fullmatch(version):
        raise RunNameError(
            f"“{_shown(version)}” is no version of a run: it has 1 to 63 letters, digits, `.`, `_` and `-`, and "
            "begins and ends with a letter or digit."
        )
    return name, version or LATEST


def parse_build(text: str) -> tuple[str, str]:
    """Return name and version of `build://NAME[:VERSION]`; raises RunNameError for what is none."""
    return parse_name(text.removeprefix(BUILD).replace("@", "\0").replace(":", "@", 1))


def shown_name(name: str, version: str) -> str:
    """Return how a run is written: without the version that is meant when none is."""
    return name if version == LATEST else f"{name}@{version}"


def slug(text: str) -> str:
    """Return a name made from a title or a folder's name, empty when nothing of it can be in one."""
    plain = unicodedata.normalize("NFKD", text[:ORIGIN_CHARACTERS]).encode("ascii", "ignore").decode().lower()
    words = _OTHER.sub("-", plain).strip("-")
    if len(words) > SLUG_CHARACTERS:
        head = words[: SLUG_CHARACTERS + 1]
        words = (head.rpartition("-")[0] or head[:SLUG_CHARACTERS]).strip("-")
    return f"run-{words}" if _ID.fullmatch(words) else words


def derived_name(candidates: Iterable[str], origin: str) -> str:
    """Return the first of these texts that gives a name, else one that is made of the origin."""
    return next(filter(None, map(slug, candidates)), f"run-{_mark(origin)}")


def auto_name(name: str, origin: str) -> str:
    """Return a name that is free for this origin: with 4 hexadecimal digits of it, each time the same."""
    return f"{name[: NAME_CHARACTERS - 5].rstrip('._-')}-{_mark(origin)}"


def _mark(origin: str) -> str:
    return hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:4]


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:60])
