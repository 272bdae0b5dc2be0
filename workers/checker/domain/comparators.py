"""The comparators of files: each recognises its content and compares it, in the order in which they are asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from erc.schemas.check import Outcome
from erc.workers.checker.domain.columnar.compare import compare_columnar
from erc.workers.checker.domain.columnar.reading import is_columnar
from erc.workers.checker.domain.data_files import compare_data, read_json, read_numpy, read_r_file, read_xml
from erc.workers.checker.domain.documents import compare_documents, compare_notebooks, is_notebook
from erc.workers.checker.domain.grid.files import (
    compare_hdf5_files,
    compare_netcdf_files,
    compare_tiff_files,
    is_hdf5,
    is_netcdf,
    is_tiff,
)
from erc.workers.checker.domain.images import PixelBudget, compare_images
from erc.workers.checker.domain.pdf.compare import compare_pdf_files, is_pdf
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.tables import compare_tables, compare_workbooks, reads_separated
from erc.workers.checker.domain.tabular.workbook import is_workbook
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.texts import compare_lines, decoded
from erc.workers.checker.domain.word_file import compare_word_files, is_word_file

_HEAD = 4096
_CONTROL = re.compile(r"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
_R_MAGIC = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n", b"X\n\0\0\0\2", b"X\n\0\0\0\3", b"A\n2\n", b"A\n3\n")
_R_NAMES = (".rds", ".rda", ".rdata")
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,1000}?-->\s*)?<(?:!doctype html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_KNOWN_BYTES = {
    b"FEA1": "a Feather file of the first version",
    b"CDF\x05": "a NetCDF file of the fifth version",
    b"SQLite format 3": "a SQLite database",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip file",
    b"%!PS": "a PostScript file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"\x80\x04\x95": "a Python pickle, which is never loaded",
}


@dataclass(frozen=True)
class Comparator:
    """One way of comparing.

    `recognises(content, path)` looks at the start of a file; `compare(published, reproduced, terms)` returns None when
    it cannot read one of them after all, so that the next one is asked. Both are pure and bounded.
    """

    name: str
    kind: str
    """`text`, `table`, `data` or `bytes`, as rows of a report say it."""
    recognises: Callable[[bytes, str], bool]
    compare: Callable[[bytes, bytes, Terms], Compared | None]


def _is_html(content: bytes, path: str) -> bool:
    del path
    return _HTML.match(content) is not None


def _by(recognises: Callable[[bytes], bool]) -> Callable[[bytes, str], bool]:
    return lambda content, _path: recognises(content)


def _workbooks(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    return compare_workbooks(published, reproduced, terms.table())


def _columnar(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    return compare_columnar(published, reproduced, terms.table())


def _pictures(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    del terms
    return compare_images(published, reproduced, PixelBudget())


def _tables(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    return compare_tables(published, reproduced, terms.table())


def _lines(published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    return compare_lines(published, reproduced, terms.tolerance, terms.ignore_lines)


def _is_r(content: bytes, path: str) -> bool:
    return content.startswith(_R_MAGIC) or (path.lower().endswith(_R_NAMES) and content.startswith(_PACKED))


def _is_numpy(content: bytes, path: str) -> bool:
    return content.startswith(b"\x93NUMPY") or (content.startswith(b"PK\x03\x04") and path.lower().endswith(".npz"))


def _is_json(content: bytes, path: str) -> bool:
    del path
    return content[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}


def _is_xml(content: bytes, path: str) -> bool:
    start = content[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<?xml") or (start.startswith(b"<") and path.lower().endswith((".xml", ".gml", ".kml")))


def _is_text(content: bytes, path: str) -> bool:
    del path
    if content.startswith(tuple(_KNOWN_BYTES)):
        return False
    text = decoded(content[:100_000])
    return text is not None and len(_CONTROL.findall(text)) * 50 <= len(text)


def _is_separated(content: bytes, path: str) -> bool:
    return _is_text(content, path) and reads_separated(content, path)


def _data(read: Callable[[bytes], Any]) -> Callable[[bytes, bytes, Terms], Compared | None]:
    return partial(_compare_data, read)


def _compare_data(read: Callable[[bytes], Any], published: bytes, reproduced: bytes, terms: Terms) -> Compared | None:
    compared = compare_data(published, reproduced, terms, read)
    return None if compared is None else replace(compared, original=published, reproduced=reproduced)


COMPARATORS = (
    Comparator("notebook", "text", is_notebook, compare_notebooks),
    Comparator("document", "text", _is_html, compare_documents),
    Comparator("document", "text", _by(is_pdf), compare_pdf_files),
    Comparator("image", "image", _by(is_pdf), compare_pdf_files),
    Comparator("table", "table", _by(is_workbook), _workbooks),
    Comparator("document", "text", _by(is_word_file), compare_word_files),
    Comparator("table", "table", _by(is_columnar), _columnar),
    Comparator("data", "data", _by(is_hdf5), compare_hdf5_files),
    Comparator("data", "data", _by(is_netcdf), compare_netcdf_files),
    Comparator("data", "data", _by(is_tiff), compare_tiff_files),
    Comparator("image", "image", _by(is_tiff), _pictures),
    Comparator("data", "data", _is_r, _data(read_r_file)),
    Comparator("data", "data", _is_numpy, _data(read_numpy)),
    Comparator("data", "data", _is_json, _data(read_json)),
    Comparator("data", "data", _is_xml, _data(read_xml)),
    Comparator("table", "table", _is_separated, _tables),
    Comparator("text", "text", _is_text, _lines),
)


def chosen(published: bytes, reproduced: bytes, path: str, wanted: str) -> list[Comparator]:
    """Return the comparators that recognise both files, in order; of the name `wanted` unless it is `auto`."""
    named = (one for one in COMPARATORS if wanted in {"auto", one.name})
    return [one for one in named if one.recognises(published, path) and one.recognises(reproduced, path)]


def kind_of(content: bytes, path: str) -> str:
    """Return the kind of a file that is not read further."""
    return next((one.kind for one in COMPARATORS if one.recognises(content, path)), "bytes")


def compare_bytes(published: bytes, reproduced: bytes) -> Compared:
    """Say from where on two files differ, and what they are as far as that is known."""
    shorter = min(len(published), len(reproduced))
    first = next(
        (at for at in range(0, shorter, 4096) if published[at : at + 4096] != reproduced[at : at + 4096]), shorter
    )
    first = next((at for at in range(first, min(first + 4096, shorter)) if published[at] != reproduced[at]), shorter)
    known = next((what for magic, what in _KNOWN_BYTES.items() if published.startswith(magic)), "")
    sizes = f"{len(reproduced):,} bytes instead of {len(published):,}, " if len(published) != len(reproduced) else ""
    what = f"it is {known}; " if known else ""
    finding = f"differs from byte {first + 1:,} on; {sizes}{what}only the bytes of such a file are compared"
    return Compared("bytes", Outcome.DIFFERENT, finding, 1.0, published, reproduced)
