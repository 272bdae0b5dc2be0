"""Compares two SVG drawings: words, then geometry where the shapes answer to each other, else as pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from erc.schemas.check import Likeness, Outcome
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number
from erc.workers.checker.domain.svg.canvas import Drawing, Shape
from erc.workers.checker.domain.svg.geometry import DrawingError
from erc.workers.checker.domain.svg.lettering import Words
from erc.workers.checker.domain.svg.moves import (
    NEAR,
    STILL,
    Paired,
    far_words,
    moved_together,
    pair_shapes,
    pair_words,
    strayed_words,
)
from erc.workers.checker.domain.svg.paint import embedded, one_to_one, same_palette
from erc.workers.checker.domain.svg.picture import rendered
from erc.workers.checker.domain.svg.reading import read_drawing
from erc.workers.checker.domain.svg.residue import first_unlike
from erc.workers.checker.domain.terms import PLAIN, Terms
from erc.workers.checker.domain.texts import became, compare_passages, excerpt
from erc.workers.checker.domain.vector import compare_as_text

MEDIA_TYPE = "image/svg+xml"
FEW = 0.5
"""When no more than this share of the shapes and still words moved, they moved against the others: content."""
_ODD = 0.2
"""When no more than this share of the shapes has no counterpart, the others are held against each other."""


def compare_drawings(published: bytes, reproduced: bytes, budget: PixelBudget, terms: Terms = PLAIN) -> Compared | None:
    """Compare two SVG files; one that cannot be read is compared as text. None when one is no text either."""
    try:
        a, b = read_drawing(published), read_drawing(reproduced)
    except DrawingError:
        return compare_as_text(published, reproduced)
    found = _Comparison(a, b, budget, terms).decide()
    return replace(found, original=published, reproduced=reproduced, media_type=MEDIA_TYPE)


@dataclass
class _Comparison:
    a: Drawing
    b: Drawing
    budget: PixelBudget
    terms: Terms
    paired: Paired = field(init=False)
    words: Compared = field(init=False)
    lettered: list[tuple[Words, Words]] = field(init=False)
    """Words that answer to each other; empty where they do not."""

    def __post_init__(self) -> None:
        self.paired = pair_shapes(self.a.shapes, self.b.shapes)
        self.lettered = pair_words(self.a.words, self.b.words)
        self.words = self._words()

    def decide(self) -> Compared:
        """Return how the drawings came out, without their bytes."""
        exact = self._geometry()
        if not self.words.agrees:
            return self._worded(exact)
        found = self._seen() if exact is None else exact
        if found.agrees:
            found = embedded(self.a, self.b, self.budget) or self._unread() or found
        return self._listed(found)

    def _unread(self) -> Compared | None:
        """Say what differs of that which is not understood, None when it is the same."""
        if self.a.unread == self.b.unread:
            return None
        finding = (
            "agrees in its shapes and words, but could not be compared in full: "
            f"“{excerpt(first_unlike(self.a.unread, self.b.unread))}” is not read, and is not the same in both"
        )
        return Compared("image", Outcome.UNCOMPARED, finding, 1.0)

    @property
    def _total(self) -> int:
        return max(len(self.a.shapes), len(self.b.shapes))

    def _words(self) -> Compared:
        texts = [one.text for one in self.a.words], [one.text for one in self.b.words]
        if Counter(texts[0]) == Counter(texts[1]) and texts[0] != texts[1]:
            return Compared("text", Outcome.EQUIVALENT, "holds the same words in another order")
        return compare_passages(*texts, "label", self.terms.tolerance, self.terms.ignore_lines)

    def _worded(self, exact: Compared | None) -> Compared:
        changes = tuple(replace(one, place="words") for one in self.words.changes)
        also = f", and it {exact.finding}" if exact is not None and not exact.agrees else ""
        count = number(self.words.changed, "place")
        finding = f"differs in its words at {count}, first: {became(self.words.changes[0])}{also}"
        more = exact.changes if exact is not None else ()
        return Compared(
            "image",
            Outcome.DIFFERENT,
            finding,
            max(self.words.measure, exact.measure if exact is not None else 0.0),
            changes=(*changes, *more)[:CHANGES_KEPT],
            changed=self.words.changed + (exact.changed if exact is not None else 0),
            ignored=self.words.ignored,
            ignored_count=self.words.ignored_count,
            likeness=Likeness.DIFFERENT,
            confidence=1.0,
        )

    def _listed(self, found: Compared) -> Compared:
        return replace(found, ignored=self.words.ignored, ignored_count=self.words.ignored_count)

    def _geometry(self) -> Compared | None:
        """Judge by the shapes where they answer to each other; None when only a look can tell."""
        odd = len(self.paired.missing) + len(self.paired.new)
        moved = self.paired.moved(STILL * self.a.diagonal)
        if odd:
            few = odd <= max(2, _ODD * self._total) and self.paired.pairs
            return self._with_odd(odd) if few and not moved and not self._look_alike() else None
        if not moved:
            return self._still()
        if moved_together(self.a, self.b, self.paired):
            return self._coloured(scaled=True) or _alike("shows the same drawing at another size or place")
        still = 0 if far_words(self.lettered, 10 * STILL * self.a.diagonal) else len(self.lettered)
        if len(moved) > FEW * (len(self.paired.pairs) + still):
            return None
        changes = tuple(_move(*one) for one in moved[:CHANGES_KEPT])
        first = changes[0]
        finding = (
            f"differs in {len(moved):,} of {number(self._total, 'shape')}, first: {first.place} {first.reproduced}"
        )
        return self._different(finding, changes, len(moved))

    def _still(self) -> Compared | None:
        """Judge drawings whose shapes all stand where they stood: their colours, and where their words stand."""
        if not self._same_canvas():
            return None
        coloured = self._coloured(scaled=False)
        if coloured is not None and not coloured.agrees:
            return coloured
        far = far_words(self.lettered, NEAR * self.a.diagonal)
        if far:
            return self._elsewhere(far)
        if any(one.font != other.font for one, other in self.lettered) or far_words(
            self.lettered, 10 * STILL * self.a.diagonal
        ):
            return coloured or _redrawn("with words in another font or at another place")
        return coloured or _alike("shows the same drawing")

    def _same_canvas(self) -> bool:
        a, b = ((one.left, one.top, one.width, one.height) for one in (self.a, self.b))
        return all(abs(x - y) <= STILL * self.a.diagonal for x, y in zip(a, b, strict=True))

    def _coloured(self, *, scaled: bool) -> Compared | None:
        """Judge how shapes and words are painted, None when as before; `scaled` lines have other widths."""
        restyled = self.paired.restyled(scaled=scaled)
        words = [(x, y) for x, y in self.lettered if x.looks != y.looks]
        if restyled and not one_to_one(restyled, self.paired.pairs):
            changes = tuple(Change(_name(one), _said(one), _said(other)) for one, other in restyled[:CHANGES_KEPT])
            finding = (
                f"differs in the colour or stroke of {len(restyled):,} of {number(self._total, 'shape')}, "
                f"first: {changes[0].place} ({became(changes[0])})"
            )
            return self._different(finding, changes, len(restyled))
        if words and not same_palette(self.paired.pairs, self.lettered):
            changes = tuple(Change(x.text, _painted(x.looks), _painted(y.looks)) for x, y in words[:CHANGES_KEPT])
            finding = f"has {number(len(words), 'label')} in another colour, first “{words[0][0].text}”"
            return self._different(finding, changes, len(words))
        return _redrawn("in other colours or strokes") if restyled or words else None

    def _elsewhere(self, far: Sequence[tuple[Words, Words]]) -> Compared:
        changes = tuple(Change("words", x.text, f"{x.text}, elsewhere") for x, _ in far[:CHANGES_KEPT])
        finding = f"has {number(len(far), 'label')} at another place, first “{far[0][0].text}”"
        return self._different(finding, changes, len(far))

    def _with_odd(self, odd: int) -> Compared:
        lost, new = self.paired.missing, self.paired.new
        changes = (
            *(Change(_name(one), _name(one), "") for one in lost[:CHANGES_KEPT]),
            *(Change(_name(one), "", _name(one)) for one in new[:CHANGES_KEPT]),
        )[:CHANGES_KEPT]
        if lost and new:
            finding = f"differs in the form of {number(max(len(lost), len(new)), 'shape')}, first {_name(lost[0])}"
        elif lost:
            finding = f"lacks {number(len(lost), 'shape')}, first {_name(lost[0])}"
        else:
            finding = f"has {number(len(new), 'new shape')}, first {_name(new[0])}"
        return self._different(finding, changes, odd)

    def _different(self, finding: str, changes: tuple[Change, ...], changed: int) -> Compared:
        return Compared(
            "image",
            Outcome.DIFFERENT,
            finding,
            min(1.0, changed / max(1, self._total)),
            changes=changes,
            changed=changed,
            likeness=Likeness.DIFFERENT,
            confidence=1.0,
        )

    def _look_alike(self) -> bool:
        """Return whether both give the same picture, dot by dot."""
        try:
            alike = _undrawn(self.a.shapes) == _undrawn(self.b.shapes)
            return alike and rendered(self.a) == rendered(self.b)
        except DrawingError:
            return False

    def _seen(self) -> Compared:
        """Judge by the pictures, without words, which were found equal."""
        try:
            pictures = rendered(self.a), rendered(self.b)
        except DrawingError as error:
            finding = f"is drawn in another way, and could not be compared as a picture: {error}"
            return Compared("image", Outcome.UNCOMPARED, finding, 1.0)
        strayed = strayed_words(self.a, self.b, self.lettered)
        if strayed:
            return self._elsewhere(strayed)
        found = _alike("shows the same picture")
        if pictures[0] != pictures[1]:
            found = replace(compare_images(*pictures, self.budget), places=())
        if found.agrees and _undrawn(self.a.shapes) != _undrawn(self.b.shapes):
            finding = "is drawn in another way, with other clips, gradients or patterns, which could not be compared"
            return Compared("image", Outcome.UNCOMPARED, finding, 1.0)
        return found


def _undrawn(shapes: Sequence[Shape]) -> set[tuple[str, ...]]:
    """Return what shapes refer to and a picture of them does not show."""
    return {(one.worn, *(look for look in one.looks[:2] if look != "none" and look[:1] != "#")) for one in shapes}


def _redrawn(how: str) -> Compared:
    return Compared(
        "image",
        Outcome.OTHER_RENDERING,
        f"shows the same drawing, {how}",
        likeness=Likeness.OTHER_RENDERING,
        confidence=1.0,
    )


def _alike(finding: str) -> Compared:
    return Compared("image", Outcome.EQUIVALENT, finding, likeness=Likeness.SAME_PICTURE, confidence=1.0)


def _name(shape: Shape) -> str:
    if not shape.points:
        return f"the part “{shape.kind[:40]}”"
    # of a circle the two ends of its arcs; what stands between them are its radii
    places = shape.points[:4:3] if shape.kind == "circle" else shape.points
    xs, ys = [x for x, _ in places], [y for _, y in places]
    return f"the {shape.kind} at ({_short((min(xs) + max(xs)) / 2)}, {_short((min(ys) + max(ys)) / 2)})"


def _move(one: Shape, other: Shape, distance: float) -> Change:
    return Change(_name(one), _name(one), f"moved by {_short(distance)}, to {_name(other).partition(' at ')[2]}")


def _said(shape: Shape) -> str:
    return _painted(shape.looks) + (f" ({shape.worn[:6]})" if shape.worn else "")


def _painted(looks: Sequence[str]) -> str:
    fill, stroke, width = looks[:3]
    parts = [f"fill {fill}"] if fill != "none" else []
    parts += [f"stroke {stroke} {width}".rstrip()] if stroke != "none" else []
    opacity = f"opacity {looks[6]}" if looks[6] != "1" else ""
    return ", ".join(filter(None, (*parts, opacity))) or "as it is"


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
