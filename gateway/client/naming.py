"""Whose name a run gets: where a folder, an archive or a repository comes from, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from erc.schemas.git_source import GitAddress
from erc.schemas.run import ORIGIN_CHARACTERS, auto_name, derived_name

FILE_BYTES = 1 << 20
"""The most of a file that is read for a name."""
_FIELD = re.compile(r"(title|id):[ \t]+(\S[^\n]{0,500})")
_REMOTE = re.compile(r'\[remote[ \t]+"([^"\n]{1,200})"\]')
_URL = re.compile(r"url[ \t]*=[ \t]*(\S{1,1000})")
_SCP = re.compile(r"(?:[^@/\s]{1,100}@)?([A-Za-z0-9.-]{1,253}):(?!/)(\S{1,900})")
_ADDRESS = re.compile(r"(https?|ssh|git)://(?:[^@/\s]{1,300}@)?([A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)/(\S{1,900})")


@dataclass(frozen=True)
class Whose:
    """Where something comes from, and the texts that may name it, the best first.

    The origin of a folder in a clone of a repository is the repository's, on whatever machine; else the author's own
    id of it, else its path. It is kept with the run, without names of machines or passwords.
    """

    origin: str
    texts: Sequence[str]

    @property
    def name(self) -> str:
        """The name that it gets when none is given."""
        return derived_name(self.texts, self.origin)

    def free_name(self, name: str) -> str:
        """Return a name that is like this one and nobody else's."""
        return auto_name(name, self.origin)


def whose_path(path: Path) -> Whose:
    """Return whose name a folder or an archive on this machine gets."""
    whole = path.resolve()
    if not whole.is_dir():
        name = whole.name.removesuffix(".gz").removesuffix(".tar").removesuffix(".tgz").removesuffix(".zip")
        return Whose(_short(str(whole)), [name])
    fields = _fields(whole / "erc.yml")
    by_id = f"erc:{fields['id']}" if "id" in fields else ""
    origin = _of_clone(whole) or by_id or str(whole)
    return Whose(_short(origin), [fields.get("title", ""), fields.get("id", ""), whole.name])


def whose_repository(address: GitAddress) -> Whose:
    """Return whose name a repository, or a folder of one, gets."""
    url = address.url.removesuffix(".git")
    last = (address.folder or url).rstrip("/").rpartition("/")[2]
    return Whose(f"{url}#{address.folder}" if address.folder else url, [last])


def _fields(path: Path) -> dict[str, str]:
    """Return title and id of an `erc.yml` where they stand on a line of their own; nothing when it cannot be read."""
    found: dict[str, str] = {}
    for line in _lines(path):
        if match := _FIELD.match(line):
            value = match[2].partition(" #")[0].strip().strip("\"'").strip()
            found.setdefault(match[1], value)
    return {name: value for name, value in found.items() if value}


def top_of_clone(path: Path) -> Path | None:
    """Return the top folder of the repository that a file or folder lies in, None when it lies in none."""
    whole = path.resolve()
    return next((top for top in (whole, *whole.parents) if _config(top / ".git") is not None), None)


def _of_clone(folder: Path) -> str:
    """Return the address of the repository that a folder is a clone of, or in one; empty when it is in none."""
    for top in (folder, *folder.parents):
        config = _config(top / ".git")
        if config is not None:
            url = _remote(_lines(config))
            inner = folder.relative_to(top).as_posix()
            return f"{url}#{inner}" if url and inner != "." else url
    return ""


def _config(git: Path) -> Path | None:
    """Return where the settings of a repository lie; a worktree's `.git` is a file that says where to look."""
    if git.is_dir():
        return git / "config"
    for line in _lines(git):
        if line.startswith("gitdir:"):
            place = git.parent / line.removeprefix("gitdir:").strip()
            common = place / next(iter(_lines(place / "commondir")), ".")
            return common / "config"
    return None


def _remote(lines: Sequence[str]) -> str:
    """Return the address of the remote `origin`, or of the first one, as a browser knows it."""
    urls: dict[str, str] = {}
    name = ""
    for line in (line.strip() for line in lines):
        if line.startswith("["):
            match = _REMOTE.match(line)
            name = match[1] if match else ""
        elif name and (match := _URL.match(line)):
            urls.setdefault(name, match[1])
    return _browsable(urls.get("origin") or next(iter(urls.values()), ""))


def _browsable(url: str) -> str:
    """Return `https://HOST/OWNER/REPO` for whatever git calls it; empty for a path, and if a password may be left."""
    found = ""
    if match := _ADDRESS.fullmatch(url):
        scheme, host = "http" if match[1] == "http" else "https", match[2]
        host = host if match[1] in {"http", "https"} else host.partition(":")[0]
        found = f"{scheme}://{host.lower()}/{_repository(match[3])}"
    elif match := _SCP.fullmatch(url):
        found = f"https://{match[1].lower()}/{_repository(match[2])}"
    return "" if "@" in found else found


def _repository(path: str) -> str:
    return path.strip("/").removesuffix(".git")


def _lines(path: Path) -> list[str]:
    try:
        if not path.is_file():
            return []
        with path.open("rb") as file:
            return file.read(FILE_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _short(origin: str) -> str:
    """Return the origin as it can be kept: one line of at most 1,000 characters."""
    plain = "".join(character if character.isprintable() else "?" for character in origin)
    return plain[-ORIGIN_CHARACTERS:]
