"""R code: the packages it uses and the files it names, read without evaluating it."""

from __future__ import annotations

import re

from erc.schemas.metadata import Dependency
from erc.workers.code.found import Found, may_be_path

BASE_PACKAGES = frozenset(
    {
        *("base", "compiler", "datasets", "graphics", "grDevices", "grid", "methods", "parallel"),
        *("splines", "stats", "stats4", "tcltk", "tools", "utils"),
    }
)
"""What every R has; never a dependency."""

_NAME = r"[A-Za-z][A-Za-z0-9.]{0,100}"
_INTERESTING = re.compile(r"[\"'`#]")
_STOPS = {quote: re.compile(rf"[\\{quote}]") for quote in "\"'`"}
_RAW = re.compile(r"(-{0,20})([(\[{])")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CALL = re.compile(
    rf"(?<![\w.])(?:library|require|requireNamespace|loadNamespace|install\.packages)[ \t]{{0,20}}\(\s{{0,200}}"
    rf"(?:(?:package|pkgs)\s{{0,20}}=\s{{0,20}})?[\"']?({_NAME})[\"']?\s{{0,200}}(?=([,)][^()\n]{{0,200}}))"
)
_P_LOAD = re.compile(r"(?<![\w.])p_load\(([^()]{1,2000})\)")
_NAMESPACE = re.compile(rf"(?<![\w.:])({_NAME}):::?(?=[A-Za-z._`])")
_WRITE = re.compile(
    r"(?<![\w.])(?:write[._]\w{1,40}|write|fwrite|saveRDS|save|ggsave|png|pdf|svg|jpeg|tiff|bmp|sink|saveWidget"
    r"|saveNetwork|tmap_save|save_plot|writeLines|writeRaster|st_write)\(([^()]{0,1000}?)[\"']([^\"'\n]{1,300})[\"']"
)
_MASKED = re.compile(r"[()\[\]{}:,;#=\s]")


def r_dependency(name: str, source: str) -> Dependency:
    """Return the dependency on an R package; R code names no version."""
    return Dependency(name=name, language="r", source=source)


def read_r(code: str, path: str, first_line: int = 1) -> Found:
    """Return the packages, texts and outputs of R code whose first line has the number `first_line` in its file.

    Comments and texts are skipped: a package counts when code loads or names it (`library(x)`, `x::f`).
    """
    masked, literals = mask(code)
    found = Found(literals=[text for text in literals if may_be_path(text)])
    line, counted, seen = first_line, 0, set(BASE_PACKAGES)
    for position, name in _packages(masked):
        if name not in seen:
            seen.add(name)
            line, counted = line + masked.count("\n", counted, position), position
            found.dependencies.append(r_dependency(name, f"{path}:{line}"))
    found.outputs = [match[2] for match in _WRITE.finditer(masked) if "." in match[2]]
    return found


def header_of(code: str) -> str:
    """Return the text of the `#'` comments at the top of a script, where `knitr::spin` expects the header."""
    rows = []
    for row in code.lstrip("\ufeff").split("\n"):
        if not row.startswith("#'"):
            break
        rows.append(row[2:].removeprefix(" "))
    return "\n".join(rows)


def _packages(masked: str) -> list[tuple[int, str]]:
    result = [
        (match.start(1), match[1])
        for match in _CALL.finditer(masked)
        if "character.only" not in match[2] or match.group()[match.start(1) - match.start() - 1] in "\"'"
    ]
    for match in _P_LOAD.finditer(masked):
        names = (name.strip().strip("\"'") for name in match[1].split(","))
        result += [(match.start(), name) for name in names if re.fullmatch(_NAME, name)]
    result += [(match.start(1), match[1]) for match in _NAMESPACE.finditer(masked)]
    return sorted(result)


def mask(code: str) -> tuple[str, list[str]]:
    """Return the code with blank comments and harmless texts, as many lines as before, and the texts as written."""
    pieces: list[str] = []
    literals: list[str] = []
    position = 0
    while match := _INTERESTING.search(code, position):
        start = match.start()
        pieces.append(code[position:start])
        if match.group() == "#":
            end = code.find("\n", start)
            position = len(code) if end < 0 else end
            continue
        opened, closed, position = _string(code, start)
        literals.append(code[opened:closed])
        pieces.append(_harmless(code[opened:closed], match.group()))
    pieces.append(code[position:])
    return "".join(pieces), literals


def _harmless(text: str, quote: str) -> str:
    """Return a text as code in which it can be taken for nothing but a text; a quoted name stays a name."""
    if quote == "`":
        return "`" + "\n" * text.count("\n")
    return quote + _MASKED.sub(lambda match: "\n" if match.group() == "\n" else "_", text) + quote


def _string(code: str, start: int) -> tuple[int, int, int]:
    """Return where a text's content starts and ends, and where the code goes on; an open text takes all the rest."""
    quote = code[start]
    before = code[max(start - 2, 0) : start]
    raw = _RAW.match(code, start + 1) if before[-1:] in {"r", "R"} and not _in_word(before[:-1]) else None
    if raw and quote != "`":
        closing = _CLOSING[raw[2]] + raw[1] + quote
        end = code.find(closing, raw.end())
        return (raw.end(), end, end + len(closing)) if end >= 0 else (raw.end(), len(code), len(code))
    position = start + 1
    while stop := _STOPS[quote].search(code, position):
        if stop.group() == quote:
            return start + 1, stop.start(), stop.end()
        position = stop.end() + 1
    return start + 1, len(code), len(code)


def _in_word(character: str) -> bool:
    return character.isalnum() or character in {".", "_"} if character else False
