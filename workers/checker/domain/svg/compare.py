"""Compares two SVG drawings: words, then geometry where the shapes answer to each other, else as pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from erc.schemas.check import Likeness, Outcome
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared, number
from erc.workers.checker.domain.svg.geometry import DrawingError
from erc.workers.checker.domain.svg.moves import NEAR, STILL, Paired, far_words, moved_together, pair_shapes
from erc.workers.checker.domain.svg.picture import rendered
from erc.workers.checker.domain.svg.reading import Drawing, Shape, Words, read_drawing
from erc.workers.checker.domain.terms import PLAIN, Terms
from erc.workers.checker.domain.texts import became, compare_passages
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

    def __post_init__(self) -> None:
        self.paired = pair_shapes(self.a.shapes, self.b.shapes)
        self.words = self._words()

    def decide(self) -> Compared:
        """Return how the drawings came out, without their bytes."""
        exact = self._geometry()
        if not self.words.agrees:
            return self._worded(exact)
        if exact is not None:
            return self._listed(exact)
        return self._listed(self._seen())

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
            return _alike("shows the same drawing at another size or place")
        still = len(self.a.words) if self._far_words(10 * STILL) == [] else 0
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
        restyled = self.paired.restyled()
        if restyled and not _one_to_one(restyled, self.paired.pairs):
            changes = tuple(Change(_name(one), _said(one), _said(other)) for one, other in restyled[:CHANGES_KEPT])
            finding = (
                f"differs in the colour or stroke of {len(restyled):,} of {number(self._total, 'shape')}, "
                f"first: {changes[0].place} ({became(changes[0])})"
            )
            return self._different(finding, changes, len(restyled))
        far = self._far_words(NEAR)
        if far is None:
            return None
        if far:
            changes = tuple(Change("words", x.text, f"{x.text}, elsewhere") for x, _ in far[:CHANGES_KEPT])
            finding = f"has {number(len(far), 'label')} at another place, first “{far[0][0].text}”"
            return self._different(finding, changes, len(far))
        fonts = [one.font for one in self.a.words] != [one.font for one in self.b.words]
        if restyled or fonts or self._far_words(10 * STILL):
            said = "in other colours or strokes" if restyled else "with words in another font or at another place"
            return Compared(
                "image",
                Outcome.OTHER_RENDERING,
                f"shows the same drawing, {said}",
                likeness=Likeness.OTHER_RENDERING,
                confidence=1.0,
            )
        return _alike("shows the same drawing")

    def _far_words(self, share: float) -> list[tuple[Words, Words]] | None:
        if [one.text for one in self.a.words] != [one.text for one in self.b.words]:
            # the same words in another order, or written in another way: by place, then
            return None if len(self.a.words) == len(self.b.words) else []
        return list(far_words(self.a.words, self.b.words, share * self.a.diagonal))

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
            return rendered(self.a) == rendered(self.b)
        except DrawingError:
            return False

    def _seen(self) -> Compared:
        """Judge by the pictures, without words, which were found equal."""
        try:
            pictures = rendered(self.a), rendered(self.b)
        except DrawingError as error:
            finding = f"is drawn in another way, and could not be compared as a picture: {error}"
            return Compared("image", Outcome.UNCOMPARED, finding, 1.0)
        if pictures[0] == pictures[1]:
            return _alike("shows the same picture")
        return replace(compare_images(*pictures, self.budget), places=())


def _alike(finding: str) -> Compared:
    return Compared("image", Outcome.EQUIVALENT, finding, likeness=Likeness.SAME_PICTURE, confidence=1.0)


def _one_to_one(restyled: Sequence[tuple[Shape, Shape]], pairs: Sequence[tuple[Shape, Shape]]) -> bool:
    """Return whether each look became one other look, everywhere, and no two became one: another palette or theme."""
    if any(one.worn != other.worn for one, other in restyled):
        return False
    forth: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    back: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for one, other in pairs:
        forth.setdefault(one.looks, set()).add(other.looks)
        back.setdefault(other.looks, set()).add(one.looks)
    single = all(len(found) == 1 for found in (*forth.values(), *back.values()))
    counts = Counter(one.looks for one, _ in restyled)
    return single and len(restyled) > 2 and min(counts.values()) > 1


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
    fill, stroke, width, *_ = shape.looks
    parts = [f"fill {fill}"] if fill != "none" else []
    parts += [f"stroke {stroke} {width}".rstrip()] if stroke != "none" else []
    return ", ".join(parts) + (f" ({shape.worn[:6]})" if shape.worn else "")


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
