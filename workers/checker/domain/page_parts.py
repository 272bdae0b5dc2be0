"""Says of the parts of an HTML page what a check reads of them: rules, as data."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from urllib.parse import unquote_to_bytes

from erc.workers.checker.domain.texts import settled

_SOURCES = {
    "img": ("data-src", "src"),
    "source": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "iframe": ("src", "data-src"),
}
_WITH_SETS = {"img", "source"}
_DESCRIPTOR = re.compile(r"\d{1,9}(?:\.\d{1,9})?[wxh],?")
_STYLED = re.compile(r"""url\(\s{0,9}(?:"([^"]*)"|'([^']*)'|([^"')][^)]*))""", re.IGNORECASE)
_SHOWN_VALUES = {"meter", "progress", "input"}
_UNSHOWN_INPUTS = {"hidden", "password", "file", "image"}
_TICKED = {"checkbox", "radio"}
_NUMBERING, _USUAL_NUMBERING = ("start", "reversed", "type", "value"), {"1", "disc", "circle", "square"}
_STRUCK = {"s": "~~", "strike": "~~", "del": "~~"}
_FORMULA_PARTS = {
    "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mi", "mn", "mo", "mtext",
}  # fmt: skip
_FORMULA_LETTERS = 2
"""Parts with so short a name, and `mtext`, hold the letters; the others say how these stand to each other."""
_DIGITS_AND_SIGNS = frozenset("0123456789-+\u2212\u2013")
_GENERATED = re.compile(r"content\s{0,9}:\s{0,9}(?:\"([^\"\\\\]{0,500})\"|'([^'\\\\]{0,500})')", re.IGNORECASE)

DRAWS = re.compile(r"""Plotly\.newPlot\(\s{0,99}["']|vegaEmbed\(""")
"""What begins a figure whose data stand in the script itself."""
_SCRIPTS = {"", "module", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript"}
_SAY_NOTHING = {
    "text/x-mathjax-config", "application/ld+json", "application/htmlwidget-sizing", "importmap", "speculationrules",
}  # fmt: skip
_LIBRARY = re.compile(
    r"/\*[!*].{0,600}?(?:licen[sc]e|copyright|\bv\d)|@license|\bdefine\.amd\b|typeof (?:exports|module|define)\b|"
    r"\bHTMLWidgets\.widget\(|window\.HTMLWidgets|MathJax|requirejs|require\.config|buildTabsets|tocify|CodeFolding|"
    r"Pandoc \d|\bquarto-|\bhljs\b|AnchorJS|ClipboardJS|mermaid|font-?awesome|leaflet-(?:pane|control)",
    re.IGNORECASE | re.DOTALL,
)
"""What stands at the start of well-known libraries and of the scripts that document writers add themselves."""
_LIBRARY_HEAD = 3_000
_HOLDS_OR_DRAWS = re.compile(
    r"getContext\(|createElementNS\(|document\.write|\.(?:innerHTML|outerHTML|innerText|textContent|insertAdjacent)|"
    r"\bPlotly\.|\bvega|\bmpld3|\bBokeh\b|docs_json|echarts\.init\(|Highcharts\.|new Chart|c3\.generate|cytoscape\(|"
    r"\bd3\.(?:select|json|csv|tsv)|\bL\.(?:map|marker|circle|poly|geoJ|tileLayer)|google\.(?:visualization|charts)|"
    r"new vis\.|\bTHREE\.|AmCharts|am[45]core|\.(?:text|html|append)\(|JSON\.parse\(|"
    r"(?:-?\d[\d.eE+-]{0,30}\s{0,9},\s{0,9}){7}"
)
_RASTER = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp)[^)]*", re.IGNORECASE)
_WIDGET_ID = re.compile(r"\b[0-9a-f]{32}\b")
_PROGRESS = re.compile(r"\[[\d:]{1,12}<[\d:?]{1,12}, {0,9}[\d.?]{1,12} {0,2}\w{0,20}/\w{1,20}\]")

TITLE_PASSAGES = 12
_TITLE_WORDS = 80
_CELLS = ({"jp-Cell"}, {"cell", "border-box-sizing"})
"""The classes of a cell in the pages that nbconvert makes of notebooks, now and before version 6."""
_ENDS_TITLE = {"pre", "table", "figure", "img", "svg", "canvas", "iframe", "video"}
_SECTIONS = {"h1", "h2", "h3"}
_OF_TITLE = {"title", "subtitle", "author", "date"}


class Part(Enum):
    """What the text of a script is to a reader."""

    NOTHING = "nothing"
    FIGURE = "figure"
    FORMULA = "formula"
    UNREAD = "unread"
    """It may show something, which a check does not see."""


def sources(tag: str, attributes: Mapping[str, str]) -> list[str]:
    """Return what an element shows from elsewhere, each once: its sources, its source set, its backgrounds."""
    found = [attributes.get(name, "").strip() for name in _SOURCES.get(tag, ())]
    if tag in _WITH_SETS:
        found += [one for name in ("srcset", "data-srcset") for one in _of_set(attributes.get(name, ""))]
    if "url(" in attributes.get("style", "").lower():
        found += [next(filter(None, match), "").strip() for match in _STYLED.findall(attributes["style"])]
    return [one for one in dict.fromkeys(found) if one and one != "about:blank" and not one.startswith("#")]


