"""The border between an author's bytes and our documents: decoding, cleaning, bounding."""

from __future__ import annotations

import codecs
import math
import re
from datetime import date
from typing import Any

MAX_TEXT = 100_000
"""Characters of one value; more is cut."""
MAX_NODES = 50_000
MAX_DEPTH = 64
_MAX_INTEGER = 2**53
_DROPPED = object()

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_FOOTNOTE = re.compile(r"\[\^[^\[\]]*\]|\^\[[^\[\]]*\]")
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_HEADING = re.compile(r"^#{1,6}[ \t]")


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of a file and the encoding that it was read with; UTF-8 unless the bytes say otherwise.

    A byte order mark is dropped. What is not UTF-8 is read as `latin-1`, which never fails.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def lines(text: str) -> list[str]:
    """Return the lines of a text; only line feeds and carriage returns end one, as in the languages we read."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text without NUL and lone surrogates, cut to `limit` characters."""
    return _SURROGATE.sub("\ufffd", text[:limit].replace("\0", ""))


def plain(text: str, limit: int = 2000) -> str:
    """Return one line of words: Markdown marks, HTML tags and footnotes are gone, blanks are single."""
    text = _HEADING.sub("", clean(text, limit).strip())
    text = _FOOTNOTE.sub("", _LINK.sub(r"\1", text))
    text = _UNDERSCORE.sub("", _TAG.sub("", text).replace("*", "").replace("`", "").replace("~~", ""))
    return " ".join(text.split())


def normalise(value: Any) -> Any:
    """Return the value as JSON that every store holds: no NUL, surrogate, NaN, infinity or huge integer.

    What has no such form is left out of its list or mapping (None at the top); depth, number and length are bounded,
    so that circular values end too.
    """
    result = _Normaliser().visit(value, 0)
    return None if result is _DROPPED else result


class _Normaliser:
    def __init__(self) -> None:
        self._nodes = 0

    def visit(self, value: Any, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            return _DROPPED
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple):
            return self._sequence(value, depth)
        return _scalar(value)

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            if self._nodes > MAX_NODES:
                break
            if isinstance(key, str) and (kept := self.visit(item, depth + 1)) is not _DROPPED:
                result[clean(key, 1000)] = kept
        return result

    def _sequence(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        result = []
        for item in value:
            if self._nodes > MAX_NODES:
                break
            if (kept := self.visit(item, depth + 1)) is not _DROPPED:
                result.append(kept)
        return result


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return value if abs(value) <= _MAX_INTEGER else _DROPPED
    if isinstance(value, float):
        return value if math.isfinite(value) else _DROPPED
    return value.isoformat() if isinstance(value, date) else _DROPPED
