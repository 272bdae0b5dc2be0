"""Reads an HTML document the way a reader sees it: passages of text, and figures in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree  # type: ignore[import-untyped]

from erc.workers.checker.domain import page_parts
from erc.workers.checker.domain.html_bytes import as_utf8, start_tag
from erc.workers.checker.domain.shown_tables import MARKER, ShownTable, TableReader
from erc.workers.checker.domain.texts import excerpt
from erc.workers.checker.domain.tokens import tidy

MAX_DOCUMENT_BYTES = 32 << 20
"""The largest HTML document that is looked into."""

_UNSEEN = {"template", "title", "noscript", "noframes"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "button", "caption", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
    "legend", "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "ul",
}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_KEPT = {"script", "style"}
_MOST_FRAMES = 3
_SAYS_NOTHING = re.compile(
    r"no description has been provided.*|plot of chunk .*|.*\.(png|svg|jpe?g|gif)|image|picture|figure|plot|png|svg",
    re.IGNORECASE,
)
_OWN_NUMBER = re.compile(r"(?:figure|fig\.?)\s{1,3}([A-Z]?\d{1,3}(?:\.\d{1,3})?)\s{0,3}[:.)–-]?\s{0,3}", re.IGNORECASE)


@dataclass
class Figure:
    """A picture of a document: linked or embedded (`source`), or drawn in place (`drawn`, SVG or a widget's data)."""

    source: str = ""
    alt: str = ""
    caption: str = ""
    heading: str = ""
    drawn: str | None = None
    widget: bool = False
    cell: int = 0
    """The cell of a notebook that it stands behind, from 1."""

    def name(self, number: int) -> str:
        """Return what a reader would call it; `number` is its place among the document's figures, from 1."""
        alt = "" if _SAYS_NOTHING.fullmatch(self.alt) else self.alt
        label = excerpt(alt or self.caption or self.heading, 80).rstrip(".¶ ")
        own = _OWN_NUMBER.match(label)
        shown, label = (own[1], label[own.end() :]) if own else (str(number), label)
        return f"Figure {shown} ({label})" if label else f"Figure {shown}"


@dataclass
class Document:
    """What a reader sees."""

    passages: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[ShownTable] = field(default_factory=list)
    title: int = 0
    """How many of the first passages are the title block: its title, its authors, its date."""
    unread: list[str] = field(default_factory=list)
    """What may show something that a check does not see: scripts and their data, without generated names."""
    cells: int = 0
    """How many cells of a notebook the page shows."""

    @property
    def shows(self) -> bool:
        """Whether there is anything to be seen."""
        return bool(self.passages or self.figures)

    def unrolled(self) -> Document:
        """Return the same with its printed tables as passages, a line each."""
        if self.passages.count(MARKER) != len(self.tables):
            return self
        tables, passages = iter(self.tables), list[str]()
        for passage in self.passages:
            one = next(tables) if passage == MARKER else None
            if one is not None and one.printed:
                passages += [" ".join(" ".join(row).split()) for row in (one.table.columns, *one.table.rows)]
            else:
                passages.append(passage)
        return Document(
            passages, self.figures, [one for one in self.tables if not one.printed], self.title, self.unread
        )


def read_document(content: bytes, frame: int = 0) -> Document:
    """Read HTML of any quality; nesting may be as deep as it likes, nothing is fetched, no script is run.

    `frame` says in how many pages this one stands.
    """
    reader = _Reader(frame)
    parser = etree.HTMLParser(target=reader, encoding="utf-8", huge_tree=True)
    try:
        parser.feed(as_utf8(content))
        parser.close()
    except etree.LxmlError:  # an empty document, or one that ends where nothing may end
        reader.flush()
    return reader.document


@dataclass
class _Aside:
    """A part of the document that is no text: hidden, or kept as it stands when `pieces` is a list."""

    depth: int = 1
    pieces: list[str] | None = None
    figure: Figure | None = None
    tag: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Scope:
    """A `<figure>` that is being read: the place of its first picture, and its caption."""

    first: int
    caption: str = ""


class _Reader:
    """Takes the parser's events; builds no tree, so depth costs nothing."""

    def __init__(self, frame: int) -> None:
        self.document = Document()
        self._frame = frame
        self._title = page_parts.TitleBlock()
        self._text: list[str] = []
        self._aside: _Aside | None = None
        self._pre, self._raised = 0, False
        self._scopes: list[_Scope] = []
        self._captions: list[tuple[str, int, int]] = []
        self._heading, self._depth = "", 0
        self._last_figure_at = -9
        self._tables = TableReader(self.document.passages)
        self.document.tables = self._tables.tables

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._aside is not None:
            self._aside.depth += 1
            if self._aside.pieces is not None:
                self._aside.pieces.append(start_tag(tag, attributes))
        elif not self._set_aside(tag, attributes):
            self._open(tag, attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._aside is not None:
            self._aside.depth -= 1
            if self._aside.pieces is not None:
                self._aside.pieces.append(f"</{tag}>")
            if self._aside.depth == 0:
                self._leave_aside(self._aside)
            return
        if tag in _BLOCKS or self._captions:
            self._close(tag)

    def data(self, text: str) -> None:
        if self._aside is not None:
            if self._aside.pieces is not None:
                self._aside.pieces.append(text if self._aside.figure is None else escape(text))
        elif self._pre and "\n" in text:
            *lines, rest = text.split("\n")
            for line in lines:
                self._text.append(line)
                self.flush()
            self._text.append(rest)
        else:
            self._text.append(page_parts.raised("".join(self._text[-1:]), text) if self._raised else "")
            self._text.append(text)
            self._raised = False

    def comment(self, text: str) -> None:
        """Not seen by readers."""

    def close(self) -> None:
        self.flush()
        self._title.end(self._heading, self.document.passages)
        self.document.title = self._title.passages

    def flush(self) -> None:
        """End the passage that is being read."""
        text = "".join(self._text)
        passage = tidy(text)
        self._text.clear()
        if passage:
            self._title.read(passage, self._heading, self.document.passages)
            self.document.passages.append(passage)
        if self._pre:
            self._tables.line(text, kept=bool(passage))

    def _set_aside(self, tag: str, attributes: Mapping[str, str]) -> bool:
        if tag == "svg":
            self._aside = _Aside(pieces=[start_tag("svg", attributes)], figure=self._figure(attributes))
        elif tag in _KEPT:
            self._aside = _Aside(pieces=[], tag=tag, attributes=attributes)
        elif tag in _UNSEEN or "hidden" in attributes or page_parts.undisplayed(attributes.get("style", "")):
            self._aside = _Aside()
        return self._aside is not None

    def _leave_aside(self, aside: _Aside) -> None:
        self._aside = None
        kept = "".join(aside.pieces or ()).removesuffix(f"</{aside.tag}>")
        if aside.figure is not None:
            aside.figure.drawn = kept
        elif aside.tag == "style":
            self.document.unread += page_parts.style_pictures(kept)
        elif aside.tag == "script":
            self._script(aside.attributes, page_parts.script_text(aside.attributes, kept))

    def _script(self, attributes: Mapping[str, str], text: str) -> None:
        part = page_parts.script_part(attributes, text)
        if part is page_parts.Part.FIGURE:
            figure = self._figure({})
            figure.drawn, figure.widget = text, True
        elif part is page_parts.Part.FORMULA:
            self._text.append(f" {text} ")
        elif part is page_parts.Part.UNREAD:
            self.document.unread.append(page_parts.steady(text))

    def _embed(self, page: str) -> None:
        """Take in a page that stands in this one."""
        if self._frame >= _MOST_FRAMES:
            self.document.unread.append(page_parts.steady(page))
            return
        self.flush()
        inner = read_document(page.encode("utf-8", "replace"), self._frame + 1)
        self.document.passages += inner.passages
        self.document.figures += inner.figures
        self.document.tables += inner.tables
        self.document.unread += inner.unread

    def _open(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._title.opened(tag, attributes, self._heading, self.document.passages)
        self.document.cells = self._tables.cells = self.document.cells + page_parts.is_cell(attributes)
        if tag in _BLOCKS:
            self.flush()
            self._tables.open(tag, attributes, len(self.document.figures))
        self._pre += tag == "pre"
        if tag == "br":
            self._text.append(" ")
        if tag == "figure":
            self._scopes.append(_Scope(len(self.document.figures)))
        if tag == "figcaption" or (tag != "caption" and "caption" in attributes.get("class", "").split()):
            self.flush()
            self._captions.append((tag, self._depth, len(self.document.passages)))
        self._raised = tag in {"sup", "sub"}
        self.document.unread += page_parts.held_data(tag, attributes)
        if value := page_parts.shown_value(tag, attributes):
            self._text.append(f" {value} ")
        if tag == "iframe" and attributes.get("srcdoc", "").strip():
            self._embed(attributes["srcdoc"])
        else:
            for source in page_parts.sources(tag, attributes):
                self._figure(attributes, source)

    def _close(self, tag: str) -> None:
        if self._captions and self._captions[-1][1] == self._depth + 1:
            self.flush()
            _, _, since = self._captions.pop()
            self._caption(" ".join(self.document.passages[since : since + 5]))
        if tag in _BLOCKS:
            before = len(self.document.passages)
            self.flush()
            if tag in _HEADINGS and len(self.document.passages) > before:
                self._heading = self.document.passages[-1]
            self._tables.close(tag, self._heading, len(self.document.figures))
        self._pre = max(0, self._pre - (tag == "pre"))
        if tag == "figure" and self._scopes:
            scope = self._scopes.pop()
            _give(self.document.figures[scope.first :], scope.caption)

    def _figure(self, attributes: Mapping[str, str], source: str = "") -> Figure:
        alt = attributes.get("alt") or attributes.get("aria-label") or attributes.get("title") or ""
        figure = Figure(source.strip(), " ".join(alt.split()), heading=self._heading, cell=self.document.cells)
        self.document.figures.append(figure)
        self._title.end(self._heading, self.document.passages)
        self._last_figure_at = len(self.document.passages)
        return figure

    def _caption(self, text: str) -> None:
        """Keep a caption for the figures of its `<figure>`, else give it to the picture just before it."""
        if self._scopes:
            self._scopes[-1].caption = self._scopes[-1].caption or text
        elif len(self.document.passages) - self._last_figure_at <= 2:
            _give(self.document.figures[-1:], text)


def _give(figures: Sequence[Figure], caption: str) -> None:
    for figure in figures:
        figure.caption = figure.caption or caption
