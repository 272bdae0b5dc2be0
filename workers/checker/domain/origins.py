"""Finds the chunk or cell that made a compared thing; says nothing rather than something that may be wrong. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from erc.schemas.check import Origin

MAIN_BYTES = 8 << 20
"""The largest main file that is looked into."""
MOST_CHUNKS = 2_000
_SHORTEST = 12
"""How many letters and digits a caption must have to be looked for."""

_OPENS = re.compile(r"[ \t>]{0,20}(`{3,9}|~{3,9})[ \t]{0,9}\{[ \t]{0,9}([A-Za-z]\w{0,20})([^\n]{0,2000})\}[ \t\r]{0,9}")
_LABEL = re.compile(r"[ \t,]{0,9}([\w.-]{1,100})[ \t]{0,9}(?:,|$)")
_LABEL_OPTION = re.compile(r"^#\|[ \t]{0,9}label:[ \t]{0,9}([\w.-]{1,100})", re.MULTILINE)
_DRAWN_AS = re.compile(r"([\w.-]{1,100})-\d{1,4}\.\w{2,4}")
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Trace:
    """What a display says about where a figure or table of it comes from, or the path of a file."""

    caption: str = ""
    source: str = ""
    """The address under which a picture is linked, or the path of a file that the run made."""
    cell: int = 0
    """The cell of a notebook that it stands behind, from 1."""


NOWHERE = Trace()


@dataclass(frozen=True)
class _Chunk:
    line: int
    label: str
    text: str
    squeezed: str


class Origins:
    """The chunks or cells of a main file; `cells` is how many cells the display shows, when it is a notebook's."""

    def __init__(self, path: str, content: bytes, cells: int = 0) -> None:
        self._path = path
        text = content.decode("utf-8", "replace") if len(content) <= MAIN_BYTES else ""
        name = path.lower()
        self._cells = _sources(text) if name.endswith(".ipynb") else []
        self._numbered = cells in {0, len(self._cells)}
        chunks = _chunks(text) if name.endswith((".rmd", ".qmd")) else iter(())
        self._chunks = [chunk for chunk, _ in zip(chunks, range(MOST_CHUNKS), strict=False)]
        self._lines = text.splitlines() if name.endswith((".r", ".py")) else []

    def of(self, trace: Trace) -> Origin | None:
        """Return what made a thing, None when it is not certain."""
        if trace.cell:
            certain = self._numbered and trace.cell <= len(self._cells)
            return Origin(path=self._path, cell=trace.cell) if certain else None
        return self._captioned(trace.caption) or self._named(trace.source)

    def _captioned(self, caption: str) -> Origin | None:
        wanted = _squeezed(caption)
        if len(wanted) < _SHORTEST:
            return None
        return self._only([one for one in self._chunks if wanted in one.squeezed])

    def _named(self, source: str) -> Origin | None:
        if not source or source.startswith("data:"):
            return None
        name = source.rpartition("/")[2]
        drawn = _DRAWN_AS.fullmatch(name)
        labelled = [one for one in self._chunks if drawn and one.label == drawn[1]]
        if labelled:
            return self._only(labelled)
        cells = [number for number, text in enumerate(self._cells, 1) if name in text]
        if len(cells) == 1:
            return Origin(path=self._path, cell=cells[0])
        lines = [number for number, text in enumerate(self._lines, 1) if name in text]
        if len(lines) == 1:
            return Origin(path=self._path, line=lines[0])
        return self._only([one for one in self._chunks if name in one.text])

    def _only(self, found: Sequence[_Chunk]) -> Origin | None:
        if len(found) != 1:
            return None
        return Origin(path=self._path, line=found[0].line, label=found[0].label)


def _chunks(text: str) -> Iterator[_Chunk]:
    """Return the chunks of an R Markdown or Quarto document, with their lines from 1."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opened = _OPENS.fullmatch(lines[at][:2100])
        at += 1
        if not opened:
            continue
        start, fence = at, opened[1]
        while at < len(lines) and not lines[at].lstrip(" \t>").startswith(fence):
            at += 1
        body = "\n".join(lines[start:at])
        label = _LABEL_OPTION.search(body) or _LABEL.match(opened[3])
        whole = f"{opened[3]}\n{body}"
        yield _Chunk(start, label[1] if label else "", whole, _squeezed(whole))
        at += 1


def _sources(text: str) -> list[str]:
    """Return the source of every cell of a notebook; nothing when it cannot be read."""
    try:
        cells = json.loads(text)["cells"]
        kept = [cell.get("source", "") for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return ["".join(map(str, one)) if isinstance(one, list) else str(one) for one in kept]


def _squeezed(text: str) -> str:
    """Return the letters and digits of a text, so that quotes, blanks and markup do not matter."""
    return _SIGNS.sub("", text).lower()
