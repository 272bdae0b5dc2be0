"""R Markdown: a YAML header, prose, and chunks of code."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

from erc.schemas.limits import KIB
from erc.schemas.yaml_reader import YamlError, read_yaml
from erc.workers.code.found import Found
from erc.workers.code.python_script import read_python
from erc.workers.code.rscript import r_dependency, read_r
from erc.workers.code.text import lines, normalise

HEADER_BYTES = 256 * KIB

_OPEN = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*\{[ \t]*([A-Za-z0-9_]+)([^`]*)")
_NOT_RUN = re.compile(r"\beval[ ]?=[ ]?F(?:ALSE)?\b")
_NOT_RUN_INSIDE = re.compile(r"#\|[ ]?eval:[ ]?(?:false|FALSE)\b")
_INLINE = re.compile(r"`r[ #]([^`\n]+)`")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff")
_NAMESPACE = re.compile(r"([A-Za-z][A-Za-z0-9.]{0,100})::")


@dataclass
class Chunk:
    """One chunk of code: its language in lower case, its text, and the number of its first line (from 1)."""

    language: str
    code: str
    line: int


def read_rmarkdown(text: str, path: str) -> Found:
    """Return the header, and what the R and Python chunks and the inline R code use; nothing is evaluated."""
    found = read_header(text, path)
    for chunk in chunks(text):
        if chunk.language == "r":
            found.merge(read_r(chunk.code, path, chunk.line))
        elif chunk.language == "python":
            found.merge(read_python(chunk.code, path, chunk.line))
    return found


def read_header(text: str, path: str) -> Found:
    """Return the YAML header between the first `---` and the next; a bad one is a warning, never an error."""
    found = Found()
    raw = _front_matter(text)
    if not raw:
        return found
    if len(raw.encode("utf-8", "replace")) > HEADER_BYTES:
        found.warnings.append(f"The header of “{path}” has more than {HEADER_BYTES} bytes and was not read")
        return found
    printable = _UNPRINTABLE.sub("", raw)
    if printable != raw:
        found.warnings.append(f"The header of “{path}” has control characters; they were left out")
    try:
        header = read_yaml(printable, tags=True)
    except YamlError as error:
        found.warnings.append(f"The header of “{path}” is not valid YAML and was not read: {error}")
        return found
    if isinstance(header, dict):
        found.header = normalise(header)
        found.dependencies = [r_dependency(name, f"{path}:1") for name in _format_packages(header)]
    elif header is not None:
        found.warnings.append(f"The header of “{path}” is not a mapping of `key: value` and was not read")
    return found


def chunks(text: str) -> list[Chunk]:
    """Return the chunks that a run would evaluate, and each line's inline R code as a chunk of its own."""
    result: list[Chunk] = []
    fence, language, first, code = "", "", 0, list[str]()
    for number, line in enumerate(lines(text), 1):
        if fence:
            if _closes(line, fence):
                result.append(Chunk(language, "\n".join(code), first))
                fence = ""
            else:
                code.append(line)
        elif opening := _OPEN.match(line):
            fence, first, code = opening[1], number + 1, []
            language = "" if _NOT_RUN.search(opening[3]) else opening[2].lower()
        else:
            result += [Chunk("r", inline, number) for inline in _INLINE.findall(line)]
    if fence:
        result.append(Chunk(language, "\n".join(code), first))
    return [chunk for chunk in result if chunk.language and not _switched_off(chunk.code)]


def _switched_off(code: str) -> bool:
    options = itertools.takewhile(lambda row: row.startswith("#|"), code.split("\n"))
    return any(_NOT_RUN_INSIDE.match(row) for row in options)


def _closes(line: str, fence: str) -> bool:
    mark = line.lstrip(" \t>").rstrip()
    return len(mark) >= len(fence) and mark == fence[0] * len(mark)


def _front_matter(text: str) -> str:
    rows = lines(text)
    start = next((number for number, row in enumerate(rows) if row.strip()), len(rows))
    if start == len(rows) or rows[start].rstrip() != "---":
        return ""
    for number in range(start + 1, len(rows)):
        if rows[number].rstrip() in {"---", "..."}:
            return "\n".join(rows[start + 1 : number])
    return ""


def _format_packages(header: dict[str, Any]) -> list[str]:
    """Return the packages whose output format the header asks for, as `bookdown::html_document2` does."""
    output = header.get("output")
    names = output if isinstance(output, dict | list) else [output]
    matches = [_NAMESPACE.match(name) for name in names if isinstance(name, str)]
    return [match[1] for match in matches if match]
