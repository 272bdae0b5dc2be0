"""Git repositories as sources: an address as people write it, and a commit of it as the service keeps it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from erc.schemas.addresses import may_be_called

MOST_CHARACTERS = 1000
_SEGMENT = r"[A-Za-z0-9_~][A-Za-z0-9._~-]{0,99}"
_PATH = re.compile(rf"(?:/{_SEGMENT}){{1,8}}/?", re.ASCII)
_BARE = re.compile(rf"((?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,}})/({_SEGMENT})/({_SEGMENT})((?:/{_SEGMENT})*)", re.ASCII)
_SSH = re.compile(rf"(?:ssh://)?[A-Za-z0-9._-]+@([A-Za-z0-9.-]+)[:/]({_SEGMENT}(?:/{_SEGMENT})*)", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)

Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class SourceError(ValueError):
    """An address that cannot be one of a repository; says how to write it."""


@dataclass(frozen=True)
class GitAddress:
    """A repository, which of its branches, tags or commits is meant (empty: its default), and which folder of it."""

    url: str
    ref: str = ""
    folder: str = ""

    @property
    def commit(self) -> str | None:
        """The commit, when the address names one in full."""
        return self.ref if _COMMIT.fullmatch(self.ref) else None

    def __str__(self) -> str:
        """Return it as people write it."""
        return self.url + (f"@{self.ref}" if self.ref else "") + (f"#{self.folder}" if self.folder else "")


class GitSource(BaseModel):
    """A commit of a repository, and the folder of it that is the workspace (empty: all of it)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    ref: str = ""
    folder: str = ""
    commit: Commit

    @property
    def named(self) -> str:
        """The source as errors name it."""
        return f"{self.url}@{self.ref or self.commit[:12]}"


def looks_like_git(text: str) -> bool:
    """Return whether somebody who writes this means a repository rather than a folder of theirs."""
    whole = text.partition("#")[0]
    return "://" in text or bool(_BARE.fullmatch(whole.partition("@")[0]) or _SSH.fullmatch(whole))


def parse_git(text: str, *, loopback: bool = False) -> GitAddress:
    """Read `https://HOST/OWNER/REPO[@REF][#FOLDER]` or `HOST/OWNER/REPO[/FOLDER][@REF]`.

    With `loopback` also http to this machine. Raises SourceError, and nothing else, for whatever is no such address.
    """
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        raise SourceError("The address is too long, or holds what cannot be seen.")
    whole, _, folder = text.partition("#")
    if found := _SSH.fullmatch(whole.removesuffix(".git")):
        raise SourceError(f"The service has no key for ssh: write https://{found[1]}/{found[2]}")
    address = _of_url(whole, folder) if "://" in whole else _of_words(whole, folder)
    if not may_be_called(address.url, loopback=loopback):
        raise SourceError("The address of a repository begins with https:// and names a public host, without a port.")
    return GitAddress(address.url, _checked_ref(address.ref), _checked_folder(address.folder))


def _of_url(whole: str, folder: str) -> GitAddress:
    scheme, _, rest = whole.partition("://")
    host, slash, path = rest.partition("/")
    path, at, ref = path.partition("@")
    if "@" in host:
        raise SourceError("The address must not hold a user or a password.")
    if scheme not in {"https", "http"}:
        raise SourceError(f"{scheme[:20]}:// is not taken: the address of a repository begins with https://")
    if not _PATH.fullmatch(slash + path) or (at and not ref):
        raise SourceError("Write the address as https://HOST/OWNER/REPOSITORY, then @REF and #FOLDER if they matter.")
    return GitAddress(f"{scheme}://{host.lower()}{slash}{path.rstrip('/')}", ref, folder)


def _of_words(whole: str, folder: str) -> GitAddress:
    place, at, ref = whole.partition("@")
    found = _BARE.fullmatch(place)
    if not found or (at and not ref) or (found[4] and folder):
        raise SourceError("Write the address as https://HOST/OWNER/REPOSITORY, then @REF and #FOLDER if they matter.")
    return GitAddress(f"https://{found[1].lower()}/{found[2]}/{found[3]}", ref, folder or found[4].lstrip("/"))


def _checked_ref(ref: str) -> str:
    bad = ("..", "//", "/.", "./", ".lock")
    if ref and (not _REF.fullmatch(ref) or any(part in ref for part in bad) or ref.endswith((".", "/"))):
        raise SourceError(f"“{ref[:60]}” cannot be the name of a branch, a tag or a commit.")
    return ref


def _checked_folder(folder: str) -> str:
    plain = folder.strip("/")
    parts = plain.split("/") if plain else []
    if any(part in {"", ".", ".."} or part.startswith((":", "-")) or "\\" in part for part in parts):
        raise SourceError(f"“{folder[:60]}” is no folder of a repository.")
    return plain
