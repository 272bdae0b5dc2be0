"""The report of a check as a page of its own: no script, nothing fetched, every text of users escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from erc.schemas.check import Verdict
from erc.workers.checker.domain.result import Change, Compared, Named
from erc.workers.checker.domain.style import STYLE

PICTURES_BYTES = 16 << 20
"""How many bytes of pictures one page may hold."""

_HEADLINES = {
    Verdict.REPRODUCED: "Reproduced",
    Verdict.RENDERED_DIFFERENTLY: "Reproduced, rendered differently",
    Verdict.DIFFERS: "Differs",
    Verdict.FAILED: "Failed",
    Verdict.NOT_COMPARABLE: "Not comparable",
    Verdict.CANCELLED: "Cancelled",
}
_WORDS = 400
_PASSAGE = 4000
_CHANGES_BYTES = 2 << 20
_IGNORED, _RAW = 50, 300

_PAGE = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{headline}: {display}</title>
<style>{style}</style>
</head>
<body>
<main>
<header class="{verdict}">
<p class="about">Check of <strong>{display}</strong></p>
<h1>{headline}</h1>
<p class="reason">{reason}</p>
</header>
{sections}</main>
</body>
</html>
""")
_SECTION = Markup("""<section class="{outcome}" aria-labelledby="c{number}">
<h2 id="c{number}">{name} <span class="outcome">{word}</span></h2>
{finding}{details}</section>
""")
_PICTURE = Markup('<figure><figcaption>{caption}</figcaption><img src="{source}" alt="{alt}"></figure>\n')
_NOTE = Markup('<p class="note">{}</p>\n')
_ROW = Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>\n')
_TABLE = Markup(
    '<div class="scroll"><table>\n<thead><tr><th scope="col">Where</th><th scope="col">Published</th>'
    '<th scope="col">This run</th></tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n'
)
_IGNORED_ROW = Markup("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n")
_IGNORED_TABLE = Markup(
    "<details><summary>Differs and does not count: {}</summary>\n"
    '<div class="scroll"><table>\n<thead><tr><th scope="col">Why</th><th scope="col">Published</th>'
    '<th scope="col">This run</th></tr></thead>\n<tbody>\n{}</tbody>\n</table></div></details>\n'
)


def page(verdict: Verdict, reason: str, display: str, rows: Sequence[Named], notes: Sequence[str] = ()) -> bytes:
    """Return the page as UTF-8: the verdict, then a section for each comparison, then the notes."""
    room = _Room()
    sections = Markup("").join(_section(number, row, room) for number, row in enumerate(rows, 1))
    return _PAGE.format(
        headline=_HEADLINES[verdict],
        verdict="reproduced" if verdict.well else verdict.value.replace(" ", "-"),
        reason=reason,
        display=display,
        style=STYLE,
        sections=sections + Markup("").join(map(_NOTE.format, notes)),
    ).encode("utf-8", "replace")


class _Room:
    """How much the page may still hold."""

    def __init__(self) -> None:
        self._pictures, self._changes = PICTURES_BYTES, _CHANGES_BYTES

    def pictures(self, size_bytes: int) -> bool:
        fits = size_bytes <= self._pictures
        self._pictures -= size_bytes if fits else 0
        return fits

    def change(self, change: Change) -> bool:
        self._changes -= min(_PASSAGE, len(change.published)) + min(_PASSAGE, len(change.reproduced))
        return self._changes >= 0


def _section(number: int, row: Named, room: _Room) -> Markup:
    one = row.compared
    finding = Markup("<p>{}</p>\n").format(row.sentence) if row.sentence else Markup("")
    return _SECTION.format(
        outcome=one.outcome.value.replace(" ", "-"),
        number=number,
        name=row.name,
        word=one.outcome.word,
        finding=finding,
        details=Markup("").join([_pictures(row, room), _changes(one, room), _ignored(one, room)]),
    )


def _pictures(row: Named, room: _Room) -> Markup:
    one = row.compared
    if not one.media_type:
        return Markup("")
    sides = list(_sides(one))
    if not room.pictures(sum(len(content) for _, content, _ in sides)):
        return _NOTE.format("The pictures are too large to be shown on this page.")
    shown = (
        _PICTURE.format(caption=caption, source=_data_uri(content, media), alt=f"{row.name}, {caption.lower()}")
        for caption, content, media in sides
    )
    return Markup('<div class="pictures">\n{}</div>\n').format(Markup("").join(shown))


def _sides(one: Compared) -> Iterator[tuple[str, bytes, str]]:
    if one.original is not None and one.original == one.reproduced:
        yield "Published and this run", one.original, one.media_type
        return
    if one.original is not None:
        yield "Published", one.original, one.media_type
    if one.reproduced is not None:
        yield "This run", one.reproduced, one.media_type
    if one.difference is not None:
        yield "Difference, in red", one.difference, "image/png"


def _data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _changes(one: Compared, room: _Room) -> Markup:
    shown = [change for change in one.changes if room.change(change)]
    if not shown:
        return Markup("")
    listed = _cells(shown) if one.kind in {"table", "data"} else _passages(shown)
    left = one.changed - len(shown)
    return listed + (_NOTE.format(f"{left:,} further differences are not shown.") if left > 0 else Markup(""))


def _ignored(one: Compared, room: _Room) -> Markup:
    """List what differs and does not count, with its rule; folded until somebody wants to see it."""
    shown = [change for change in one.ignored[:_IGNORED] if room.change(change)]
    if not shown:
        return Markup("")
    rows = Markup("").join(
        _IGNORED_ROW.format(change.rule, change.published[:_RAW], change.reproduced[:_RAW]) for change in shown
    )
    return _IGNORED_TABLE.format(f"{max(one.ignored_count, len(one.ignored)):,}", rows)


def _cells(changes: Sequence[Change]) -> Markup:
    rows = (_ROW.format(one.place, one.published[:_PASSAGE], one.reproduced[:_PASSAGE]) for one in changes)
    return _TABLE.format(Markup("").join(rows))


def _passages(changes: Sequence[Change]) -> Markup:
    key = Markup('<p class="note">Published: <del>struck out</del>. This run: <ins>underlined</ins>.</p>\n')
    items = (Markup("<li>{}{}</li>\n").format(_place(one), _marked(one)) for one in changes)
    return key + Markup('<ol class="changes">\n{}</ol>\n').format(Markup("").join(items))


def _place(change: Change) -> Markup:
    return Markup('<span class="place">{}</span> ').format(change.place) if change.place else Markup("")


def _marked(change: Change) -> Markup:
    """Mark the words that differ; a long passage is marked as a whole."""
    published, reproduced = _clipped(change.published).split(" "), _clipped(change.reproduced).split(" ")
    if max(len(published), len(reproduced)) > _WORDS or not (change.published and change.reproduced):
        return _both(" ".join(published), " ".join(reproduced))
    pieces = []
    for tag, i, j, k, m in SequenceMatcher(None, published, reproduced, autojunk=False).get_opcodes():
        before, after = " ".join(published[i:j]), " ".join(reproduced[k:m])
        pieces.append(escape(before) if tag == "equal" else _both(before, after))
    return Markup(" ").join(pieces)


def _both(published: str, reproduced: str) -> Markup:
    removed = Markup("<del>{}</del>").format(published) if published else Markup("")
    added = Markup("<ins>{}</ins>").format(reproduced) if reproduced else Markup("")
    return removed + (" " if published and reproduced else "") + added


def _clipped(text: str) -> str:
    return text if len(text) <= _PASSAGE else text[:_PASSAGE] + "…"
