"""Compares two files, or two figures, in the way that suits what they hold."""

from __future__ import annotations

import re
from dataclasses import replace

from erc.schemas.check import Outcome
from erc.workers.checker.domain.comparators import chosen, compare_bytes, kind_of
from erc.workers.checker.domain.drawn_data import compare_drawn
from erc.workers.checker.domain.figures import Pair, Shown
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.images import media_type as picture_type
from erc.workers.checker.domain.reserved import MAY_DIFFER
from erc.workers.checker.domain.result import Compared, number
from erc.workers.checker.domain.svg.compare import compare_drawings
from erc.workers.checker.domain.terms import PLAIN, Terms
from erc.workers.checker.domain.texts import excerpt

MAX_FILE_BYTES = 32 << 20
"""The largest text, drawing or data file that is looked into; tables of separated values may be larger."""

_BITMAP_EXTENSIONS = {"png", "jpg", "jpeg", "gif", "webp"}
_SIGNATURES = re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_DRAWING = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,1000}?-->\s*|<!DOCTYPE svg[^>]{0,300}>\s*){0,4}<svg\b", re.DOTALL
)


def compare_content(
    published: bytes, reproduced: bytes, path: str, budget: PixelBudget, terms: Terms = PLAIN
) -> Compared:
    """Compare two files by what they are; the path helps where the bytes alone do not say."""
    if terms.comparator in {"size", "contains"}:
        return compare_simply(published, reproduced, terms)
    if published == reproduced:
        return _identical(published, path)
    compared = _as_picture(published, reproduced, path, budget, terms) or _by_comparator(
        published, reproduced, path, terms
    )
    compared = compared or compare_bytes(published, reproduced)
    return replace(compared, tolerance=terms.tolerance.said)


def compare_simply(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare two files by their sizes, or look for a text that the reproduced one must hold."""
    if terms.comparator == "contains":
        held = terms.contains.encode() in reproduced
        finding = f"{'holds' if held else 'does not hold'} the text “{excerpt(terms.contains)}”"
        outcome = Outcome.EQUIVALENT if held else Outcome.DIFFERENT
        return Compared("text", outcome, finding, float(not held), asked="a text")
    if published == reproduced:
        return Compared("bytes", Outcome.IDENTICAL)
    agrees = terms.size.allows(len(published), len(reproduced))
    finding = f"has {len(reproduced):,} bytes, the published one has {len(published):,}"
    outcome = Outcome.EQUIVALENT if agrees else Outcome.DIFFERENT
    return Compared("bytes", outcome, finding, float(not agrees), asked="the size")


def compare_pair(pair: Pair, budget: PixelBudget) -> Compared:
    """Compare a published figure with the reproduced one that answers to it."""
    before, after = pair.published, pair.reproduced
    if before is None or after is None:
        return _alone(before, after)
    if pair.moved:
        finding = f"is the same, but at another place: it was number {before.number} and became number {after.number}"
        return Compared("image", Outcome.DIFFERENT, finding, 0.0, before.content, after.content)
    found = _unlike(before, after) or _contents(before, after, budget)
    cells = before.figure.cell, after.figure.cell
    if found.agrees and all(cells) and cells[0] != cells[1]:
        finding = f"is the same, but stands behind cell {cells[1]} and not behind cell {cells[0]}"
        return replace(found, outcome=Outcome.DIFFERENT, finding=finding)
    return found


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
        return compare_drawn(before.figure.drawn or "", after.figure.drawn or "")
    return compare_content(before.content or b"", after.content or b"", _path(before), budget)


def _path(one: Shown) -> str:
    return one.path or ("drawing.svg" if one.figure.drawn or "svg" in one.figure.source[:30] else "")


def _identical(content: bytes, path: str) -> Compared:
    drawing = path.lower().endswith(".svg") or _DRAWING.match(content[:4096]) is not None
    media = picture_type(content) if _SIGNATURES.match(content) else "image/svg+xml" if drawing else ""
    kind = "image" if media or _extension(path) in _BITMAP_EXTENSIONS else kind_of(content, path)
    return Compared(kind, Outcome.IDENTICAL, original=content, reproduced=content, media_type=media)


def _extension(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()


def _as_picture(published: bytes, reproduced: bytes, path: str, budget: PixelBudget, terms: Terms) -> Compared | None:
    if terms.comparator not in {"auto", "image"}:
        return None
    bitmaps = _SIGNATURES.match(published) and _SIGNATURES.match(reproduced)
    if bitmaps or _extension(path) in _BITMAP_EXTENSIONS:
        return compare_images(published, reproduced, budget)
    drawings = _DRAWING.match(published[:4096]) and _DRAWING.match(reproduced[:4096])
    if not drawings and _extension(path) != "svg":
        return None
    return _too_large("image", published, reproduced) or compare_drawings(published, reproduced, budget, terms)


def _by_comparator(published: bytes, reproduced: bytes, path: str, terms: Terms) -> Compared | None:
    if terms.comparator == "bytes":
        return None
    for one in chosen(published, reproduced, path, terms.comparator):
        large = None if one.name == "table" else _too_large(one.kind, published, reproduced)
        compared = large or one.compare(published, reproduced, terms)
        if compared is not None:
            return _within_lines(compared, terms) if one.name == "text" else compared
    if terms.comparator not in {"auto", "image"}:
        finding = f"could not be compared: it is not what erc.yml says, {terms.comparator}"
        return Compared("bytes", Outcome.UNCOMPARED, finding, 1.0, published, reproduced)
    return None


def _too_large(kind: str, published: bytes, reproduced: bytes) -> Compared | None:
    size_bytes = max(len(published), len(reproduced))
    if size_bytes <= MAX_FILE_BYTES:
        return None
    finding = f"is too large to compare: {size_bytes / (1 << 20):,.0f} MiB"
    return Compared(kind, Outcome.UNCOMPARED, finding, 1.0, published, reproduced)


def _within_lines(compared: Compared, terms: Terms) -> Compared:
    if not terms.lines or not 0 < compared.changed <= terms.lines:
        return compared
    finding = f"{compared.finding}; erc.yml lets {number(terms.lines, 'line')} differ"
    ignored = tuple(replace(one, rule=MAY_DIFFER) for one in compared.changes)
    return replace(
        compared, outcome=Outcome.EQUIVALENT, finding=finding, changes=(), ignored=compared.ignored + ignored
    )


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
        return Compared("image", Outcome.IGNORED, finding, rule="picture on the web")
    return Compared("image", Outcome.DIFFERENT, "is linked from another place", 1.0, before.content, after.content)


def _absent(before: Shown, after: Shown) -> Compared:
    if before.content is not None:
        finding = "was not made by this run, although the display links it"
        return Compared("image", Outcome.MISSING, finding, 1.0, before.content)
    if after.content is not None:
        finding = "was made by this run, but the published workspace does not hold its file"
        return Compared("image", Outcome.EXTRA, finding, 1.0, None, after.content)
    finding = "could not be compared: it is linked to a file that neither the author nor this run left"
    return Compared("image", Outcome.UNCOMPARED, finding, 1.0)
