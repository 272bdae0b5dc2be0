"""What a plan is made from: the names of all files, and the texts of those that describe an environment or are code."""

from __future__ import annotations

import codecs
import json
from pathlib import Path, PurePosixPath
from typing import Any

from erc.gateway.client.pack import Packed

NAMES = frozenset(
    {"Dockerfile", "DESCRIPTION", "Pipfile", "Pipfile.lock", "renv.lock", "packrat.lock", "poetry.lock", "uv.lock"}
    | {"pylock.toml", "pyproject.toml", "Project.toml", "JuliaProject.toml", "setup.cfg", ".python-version"}
    | {"environment.yml", "environment.yaml", "erc.yml", "CITATION.cff", "postBuild", "start", "apt.txt", "runtime.txt"}
)
CODE = frozenset({".r", ".rmd", ".rmarkdown", ".rnw", ".qmd", ".py", ".ipynb"})
NAMED_BYTES, CODE_BYTES, TEXT_BYTES = 8 << 20, 2 << 20, 256 << 10
"""The most of a named file, of a file of code, and of another `.txt`, of which some list packages."""
NOTEBOOK_BYTES = 64 << 20
"""The most of a notebook, which is sent without its outputs."""
TOTAL_BYTES = 12 << 20


def seen(packed: Packed) -> list[dict[str, Any]]:
    """Return the files of a folder as the web API takes them; texts as far as there is room, those of the top first."""
    files = []
    left = TOTAL_BYTES
    for path, source, size_bytes in sorted(packed.entries(), key=_importance):
        file: dict[str, Any] = {"path": path, "size_bytes": size_bytes}
        text = _text(path, source) if size_bytes <= min(_most(path), max(left, _room(path))) else None
        if text is not None and (sent := len(text.encode())) <= left:
            file["text"] = text
            left -= sent
        files.append(file)
    return sorted(files, key=lambda file: str(file["path"]))


def _importance(entry: tuple[str, Path, int]) -> tuple[bool, int, int, str]:
    path, _, size_bytes = entry
    return PurePosixPath(path).name not in NAMES, path.count("/"), size_bytes, path


def _most(path: str) -> int:
    """Return the most bytes of which a file's text is sent; -1 when it is never sent."""
    pure = PurePosixPath(path)
    if pure.name in NAMES:
        return NAMED_BYTES
    suffix = pure.suffix.lower()
    if suffix in CODE:
        return NOTEBOOK_BYTES if suffix == ".ipynb" else CODE_BYTES
    return TEXT_BYTES if suffix == ".txt" else -1


def _room(path: str) -> int:
    return NOTEBOOK_BYTES if path.lower().endswith(".ipynb") else 0


def _text(path: str, source: Path) -> str | None:
    """Return the text of a file, None when it cannot be read or is none."""
    try:
        data = source.read_bytes()
    except OSError:
        return None
    if b"\0" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    text = _decoded(data)
    return _without_outputs(text) if path.lower().endswith(".ipynb") else text


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _without_outputs(text: str) -> str:
    """Return a notebook without what its cells showed, which is most of it; as it is when it cannot be read."""
    try:
        document = json.loads(text)
        for cell in document["cells"]:
            if "outputs" in cell:
                cell["outputs"] = []
        return json.dumps(document, ensure_ascii=True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return text
