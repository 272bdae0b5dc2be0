"""Reads what the outputs of a notebook's cells show: every form of it, for a viewer may take any of them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from erc.workers.checker.domain.document import Document, Figure, read_document
from erc.workers.checker.domain.page_parts import steady
from erc.workers.checker.domain.shown_tables import MARKER, ShownTable
from erc.workers.checker.domain.tabular.printed import printed_tables
from erc.workers.checker.domain.tokens import tidy
from erc.workers.checker.domain.volatile import whole_rule
from erc.workers.checker.domain.widgets import VIEW, Widgets

_PLAIN = "text/plain"
_WORDS = ("text/markdown", "text/latex", "text/x-")
_DATA = re.compile(r"application/(?:[\w.-]{1,100}\+)?json")


def show(output: Mapping[str, Any], shown: Document, heading: str, widgets: Widgets) -> None:
    """Add what an output shows to a document; figures get the heading. Raises AttributeError for what is no output."""
    kind, data = output.get("output_type"), output.get("data") or {}
    if kind == "stream":
        print_lines(text_of(output.get("text", "")), shown)
    elif kind == "error":
        shown.passages.append(f"{output.get('ename', '')}: {output.get('evalue', '')}")
    elif _is_progress(data):
        print_lines(text_of(data[_PLAIN]), shown)
    else:
        data = widgets.resolved(data)
        forms = {media: value for media, value in data.items() if media != _PLAIN} or data
        for media, value in sorted(forms.items()):
            _form(media.lower())(media, value, shown, heading)


def _is_progress(data: Mapping[str, Any]) -> bool:
    """Return whether an output is a progress bar, whose widget has another name in every run."""
    plain = tidy(text_of(data.get(_PLAIN, "")))
    return set(data) == {VIEW, _PLAIN} and bool(whole_rule(plain, in_title=False))


def _form(media: str) -> Callable[[str, Any, Document, str], None]:
    if media.startswith("image/"):
        return _picture
    if media == "text/html":
        return _page
    if media == _PLAIN or media.startswith(_WORDS):
        return _lines
    return _values if _DATA.fullmatch(media) and media != VIEW else _unread


def _picture(media: str, value: Any, shown: Document, heading: str) -> None:
    content = text_of(value)
    if media == "image/svg+xml":
        shown.figures.append(Figure(drawn=content, heading=heading))
    else:
        shown.figures.append(Figure(f"data:{media};base64,{_plain_base64(content)}", heading=heading))


def _page(media: str, value: Any, shown: Document, heading: str) -> None:
    content = text_of(value)
    inner = read_document(content.encode("utf-8", "replace"))
    shown.passages += inner.passages
    shown.figures += inner.figures
    shown.tables += inner.tables
    shown.unread += inner.unread
    if not inner.shows and not inner.unread:
        _unread(media, content, shown, heading)


def _lines(media: str, value: Any, shown: Document, heading: str) -> None:
    del media, heading
    print_lines(text_of(value), shown)


def _values(media: str, value: Any, shown: Document, heading: str) -> None:
    del media
    shown.figures.append(Figure(drawn=json.dumps(value, sort_keys=True), heading=heading, widget=True))


def _unread(media: str, value: Any, shown: Document, heading: str) -> None:
    del heading
    kept = text_of(value) if isinstance(value, str | list) else json.dumps(value, sort_keys=True)
    shown.unread.append(f"{media}\n{steady(kept)}")


def _plain_base64(content: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(content)).decode()
    except (binascii.Error, ValueError):
        return "".join(content.split())


def print_lines(text: str, shown: Document) -> None:
    """Take printed lines in; tables among them are taken out as such."""
    lines = text.splitlines()
    at = 0
    for one in printed_tables(lines):
        shown.passages += [line for line in lines[at : one.start] if line.strip()]
        shown.passages.append(MARKER)
        shown.tables.append(ShownTable(one.table, printed=True))
        at = one.end
    shown.passages += [line for line in lines[at:] if line.strip()]


def text_of(value: Any) -> str:
    """Return a text that may be kept as the list of its lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