def _of_set(value: str) -> list[str]:
    return [one.rstrip(",") for one in value.split() if not _DESCRIPTOR.fullmatch(one)]


def shown_value(tag: str, attributes: Mapping[str, str]) -> str:
    """Return the words or signs that an element shows by its attributes or its kind."""
    if tag in _FORMULA_PARTS or tag in _STRUCK:
        return _STRUCK.get(tag, tag if len(tag) > _FORMULA_LETTERS else "")
    if tag in {"ol", "li"}:
        return " ".join(f"({name} {attributes[name]})" for name in _NUMBERING if _counts(attributes, name))
    if tag == "option":
        return "☑" if "selected" in attributes else ""
    return _value(tag, attributes) if tag in _SHOWN_VALUES else ""


def held_data(tag: str, attributes: Mapping[str, str]) -> list[str]:
    """Return a file that a page holds to be downloaded, which is not looked into."""
    address = attributes.get("href", "").strip() if tag == "a" else ""
    return [address] if address[:5].lower() == "data:" else []


def _value(tag: str, attributes: Mapping[str, str]) -> str:
    kind = attributes.get("type", "").lower()
    if kind in _TICKED:
        return "☑" if "checked" in attributes else "☐"
    if kind in _UNSHOWN_INPUTS:
        return ""
    scale = "".join(f" ({name} {attributes[name]})" for name in ("min", "max") if tag != "input" and name in attributes)
    return (attributes.get("value") or attributes.get("placeholder", "")) + scale


def _counts(attributes: Mapping[str, str], name: str) -> bool:
    return name in attributes and attributes[name] not in _USUAL_NUMBERING


def raised(before: str, text: str) -> str:
    """Return the sign that keeps a raised or lowered number apart from what stands before: 10³ is not 103."""
    return "^" if before[-1:].isalnum() and text.lstrip()[:1] in _DIGITS_AND_SIGNS else ""


def undisplayed(style: str) -> bool:
    """Return whether a style hides its element."""
    return "display:none" in style.replace(" ", "").lower()


def script_part(attributes: Mapping[str, str], text: str) -> Part:
    """Say what a script's text is."""
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    if kind == "application/json" and "data-for" in attributes:
        return Part.FIGURE
    if kind.startswith("math/"):
        return Part.FORMULA
    if not text.strip() or kind in _SAY_NOTHING or attributes.get("id", "").startswith("quarto-"):
        return Part.NOTHING
    if DRAWS.search(text):
        return Part.FIGURE
    if kind not in _SCRIPTS:
        return Part.UNREAD
    library = _LIBRARY.search(text[:_LIBRARY_HEAD])
    return Part.UNREAD if not library and _HOLDS_OR_DRAWS.search(text) else Part.NOTHING


def script_text(attributes: Mapping[str, str], text: str) -> str:
    """Return a script's text, which may stand in its address."""
    header, comma, payload = attributes.get("src", "").strip().partition(",")
    if not comma or not header.lower().startswith("data:"):
        return text
    content = unquote_to_bytes(payload)
    if header.lower().rstrip().endswith(";base64"):
        try:
            content = base64.b64decode(content)
        except (binascii.Error, ValueError):
            return payload
    return content.decode("utf-8", "replace")


def steady(text: str) -> str:
    """Return an unread part without what changes with every run: generated names, the pace of progress bars."""
    return _PROGRESS.sub("[…]", _WIDGET_ID.sub("…", settled(text)))


def style_pictures(text: str) -> list[str]:
    """Return the pictures and the words in a style sheet that no library brings."""
    if _LIBRARY.search(text[:_LIBRARY_HEAD]):
        return []
    words = ["".join(found) for found in _GENERATED.findall(text)]
    return _RASTER.findall(text) + [f"content {one}" for one in words if any(map(str.isalnum, one))]


class TitleBlock:
    """Finds where a page's title block ends: at its first section, prose, output, table or picture."""

    def __init__(self) -> None:
        self.passages = 0
        self._over = False

    def opened(self, tag: str, attributes: Mapping[str, str], heading: str, so_far: Sequence[str]) -> None:
        """Take an element's start; `heading` is the last one before it."""
        section = tag in _SECTIONS and heading and not _OF_TITLE & set(attributes.get("class", "").split())
        if section or tag in _ENDS_TITLE:
            self.end(heading, so_far)

    def read(self, passage: str, heading: str, so_far: Sequence[str]) -> None:
        """Take a passage that follows those read so far."""
        prose = len(passage) > _TITLE_WORDS or (passage[-1:] in ".:;!?" and passage.count(" ") > 3)
        if prose and heading:
            self.end(heading, so_far)

    def end(self, heading: str, so_far: Sequence[str]) -> None:
        """End the block here, if it did not end before; without a heading there is none."""
        if not self._over:
            self._over = True
            self.passages = min(len(so_far), TITLE_PASSAGES) if heading else 0


def is_cell(attributes: Mapping[str, str]) -> bool:
    """Return whether an element is a cell of a notebook."""
    classes = attributes.get("class", "")
    return "ell" in classes and any(one.issubset(classes.split()) for one in _CELLS)
