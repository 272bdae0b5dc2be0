"""Brings the bytes of an HTML document into one encoding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)


def as_utf8(content: bytes) -> bytes:
    """Return a document in UTF-8, without NUL; its mark or its head says what it is written in."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    else:
        declared = _CHARSET.search(content[:4096])
        try:
            text = content.decode(declared[1].decode() if declared else "utf-8-sig")
        except (UnicodeDecodeError, LookupError, ValueError):
            text = content.decode("utf-8", "backslashreplace")  # other bytes, other text
    return text.replace("\0", "").encode("utf-8", "replace")


def start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    """Return a start tag as XML writes it; namespaces are left out, for the parser has resolved none."""
    plain = sorted((name, text) for name, text in attributes.items() if not name.startswith("xmlns"))
    return f"<{tag}{''.join(f' {name}={quoteattr(text)}' for name, text in plain)}>"
