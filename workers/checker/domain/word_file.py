"""Reads Word documents (.docx): their paragraphs and tables, in order."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from erc.schemas.check import Outcome
from erc.workers.checker.domain.document import Document
from erc.workers.checker.domain.documents import folded, text_and_tables
from erc.workers.checker.domain.page_parts import raised
from erc.workers.checker.domain.result import Compared, Named
from erc.workers.checker.domain.shown_tables import MARKER, MOST_TABLES, ShownTable
from erc.workers.checker.domain.tabular.table import with_header
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import excerpt
from erc.workers.checker.domain.zipped import Zipped, ZippedError

_MAIN, _PICTURES, _NOTES = "word/document.xml", "word/media/", ("word/footnotes.xml", "word/endnotes.xml")
_FORMATTING = re.compile(
    r"docProps/|_rels/|\[Content_Types\]|word/(?:theme/|styles|settings|webSettings|fontTable|stylesWithEffects)"
)
"""Members that hold how a document looks and when it was made; `word/_rels/` says where pictures are, and counts."""
_MATHS_NS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MATHS_PARTS = {
    f"{_MATHS_NS}{name}": name for name in ("f", "den", "rad", "sSup", "sSub", "sSubSup", "sup", "sub", "nary", "bar")
}
"""How the parts of a formula stand to each other, which counts as words do."""
_MATHS = f"{_MATHS_NS}t"
_EMBEDDED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_NS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAKS = {f"{_NS}tab": " ", f"{_NS}br": " ", f"{_NS}noBreakHyphen": "-"}


def is_word_file(content: bytes) -> bool:
    """Return whether bytes are a Word document."""
    return content.startswith(b"PK\x03\x04") and _MAIN.encode() in content


def compare_word_files(published: bytes, reproduced: bytes, terms: Terms) -> Compared:
    """Compare the text and the tables of two Word documents; pictures in them only by their bytes.

    Other parts that differ (headers, footers, charts, comments) are not compared, and said to be so.
    """
    try:
        theirs, ours = read_word_file(published), read_word_file(reproduced)
        unlike = _unlike(published, reproduced)
    except ZippedError as error:
        return Compared("text", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0, published, reproduced)
    rows = text_and_tables(theirs, ours, terms)
    if unlike is None:
        rows.append(Named("A picture", "A picture", Compared("image", Outcome.DIFFERENT, "is not the same", 1.0)))
    found = folded(rows, published, reproduced)
    if unlike and found.agrees:
        finding = f"agrees in its text, but its part “{excerpt(unlike[0])}” is not the same, and is not read"
        return Compared("text", Outcome.UNCOMPARED, finding, 1.0, published, reproduced)
    return found


def _unlike(published: bytes, reproduced: bytes) -> list[str] | None:
    """Return the parts that differ and are not read, None when a picture differs or stands elsewhere."""
    theirs, ours = Zipped(published), Zipped(reproduced)
    names = theirs.unlike(ours)
    if any(name.startswith(_PICTURES) for name in names) or _embedded(theirs) != _embedded(ours):
        return None
    return [name for name in names if name != _MAIN and name not in _NOTES and not _FORMATTING.match(name)]


def _embedded(held: Zipped) -> list[str]:
    """Return the keys of the pictures in the order of the text."""
    body = _parsed(held.read(_MAIN) or b"")
    return [element.get(_EMBEDDED) for element in body.iter() if element.get(_EMBEDDED)]


def read_word_file(content: bytes) -> Document:
    """Return what a reader sees of a Word document, its notes last; raises ZippedError."""
    held, document = Zipped(content), Document()
    main = held.read(_MAIN)
    if main is None:
        raise ZippedError("it is no Word document")
    body = _parsed(main).find(f"{_NS}body")
    for element in body if body is not None else ():
        if element.tag == f"{_NS}tbl" and len(document.tables) < MOST_TABLES:
            document.tables.append(_table(element))
            document.passages.append(MARKER)
        else:
            document.passages += [text for text in map(_words, element.iter(f"{_NS}p")) if text]
    for name in _NOTES:
        notes = held.read(name)
        if notes is not None:
            document.passages += [text for text in map(_words, _parsed(notes).iter(f"{_NS}p")) if text]
    return document


def _parsed(content: bytes) -> Any:
    if b"<!ENTITY" in content:
        raise ZippedError("it declares entities, which are not read")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.LxmlError as error:
        raise ZippedError("its text cannot be read") from error


def _table(element: Any) -> ShownTable:
    rows = [[_words(cell) for cell in row.findall(f"{_NS}tc")] for row in element.iter(f"{_NS}tr")]
    return ShownTable(with_header(rows))


def _apart(text: Any, before: str) -> str:
    """Return what shows that a run is raised, lowered or struck out."""
    looks = text.getparent().find(f"{_NS}rPr") if text.tag == f"{_NS}t" else None
    if looks is None:
        return ""
    struck = "~~" if looks.find(f"{_NS}strike") is not None else ""
    moved = looks.find(f"{_NS}vertAlign")
    shifted = moved is not None and moved.get(f"{_NS}val") in {"superscript", "subscript"}
    return struck + (raised(before, text.text or "") if shifted else "")


def _words(element: Any) -> str:
    parts: list[str] = []
    for part in element.iter():
        if part.tag in {f"{_NS}t", _MATHS}:
            parts += [_apart(part, "".join(parts[-1:])), part.text or ""]
        elif part.tag == f"{_NS}sym":
            parts.append(f" sign {part.get(f'{_NS}font')} {part.get(f'{_NS}char')} ")
        elif part.tag in _MATHS_PARTS:
            parts.append(f" {_MATHS_PARTS[part.tag]} ")
        elif part.tag in _BREAKS:
            parts.append(_BREAKS[part.tag])
        elif part.tag == f"{_NS}p" and parts:
            parts.append(" ")
    return " ".join("".join(parts).split())
