"""Finds the bytes behind a document's figures and says which published figure answers to which reproduced one."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

from erc.events.errors import Rejected
from erc.workers.checker.domain.align import differing
from erc.workers.checker.domain.apart import Apart, directly
from erc.workers.checker.domain.document import Figure
from erc.workers.checker.domain.texts import settled

Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Resources:
    """The files that a display links, by path from the workspace's root; None when there is no such file."""

    published: Read
    reproduced: Read
    apart: Apart = directly
    """Where what the display holds is compared."""


@dataclass(frozen=True)
class Shown:
    """A figure with its bytes; `content` is None when there are none, and `problem` says why when it is not plain."""

    figure: Figure
    number: int
    """Its place among its document's figures, from 1."""
    content: bytes | None
    key: str
    """Equal for two figures that certainly show the same."""
    remote: bool = False
    problem: str = ""
    path: str = ""

    @property
    def name(self) -> str:
        """What a reader would call it."""
        return self.figure.name(self.number)


@dataclass(frozen=True)
class Pair:
    """A published figure and the reproduced one that answers to it; one of them may be missing."""

    published: Shown | None
    reproduced: Shown | None
    moved: bool = False
    """Whether both show the same, but at another place among the others."""

    @property
    def unlike(self) -> bool:
        """Whether there are bytes on both sides, and not the same."""
        sides = [one and one.content for one in (self.published, self.reproduced)]
        return None not in sides and sides[0] != sides[1]


def shown(figures: Sequence[Figure], display: str, read: Read) -> list[Shown]:
    """Return the figures of a document at the path `display` with their bytes."""
    return [_shown(figure, number, display, read) for number, figure in enumerate(figures, 1)]


def pairs(published: Sequence[Shown], reproduced: Sequence[Shown]) -> list[Pair]:
    """Pair figures in document order: those that are the same first, then those in between by name, then by place."""
    paired: list[Pair] = []
    i = k = 0
    for a_from, a_to, b_from, b_to in differing([one.key for one in published], [one.key for one in reproduced]):
        paired += map(Pair, published[i:a_from], reproduced[k:b_from])
        paired += _matched(published[a_from:a_to], reproduced[b_from:b_to])
        i, k = a_to, b_to
    paired += map(Pair, published[i:], reproduced[k:])
    return _with_moves(paired)


def _matched(published: Sequence[Shown], reproduced: Sequence[Shown]) -> Iterator[Pair]:
    if len(published) == len(reproduced):
        yield from map(Pair, published, reproduced)
        return
    waiting = list(reproduced)
    longer = len(published) > len(reproduced)
    spare = abs(len(published) - len(reproduced))
    for one in published:
        place = next((at for at, other in enumerate(waiting[:50]) if _alike(one, other)), None)
        if place is None and (not waiting or (longer and spare)):
            spare -= 1
            yield Pair(one, None)
            continue
        for extra in waiting[: place or 0]:
            yield Pair(None, extra)
        del waiting[: place or 0]
        yield Pair(one, waiting.pop(0))
    for extra in waiting:
        yield Pair(None, extra)


def _alike(one: Shown, other: Shown) -> bool:
    a, b = one.figure, other.figure
    label = a.alt or a.caption
    return bool((label and label == (b.alt or b.caption)) or (one.path and one.path == other.path))


def _with_moves(paired: Sequence[Pair]) -> list[Pair]:
    """Join a figure that is missing here with the same one that is new elsewhere."""
    new = {one.reproduced.key: one for one in paired if one.published is None and one.reproduced is not None}
    joined: set[int] = set()
    result = []
    for pair in paired:
        other = None
        if pair.published is not None and pair.reproduced is None:
            other = new.pop(pair.published.key, None)
        if other is not None:
            joined.add(id(other))
        result.append(Pair(pair.published, other.reproduced, moved=True) if other is not None else pair)
    return [pair for pair in result if id(pair) not in joined]


def _shown(figure: Figure, number: int, display: str, read: Read) -> Shown:
    if figure.drawn is not None:
        content: bytes | None = figure.drawn.encode("utf-8", "replace")
        return Shown(figure, number, content, _key(settled(figure.drawn).encode("utf-8", "replace")))
    source = figure.source
    scheme, colon, _ = source[:200].partition(":")
    if colon and scheme.lower() == "data":
        content = _embedded(source[5:])
        problem = "" if content else "is embedded in a way that cannot be read"
        return Shown(figure, number, content, _key(content or source.encode("utf-8", "replace")), problem=problem)
    if source.startswith("//") or (colon and "/" not in scheme):
        return Shown(figure, number, None, f"remote {source}", remote=True)
    return _linked(figure, number, _path(source, display), read)


def _linked(figure: Figure, number: int, path: str, read: Read) -> Shown:
    if not path:
        problem = "is linked to a place outside the workspace"
        return Shown(figure, number, None, f"outside {figure.source}", problem=problem)
    try:
        content = read(path)
    except Rejected as error:
        problem = f"could not be compared: {error.problem.title}".rstrip(".")
        return Shown(figure, number, None, f"unread {path}", problem=problem, path=path)
    key = f"absent {path}" if content is None else _key(content)
    return Shown(figure, number, content, key, path=path)


def _key(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def embedded_bytes(source: str) -> bytes | None:
    """Return what an address holds itself; None when it holds nothing, or nothing that can be read."""
    return _embedded(source.strip()[5:]) if source.strip()[:5].lower() == "data:" else None


def _embedded(rest: str) -> bytes | None:
    header, comma, payload = rest.partition(",")
    if not comma:
        return None
    if not header.lower().rstrip().endswith(";base64"):
        return unquote_to_bytes(payload)
    try:
        return base64.b64decode(unquote_to_bytes(payload) if "%" in payload else payload)
    except (binascii.Error, ValueError):
        return None


def _path(source: str, display: str) -> str:
    """Return the path from the workspace's root of what a document links; empty when it lies outside."""
    plain = unquote(source.partition("#")[0].partition("?")[0])
    if plain.startswith("/") or "\0" in plain or "\\" in plain:
        return ""
    parts = display.split("/")[:-1]
    for part in plain.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
