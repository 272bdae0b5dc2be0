"""Jupyter notebooks: JSON with cells of prose and code."""

from __future__ import annotations

import json
import re
from typing import Any

from erc.events.errors import Rejected
from erc.schemas.metadata import Dependency
from erc.workers.code.found import Found
from erc.workers.code.python_script import read_python
from erc.workers.code.requirements_txt import read_requirement
from erc.workers.code.text import normalise

MAX_CELLS = 5000
_TRANSPARENT = ("%%time", "%%timeit", "%%capture", "%%prun", "%%memit")
_INSTALL = re.compile(r"[%!][ ]?(?:\{sys\.executable\} -m |python3? -m )?(?:pip3?|conda|mamba) install[ ]")
_ASSIGNED = re.compile(r"([A-Za-z_][\w, ]{0,100}=[ ]?)[%!]")
_PYTHON = re.compile(r"x?i?python|sage")


def read_notebook(text: str, path: str) -> Found:
    """Return title, authors, imports, texts and outputs of a notebook of format 3 or 4.

    A notebook that cannot be read is a warning. Raises Rejected with the code `kernel_unsupported` when its kernel is
    not Python's.
    """
    found = Found()
    document = _document(text)
    if not isinstance(document, dict):
        found.warnings.append(f"“{path}” is not a Jupyter notebook (JSON with `cells`); a run will fail")
        return found
    metadata = _mapping(document, "metadata")
    _check_kernel(metadata, path)
    cells = _cells(document)
    found.header = normalise(_header(metadata, cells))
    for number, (kind, source) in enumerate(cells, 1):
        if kind == "code":
            found.merge(_read_cell(source, path, f"{path}:cell {number}"))
    return found


def read_sources(text: str) -> list[str]:
    """Return what stands in the cells of a notebook, without what they showed; empty when it cannot be read."""
    document = _document(text)
    return [source for _, source in _cells(document)] if isinstance(document, dict) else []


def _document(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None, parse_int=_integer)
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) < 16 else None


def _mapping(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _check_kernel(metadata: dict[str, Any], path: str) -> None:
    kernel, info = _mapping(metadata, "kernelspec"), _mapping(metadata, "language_info")
    said = [kernel.get("language"), info.get("name"), kernel.get("name")]
    language = next((value.strip().lower() for value in said if isinstance(value, str) and value.strip()), "python")
    if not _PYTHON.match(language):
        raise Rejected(
            "The notebook's kernel is not supported",
            f"“{path}” asks for a kernel of the language “{language[:50]}”; notebooks run with Python kernels only. "
            "Choose a Python kernel, or turn the notebook into an R Markdown file or a script.",
            code="kernel_unsupported",
        )


def _cells(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return kind and source of each cell; format 3 keeps them in worksheets."""
    sheets = document.get("worksheets")
    holders = [document, *(sheets if isinstance(sheets, list) else [])]
    result: list[tuple[str, str]] = []
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict) and len(result) < MAX_CELLS:
                result.append((str(cell.get("cell_type"))[:20], _source(cell.get("source", cell.get("input")))))
    return result


def _source(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return "".join(part for part in parts if isinstance(part, str))


def _header(metadata: dict[str, Any], cells: list[tuple[str, str]]) -> dict[str, Any]:
    title, abstract = _first_heading(cells)
    authors = metadata.get("authors") or metadata.get("author")
    named = {"title": metadata.get("title") or title, "author": authors, "description": abstract}
    return {key: value for key, value in named.items() if value}


def _first_heading(cells: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the first heading of the prose, and the paragraph below it."""
    for kind, source in cells:
        rows = source.split("\n")
        for number, row in enumerate(rows):
            if kind == "heading" or (kind == "markdown" and row.startswith("# ")):
                paragraph = "\n".join(rows[number + 1 :]).strip().partition("\n\n")[0]
                return row.removeprefix("# "), "" if paragraph.startswith("#") else paragraph
    return "", ""


def _read_cell(source: str, path: str, where: str) -> Found:
    hints: list[Dependency] = []
    if source.lstrip().startswith("%%"):
        magic, _, rest = source.lstrip().partition("\n")
        source = rest if magic.startswith(_TRANSPARENT) else ""
    rows = [_without_magic(row, where, hints) for row in source.split("\n")]
    found = read_python("\n".join(rows), path, where=where)
    found.dependencies += hints
    if hints:
        found.warnings.append(f"“{where}” installs packages, which a run cannot; name them in requirements.txt")
    return found


def _without_magic(row: str, where: str, hints: list[Dependency]) -> str:
    """Return the line as Python: what only IPython understands becomes `pass` or `None`."""
    bare = row.lstrip()
    if _INSTALL.match(bare):
        words = [word.strip("\"'") for word in bare.partition(" install ")[2].split()]
        hints += [kept for word in words[:100] if (kept := read_requirement(word, where))]
    if bare.startswith(("%", "!", "?")) or bare.rstrip().endswith("?"):
        return row[: len(row) - len(bare)] + "pass"
    if assigned := _ASSIGNED.match(bare):
        return row[: len(row) - len(bare)] + assigned[1] + "None"
    return row
