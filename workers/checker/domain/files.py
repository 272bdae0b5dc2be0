"""Compares two files, or two figures, in the way that suits what they hold."""

from __future__ import annotations

import re

from erc.schemas.check import Outcome
from erc.schemas.media import media_type as type_of
from erc.workers.checker.domain.figures import Pair, Shown
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.images import media_type as picture_type
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.tables import compare_tables
from erc.workers.checker.domain.texts import compare_lines, compare_passages
from erc.workers.checker.domain.vector import compare_drawings

MAX_FILE_BYTES = 32 << 20
"""The largest text, table or drawing that is looked into."""

_BITMAP_EXTENSIONS = {"png", "jpg", "jpeg", "gif", "webp"}
_TABLE_EXTENSIONS = {"csv", "tsv", "tab"}
_SIGNATURES = re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_PDF_VOLATILE = re.compile(
    rb"/(?:CreationDate|ModDate)\s{0,9}\([^()]{0,80}\)|/ID\s{0,9}\[\s{0,9}<[0-9a-fA-F]{0,64}>\s{0,9}<[0-9a-fA-F]{0,64}>\s{0,9}\]"
)
_JSON_VALUE = re.compile(r"[^,\[\]{}]+")


def compare_content(published: bytes, reproduced: bytes, path: str, budget: PixelBudget) -> Compared:
    """Compare two files by what they are: the bytes say so for pictures, the path's extension for the rest."""
    extension = path.rpartition("/")[2].rpartition(".")[2].lower()
    if published == reproduced:
        return _identical(published, extension)
    if extension in _BITMAP_EXTENSIONS or (_SIGNATURES.match(published) and _SIGNATURES.match(reproduced)):
        return compare_images(published, reproduced, budget)
    return _as_text(published, reproduced, extension) or _bytes(published, reproduced, extension)


def compare_pair(pair: Pair, budget: PixelBudget) -> Compared:
    """Compare a published figure with the reproduced one that answers to it."""
    before, after = pair.published, pair.reproduced
    if before is None or after is None:
        return _alone(before, after)
    if pair.moved:
        finding = f"is the same, but at another place: it was number {before.number} and became number {after.number}"
        return Compared("image", Outcome.DIFFERENT, finding, 0.0, before.content, after.content)
    return _unlike(before, after) or _contents(before, after, budget)


def _unlike(before: Shown, after: Shown) -> Compared | None:
    """Say how a pair came out whose bytes are not both there."""
    if before.remote or after.remote:
        return _remote(before, after)
    if before.problem or after.problem:
        problem = before.problem or after.problem
        return Compared("image", Outcome.UNCOMPARED, problem, 1.0, before.content, after.content)
    return _absent(before, after) if before.content is None or after.content is None else None


def _contents(before: Shown, after: Shown, budget: PixelBudget) -> Compared:
    if before.figure.widget and after.figure.widget:
        return _widget(before, after)
    return compare_content(before.content or b"", after.content or b"", _path(before), budget)


def _path(one: Shown) -> str:
    return one.path or ("drawing.svg" if one.figure.drawn or "svg" in one.figure.source[:30] else "")


def _identical(content: bytes, extension: str) -> Compared:
    media = picture_type(content) if _SIGNATURES.match(content) else "image/svg+xml" if extension == "svg" else ""
    kind = "image" if media or extension in _BITMAP_EXTENSIONS else _kind(extension)
    return Compared(kind, Outcome.IDENTICAL, original=content, reproduced=content, media_type=media)


def _kind(extension: str) -> str:
    return "table" if extension in _TABLE_EXTENSIONS else "text" if _is_text(extension) else "bytes"


def _is_text(extension: str) -> bool:
    media = type_of(f"x.{extension}")
    return media.startswith(("text/", "script/")) or media.endswith(("json", "xml", "yaml", "toml", "sql", "x-tex"))


def _as_text(published: bytes, reproduced: bytes, extension: str) -> Compared | None:
    readable = extension == "svg" or extension in _TABLE_EXTENSIONS or _is_text(extension)
    if not readable:
        return None
    if max(len(published), len(reproduced)) > MAX_FILE_BYTES:
        mib = max(len(published), len(reproduced)) / (1 << 20)
        finding = f"is too large to compare: {mib:,.0f} MiB"
        return Compared(_kind(extension), Outcome.UNCOMPARED, finding, 1.0, published, reproduced)
    if extension == "svg":
        return compare_drawings(published, reproduced)
    table = compare_tables(published, reproduced) if extension in _TABLE_EXTENSIONS else None
    return table or compare_lines(published, reproduced)


def _bytes(published: bytes, reproduced: bytes, extension: str) -> Compared:
    if extension == "pdf" and _PDF_VOLATILE.sub(b"", published) == _PDF_VOLATILE.sub(b"", reproduced):
        finding = "differs only in its dates and its identifier"
        return Compared("bytes", Outcome.EQUIVALENT, finding, 0.0, published, reproduced)
    shorter = min(len(published), len(reproduced))
    first = next(
        (at for at in range(0, shorter, 4096) if published[at : at + 4096] != reproduced[at : at + 4096]), shorter
    )
    first = next((at for at in range(first, min(first + 4096, shorter)) if published[at] != reproduced[at]), shorter)
    finding = f"differs from byte {first + 1:,} on; only the bytes of such a file are compared"
    return Compared("bytes", Outcome.DIFFERENT, finding, 1.0, published, reproduced)


def _widget(before: Shown, after: Shown) -> Compared:
    """Compare the data of an interactive figure value by value."""
    theirs, ours = before.figure.drawn or "", after.figure.drawn or ""
    return compare_passages(_JSON_VALUE.findall(theirs), _JSON_VALUE.findall(ours), "value")


def _alone(before: Shown | None, after: Shown | None) -> Compared:
    if before is not None:
        finding = "is missing: the display that this run made does not show it"
        return Compared("image", Outcome.MISSING, finding, 1.0, before.content)
    content = None if after is None else after.content
    finding = "is new: the published display does not show it"
    return Compared("image", Outcome.EXTRA, finding, 1.0, None, content)


def _remote(before: Shown, after: Shown) -> Compared:
    if before.key == after.key:
        finding = "is linked from the same address on the web in both; it was not fetched"
        return Compared("image", Outcome.EQUIVALENT, finding)
    return Compared("image", Outcome.DIFFERENT, "is linked from another place", 1.0, before.content, after.content)


def _absent(before: Shown, after: Shown) -> Compared:
    if before.content is not None:
        finding = "was not made by this run, although the display links it"
        return Compared("image", Outcome.MISSING, finding, 1.0, before.content)
    if after.content is not None:
        finding = "was made by this run, but the published workspace does not hold its file"
        return Compared("image", Outcome.EXTRA, finding, 1.0, None, after.content)
    finding = "is linked to a file that neither the author nor this run left"
    same = before.key == after.key
    return Compared("image", Outcome.EQUIVALENT if same else Outcome.DIFFERENT, finding, 0.0 if same else 1.0)
