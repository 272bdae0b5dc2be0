"""Keeps what a drawing says and the reader does not understand: where that differs, the drawings may differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from erc.workers.checker.domain.svg.elements import attributes_of, digest, one_way, tag_of
from erc.workers.checker.domain.svg.style import KNOWN, blocks_of, pairs_of, understood
from erc.workers.checker.domain.texts import settled

_READ = KNOWN | {
    "d", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "href",
    "transform", "viewbox", "dx", "dy",
}  # fmt: skip
_HARMLESS = frozenset({
    "id", "class", "style", "role", "version", "baseprofile", "space", "lang", "title", "tabindex", "focusable",
    "pointer-events", "cursor", "shape-rendering", "text-rendering", "image-rendering", "color-rendering",
    "color-interpolation", "color-interpolation-filters", "enable-background", "textlength", "lengthadjust", "font",
    "font-weight", "font-style", "font-stretch", "font-variant", "font-size-adjust", "letter-spacing", "word-spacing",
    "white-space", "writing-mode", "dominant-baseline", "alignment-baseline", "baseline-shift", "kerning",
    "line-height", "font-feature-settings", "font-variation-settings", "unicode-bidi", "direction", "text-decoration",
    "text-align", "text-indent", "text-transform", "stroke-miterlimit", "stop-color", "stop-opacity", "flood-color",
    "flood-opacity", "lighting-color", "zoomandpan", "contentscripttype", "contentstyletype", "target", "show",
    "actuate", "type", "externalresourcesrequired", "docname", "label", "groupmode", "nodetypes", "connector-curvature",
    "schemalocation", "solid-color", "solid-opacity", "user-select", "-webkit-user-select", "outline",
    "-inkscape-font-specification", "font-synthesis", "text-orientation", "text-underline-position", "font-kerning",
})  # fmt: skip
"""Attributes and properties that name, describe, or choose how letters and edges are smoothed or set."""
_STANDS_FOR_ITSELF = {
    "stroke-dashoffset": {"0", "0px"}, "preserveaspectratio": {"xMidYMid", "xMidYMid meet"},
    "mix-blend-mode": {"normal"}, "isolation": {"auto"}, "paint-order": {"normal"}, "vector-effect": {"none"},
    "marker": {"none"}, "transform-origin": {"0", "0 0", "0px 0px"},
}  # fmt: skip
"""Values that say what is so anyhow."""
_LEFT_OUT = {
    "metadata", "title", "desc", "namedview", "style", "clippath", "mask", "pattern", "marker", "lineargradient",
    "radialgradient", "filter",
}  # fmt: skip
"""Elements that show nothing by themselves; what is referred to counts where it is used."""
_DRAWN = {
    "svg", "g", "a", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
    "image", "text", "tspan", "switch", "foreignobject",
}  # fmt: skip
_REFERENCE = re.compile(r"url\(\s{0,9}[\"']?#([^)\"']{1,200})[\"']?\s{0,9}\)|^#(.{1,200})$")

Digest = Callable[[str], str]
"""Returns a digest of the element with an identifier."""


def residue(root: Any, digest_of: Digest) -> list[str]:
    """Return all that is not understood, in order, without generated names."""
    found: list[str] = []
    waiting = [root]
    while waiting:
        element = waiting.pop()
        tag = tag_of(element)
        if tag == "style":
            found += _of_sheet("".join(element.itertext()), digest_of)
        if not tag or tag in _LEFT_OUT:
            continue
        found += _of_element(element, tag, digest_of)
        waiting += reversed(element)
    return found


def _of_element(element: Any, tag: str, digest_of: Digest) -> Iterator[str]:
    if tag == "script":
        text = settled("".join(element.itertext())).strip()
        yield from [f"script {digest(text)}"] if text else []
        return
    attributes = attributes_of(element)
    if tag not in _DRAWN:
        yield tag
        unread = attributes
    else:
        unread = {name: text for name, text in attributes.items() if name not in _READ}
    for name, text in sorted({**unread, **_unknown(attributes.get("style", ""))}.items()):
        if not _says_nothing(name, text):
            yield f"{tag} {name}: {_settled(text, digest_of)}"


def _unknown(style: str) -> dict[str, str]:
    return {name: value for name, value in pairs_of(style) if name not in KNOWN or "!important" in value}


def _of_sheet(text: str, digest_of: Digest) -> Iterator[str]:
    for selector, body in blocks_of(text):
        if selector.startswith(("@font-face", "@import", "@charset")) or ":hover" in selector:
            continue
        if not understood(selector):
            yield f"style of {' '.join(selector.split())}: {' '.join(body.split())}"
            continue
        for name, value in pairs_of(body):
            odd = name not in KNOWN or "!important" in value
            if odd and (name.startswith(("stop-", "flood-")) or not _says_nothing(name, value)):
                yield f"style of {' '.join(selector.split())}: {name}: {_settled(value, digest_of)}"


def _says_nothing(name: str, text: str) -> bool:
    plain = name.removeprefix("-webkit-")
    harmless = plain in _HARMLESS or plain.startswith(("data-", "aria-", "on", "-inkscape", "sodipodi"))
    return harmless or " ".join(text.split()) in _STANDS_FOR_ITSELF.get(plain, ())


def _settled(text: str, digest_of: Digest) -> str:
    return one_way(_REFERENCE.sub(lambda found: digest_of(found[1] or found[2]) or "nothing", text.strip()))


def first_unlike(a: list[str], b: list[str]) -> str:
    """Return the first that only one side has, or what stands in another order; both are not the same."""
    at = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return (b[at : at + 1] or a[at : at + 1])[0]
