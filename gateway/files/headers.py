"""What is said about bytes that users made: their type, their name, what a browser may do with them. Pure."""

from __future__ import annotations

from urllib.parse import quote

from erc.schemas.media import ACTIVE, MEDIA_TYPES, OCTETS

POLICY = (
    "sandbox allow-scripts; default-src 'self' 'unsafe-inline' data: blob:; connect-src 'none'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors {app}"
)

SHOWN = {
    "text/html",
    "text/css",
    "text/javascript",
    "text/plain",
    "text/csv",
    "text/markdown",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/bmp",
    "image/webp",
    "image/avif",
    "image/svg+xml",
    "application/pdf",
    "application/json",
    "font/woff2",
}
"""Types that a browser may show; everything else is an attachment."""

_NAMED = (set(MEDIA_TYPES.values()) - ACTIVE) | SHOWN
"""Types that are said as they are; everything else is octets."""


def handed_out(media_type: str, path: str) -> tuple[str, str]:
    """Return the `Content-Type` and the `Content-Disposition` of a file."""
    kind = media_type if media_type in _NAMED else OCTETS
    if kind.startswith(("text/", "script/")) or kind == "application/json":
        kind += "; charset=utf-8"
    return kind, disposition("inline" if media_type in SHOWN else "attachment", path.rpartition("/")[2])


def disposition(kind: str, name: str) -> str:
    """Return a `Content-Disposition` (RFC 6266): a plain name for old programs, and the name itself as `filename*`."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%;' else "_" for sign in name)
    said = f'{kind}; filename="{plain or "file"}"'
    return said if plain == name else f"{said}; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


def user_content(app_origin: str) -> dict[str, str]:
    """Return the headers of everything that users made."""
    return {
        "Content-Security-Policy": POLICY.format(app=app_origin),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
