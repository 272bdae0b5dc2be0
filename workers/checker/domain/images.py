"""Compares bitmaps by what they show: equality first, then a look at both, then a decision."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from erc.schemas.check import Likeness, Outcome, Place
from erc.workers.checker.domain.picture.bitmap import MAX_IMAGE_PIXELS, Bitmap, PixelBudget, Pixels, opened
from erc.workers.checker.domain.picture.decide import Decision, Found, decide
from erc.workers.checker.domain.picture.look import Look, look
from erc.workers.checker.domain.picture.pale import FAINT, lone_places, pale_places
from erc.workers.checker.domain.picture.parts import Box, touches
from erc.workers.checker.domain.result import Change, Compared, number
from erc.workers.checker.domain.texts import became

__all__ = ["MAX_IMAGE_PIXELS", "PixelBudget", "compare_images", "media_type"]

LOOKS = 24
"""How many frames of an animation are looked at; further ones must be alike pixel by pixel."""

_SMALLEST = 24
_BAND_PIXELS = 2_000_000
_RED = (204, 0, 0)
_OUTCOMES = {
    Likeness.IDENTICAL: Outcome.IDENTICAL,
    Likeness.SAME_PICTURE: Outcome.EQUIVALENT,
    Likeness.OTHER_RENDERING: Outcome.OTHER_RENDERING,
    Likeness.DIFFERENT: Outcome.DIFFERENT,
    Likeness.UNSURE: Outcome.DIFFERENT,
}
_BADNESS = (Likeness.SAME_PICTURE, Likeness.OTHER_RENDERING, Likeness.UNSURE, Likeness.DIFFERENT)


@dataclass(frozen=True)
class _Found:
    likeness: Likeness
    finding: str
    confidence: float
    measure: float = 0.0
    places: tuple[Place, ...] = ()
    marked: bytes | None = None

    @property
    def order(self) -> tuple[int, float]:
        return _BADNESS.index(self.likeness), self.measure


def compare_images(published: bytes, reproduced: bytes, budget: PixelBudget) -> Compared:
    """Compare two PNG, JPEG, GIF, WebP or TIFF files on white; `difference` is a PNG with the places in red frames.

    Not readable or too large is `uncompared`. `measure` is the share of the picture that the places cover.
    """
    media = ""
    try:
        theirs, ours = opened(published, "published", budget), opened(reproduced, "reproduced", budget)
        media = theirs.media_type if theirs.media_type == ours.media_type else ""
        found = _frames(theirs, ours)
    except ValueError as error:
        return Compared("image", Outcome.UNCOMPARED, str(error), 1.0, published, reproduced, media_type=media)
    return Compared(
        "image",
        _OUTCOMES[found.likeness],
        found.finding,
        found.measure,
        published,
        reproduced,
        found.marked,
        media_type=media or "image/*",
        likeness=found.likeness,
        confidence=found.confidence,
        places=found.places,
    )


def media_type(content: bytes) -> str:
    """Return the type of a picture that can be read and is not too large, else nothing."""
    try:
        return opened(content, "", PixelBudget()).media_type
    except ValueError:
        return ""


def _frames(theirs: Bitmap, ours: Bitmap) -> _Found:
    if theirs.frames != ours.frames:
        finding = f"has {number(ours.frames, 'frame')}, the published one has {theirs.frames:,}"
        return _Found(Likeness.DIFFERENT, finding, 1.0, 1.0)
    worst = _Found(Likeness.SAME_PICTURE, "shows the same picture", 1.0)
    looks = 0
    for at in range(theirs.frames):
        one, other = theirs.frame(at), ours.frame(at)
        if _alike(one, other):
            continue
        looks += 1
        found = _seen(one, other) if looks <= LOOKS else _unseen(theirs.frames)
        worst = found if found.order >= worst.order else worst
        if looks > LOOKS:
            break
    return worst


def _alike(one: Pixels, other: Pixels) -> bool:
    """Return whether two pictures of one size are alike pixel by pixel, but for what an encoding changes."""
    if one.shape != other.shape:
        return False
    if np.array_equal(one, other):  # the most frequent case, and a tenth of the work
        return True
    rows = max(1, _BAND_PIXELS // max(1, one.shape[1]))
    for top in range(0, one.shape[0], rows):
        a, b = one[top : top + rows], other[top : top + rows]
        if int((np.maximum(a, b) - np.minimum(a, b)).max()) > FAINT:
            return False
    return not (pale_places(one, other) or lone_places(one, other))


def _unseen(frames: int) -> _Found:
    finding = f"differs in more than {LOOKS} of its {frames:,} frames"
    return _Found(Likeness.DIFFERENT, finding, 0.9, 1.0)


def _seen(one: Pixels, other: Pixels) -> _Found:
    if min(*one.shape[:2], *other.shape[:2]) < _SMALLEST:
        return _small(one, other)
    seen = look(one, other)
    pale = pale_places(one, other)
    if pale and (seen.other_theme or (seen.levelled and not pale_places(*seen.levelled))):
        pale = []
    pale = pale or ([] if seen.other_theme else [box for box in lone_places(one, other) if _in_a_panel(box, seen)])
    decision = _with_pale(decide(seen), pale, seen.scale)
    places = _places(decision, seen.scale, one)
    measure = _share(places, one) if decision.found else 0.0
    marked = _marked(one, places) if places else None
    return _Found(decision.likeness, _finding(decision, one, other), decision.confidence, measure, places, marked)


def _in_a_panel(box: Box, seen: Look) -> bool:
    """Return whether a place lies in a panel: around frames, versions shade the keys of legends otherwise."""
    boxes = [panel.box for panel in seen.panels if panel.framed]
    return not boxes or any(touches(_scaled(box, seen.scale), one) for one in boxes)


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(side * scale) for side in box)
    return left, top, right, bottom


def _with_pale(decision: Decision, pale: list[Box], scale: float) -> Decision:
    """Doubt a decision that two pictures are alike when areas differ too faintly for a look to see them."""
    if not pale or decision.likeness in {Likeness.DIFFERENT, Likeness.UNSURE}:
        return decision
    found = tuple(Found("marks", _scaled(box, scale), 0.5) for box in pale)
    return Decision(Likeness.UNSURE, 0.5, found, decision.share)


def _small(one: Pixels, other: Pixels) -> _Found:
    """Judge pictures too small to hold a figure by their pixels alone."""
    (height, width), (high, wide) = one.shape[:2], other.shape[:2]
    if one.shape != other.shape:
        return _Found(
            Likeness.DIFFERENT, f"is {wide:,} × {high:,} pixels, the published one is {width:,} × {height:,}", 0.9, 1.0
        )
    share = float(((np.maximum(one, other) - np.minimum(one, other)).max(2) > FAINT).mean())
    return _Found(Likeness.DIFFERENT, f"differs in {max(0.1, 100 * share):.1f} % of its pixels", 0.9, share)


def _places(decision: Decision, scale: float, one: Pixels) -> tuple[Place, ...]:
    height, width = one.shape[:2]
    places = []
    for found in decision.found:
        left, top, right, bottom = (round(side / scale) for side in found.box)
        left, top = min(max(0, left), width - 1), min(max(0, top), height - 1)
        right, bottom = max(left + 1, min(width, right)), max(top + 1, min(height, bottom))
        places.append(Place(left=left, top=top, width=right - left, height=bottom - top, what=found.what))
    return tuple(places)


def _share(places: tuple[Place, ...], one: Pixels) -> float:
    covered = np.zeros(one.shape[:2], dtype=bool)
    for place in places:
        covered[place.top : place.top + place.height, place.left : place.left + place.width] = True
    return float(covered.mean())


def _finding(decision: Decision, one: Pixels, other: Pixels) -> str:
    marks = sum(found.what == "marks" for found in decision.found)
    words = len(decision.found) - marks
    where = " and ".join(
        part
        for part in (
            f"in its marks at {number(marks, 'place')}" if marks else "",
            f"in its words at {number(words, 'place')}{_said(decision)}" if words else "",
        )
        if part
    )
    sized = (
        ""
        if one.shape == other.shape
        else f", at {other.shape[1]:,} × {other.shape[0]:,} pixels instead of {one.shape[1]:,} × {one.shape[0]:,}"
    )
    if decision.likeness is Likeness.SAME_PICTURE:
        return f"shows the same picture{sized}"
    if decision.likeness is Likeness.OTHER_RENDERING:
        return f"shows the same content, drawn in another way{sized}"
    if decision.likeness is Likeness.UNSURE:
        return f"may differ {where}; this was not decided and counts as different, so look at both pictures"
    return f"differs {where}"


def _said(decision: Decision) -> str:
    """Return what the words say in both pictures where they differ most, empty where they could not be read."""
    found = next((one for one in decision.found if one.what == "words" and (one.before or one.after)), None)
    return f", first: {became(Change('', found.before, found.after))}" if found else ""


def _marked(published: Pixels, places: tuple[Place, ...]) -> bytes:
    """Return the published picture in pale grey with the places framed in red, as PNG."""
    grey = Image.fromarray(published).convert("L")
    pale = grey.point([255 - round((255 - value) * 0.45) for value in range(256)]).convert("RGB")
    pen = ImageDraw.Draw(pale)
    thick = max(1, round(max(pale.size) / 400))
    for place in places:
        box = (
            place.left - 2 * thick,
            place.top - 2 * thick,
            place.left + place.width + 2 * thick - 1,
            place.top + place.height + 2 * thick - 1,
        )
        pen.rectangle(box, outline=_RED, width=thick)
    kept = io.BytesIO()
    pale.save(kept, "PNG", compress_level=3)
    return kept.getvalue()
