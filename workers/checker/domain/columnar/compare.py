"""Compares Parquet, Feather and Arrow files: the types of their columns, then their rows as those of any table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from erc.schemas.check import Outcome
from erc.workers.checker.domain.columnar.reading import Column, Columnar, ColumnarError
from erc.workers.checker.domain.result import CHANGES_KEPT, Change, Compared
from erc.workers.checker.domain.tabular.compare import TableFound, compare_table
from erc.workers.checker.domain.tabular.result import as_compared
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.tabular.streamed import compare_streams
from erc.workers.checker.domain.tabular.table import Table

HELD_BYTES = 8 << 20
"""How much text the rows of a file may be to be held, so that they may be found again anywhere."""
_NUMBERS = ("int", "uint", "float", "decimal")
_KINDS = (("number", _NUMBERS), ("text", ("utf8", "largeutf8", "utf8view", "dictionary")))


def compare_columnar(published: bytes, reproduced: bytes, rules: TableRules) -> Compared:
    """Compare two files that are held."""
    heads = published[:8], reproduced[:8]
    found = compare_columnar_streams((io.BytesIO(published), heads[0]), (io.BytesIO(reproduced), heads[1]), rules)
    return replace(found, original=published, reproduced=reproduced)


def compare_columnar_streams(
    published: tuple[BinaryIO, bytes], reproduced: tuple[BinaryIO, bytes], rules: TableRules
) -> Compared:
    """Compare two files, each given with its first bytes, in bounded memory."""
    try:
        theirs, ours = Columnar(*published), Columnar(*reproduced)
        types = _types(theirs.columns, ours.columns)
        found = _rows(theirs, ours, rules)
    except ColumnarError as error:
        return Compared("table", Outcome.UNCOMPARED, f"could not be compared: {error}", 1.0)
    return _with_types(as_compared(found, None, None), types)


def _rows(theirs: Columnar, ours: Columnar, rules: TableRules) -> TableFound:
    """Compare the rows: held where they are few enough, else as they come."""
    held = _start(theirs), _start(ours)
    if max(map(len, held)) <= HELD_BYTES:
        return compare_table(_table(held[0]), _table(held[1]), rules)
    sides = (_Joined(held[0], theirs), _Joined(held[1], ours))
    found = compare_streams(*sides, rules)  # type: ignore[arg-type]
    if found is None:
        raise ColumnarError("a row of it is too long")
    return found


def _start(stream: Columnar) -> bytes:
    """Read until there is too much to be held, or nothing more."""
    pieces: list[bytes] = []
    size = 0
    while size <= HELD_BYTES and (piece := stream.read(HELD_BYTES)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


class _Joined:
    """What was read of a stream already, and the rest of it."""

    def __init__(self, held: bytes, rest: Columnar) -> None:
        self._held, self._rest = io.BytesIO(held), rest

    def read(self, size: int) -> bytes:
        return self._held.read(size) or self._rest.read(size)


def _table(text: bytes) -> Table:
    csv.field_size_limit(1 << 20)
    rows = [tuple(row) for row in csv.reader(io.StringIO(text.decode(), newline=""), delimiter="\t")]
    return Table(rows[0] if rows else (), rows[1:], 2)


def _types(a: Sequence[Column], b: Sequence[Column]) -> list[Change]:
    """Return the columns that both have with another type; the rule says when that does not count."""
    before = {column.name: column.type for column in a}
    changed = [(one.name, before[one.name], one.type) for one in b if before.get(one.name, one.type) != one.type]
    return [
        Change(f"type of column “{name[:60]}”", old, new, "another type of the same kind" if _alike(old, new) else "")
        for name, old, new in changed
    ]


def _alike(a: str, b: str) -> bool:
    return _kind(a) == _kind(b)


def _kind(name: str) -> str:
    plain = name.lower()
    return next((kind for kind, starts in _KINDS if plain.startswith(starts)), plain.partition("(")[0])


def _with_types(compared: Compared, types: Sequence[Change]) -> Compared:
    """Say which columns have another type: of the same kind it is listed, else it counts."""
    listed, counted = [one for one in types if one.rule], [one for one in types if not one.rule]
    ignored = (*listed, *compared.ignored)[:CHANGES_KEPT]
    compared = replace(compared, ignored=ignored, ignored_count=compared.ignored_count + len(listed))
    if not counted:
        return compared
    first = counted[0]
    also = f" and {compared.finding}" if compared.outcome is Outcome.DIFFERENT else ""
    return replace(
        compared,
        outcome=Outcome.DIFFERENT,
        finding=f"has the {first.place} as {first.reproduced}, not as {first.published}{also}",
        measure=max(compared.measure, 0.01),
        changes=(*counted, *compared.changes)[:CHANGES_KEPT],
        changed=compared.changed + len(counted),
    )
