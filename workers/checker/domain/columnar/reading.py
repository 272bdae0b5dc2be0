"""Reads Parquet, Feather and Arrow files batch by batch, as tab-separated rows that are written while they are read."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import arro3.core
import arro3.io

from erc.workers.checker.domain.tabular.cells import cell_key

PARQUET, FEATHER = b"PAR1", b"ARROW1"
BATCH_ROWS = 1024
MOST_CELLS = 20_000_000
"""How many cells of a file are read."""
MOST_COLUMNS = 10_000
CELL_CHARACTERS = 100_000
_NANOSECONDS = re.compile(r"(?:Timestamp|Duration)\(ns|(?:Time|Timestamp|Duration)\(Nanosecond", re.IGNORECASE)


class ColumnarError(ValueError):
    """Why such a file cannot be compared, in words."""


@dataclass(frozen=True)
class Column:
    """The name of a column and its type, as people write it."""

    name: str
    type: str


class Columnar(io.RawIOBase):
    """A file of columns as a stream of tab-separated rows with a header; raises ColumnarError, while it is read too."""

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        super().__init__()
        self._batches, self.columns = _opened(file, head)
        self._rest = b""
        self._rows = self._written()

    def readable(self) -> bool:
        """It can be read, in order only."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`, none at the end."""
        while not self._rest or size < 0:
            piece = next(self._rows, b"")
            if not piece:
                break
            self._rest += piece
        size = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def _written(self) -> Iterator[bytes]:
        yield _lines([[column.name for column in self.columns]])
        room = MOST_CELLS
        while True:
            batch = _next(self._batches)
            if batch is None:
                return
            room -= batch.num_rows * max(1, batch.num_columns)
            if room < 0:
                raise ColumnarError(f"it has more than {MOST_CELLS:,} cells")
            columns = list(map(_cells, batch.columns))
            if columns and batch.num_rows:
                yield _lines(list(zip(*columns, strict=True)))


def is_columnar(content: bytes) -> bool:
    """Return whether bytes begin as such a file."""
    return content.startswith((PARQUET, FEATHER))


def _opened(file: BinaryIO, head: bytes) -> tuple[Any, list[Column]]:
    try:
        if head.startswith(PARQUET):
            reader = arro3.io.read_parquet(file, batch_size=BATCH_ROWS)
        else:
            reader = arro3.io.read_ipc(file)
        schema: Any = reader.schema
        columns = [Column(str(one.name), _type(one.type)) for one in schema]
    except BaseException as error:  # the reader's panics are no `Exception`
        raise _unreadable(error) from error
    if len(columns) > MOST_COLUMNS:
        raise ColumnarError(f"it has more than {MOST_COLUMNS:,} columns")
    return reader, columns


def _next(batches: Any) -> Any:
    try:
        return next(iter(batches), None)
    except BaseException as error:
        raise _unreadable(error) from error


def _unreadable(error: BaseException) -> BaseException:
    """Return the error for a reader that failed; what ends the process stays as it is."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | GeneratorExit | ColumnarError):
        return error
    return ColumnarError("it cannot be read: it is damaged, or written in a way that is not known")


def _type(value: Any) -> str:
    return str(value).removeprefix("arro3.core.DataType<").strip().removesuffix(">")


def _cells(column: Any) -> list[str]:
    cells = list(map(_cell, column))
    if not _NANOSECONDS.search(str(column.type)):
        return cells
    # Python's times end at microseconds, so that what is finer stands behind them
    counted = (one.as_py() for one in column.cast(arro3.core.DataType.int64()))
    pairs = zip(cells, counted, strict=True)
    return [f"{cell} + {count % 1000} ns" if count is not None and count % 1000 else cell for cell, count in pairs]


def _cell(scalar: Any) -> str:
    """Return a value as a cell: no value as nothing, lists and records as JSON."""
    value = scalar.as_py()
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes):
        return _short(f"bytes {value.hex()}")
    if isinstance(value, dict | list):
        return _short(json.dumps(value, default=str, ensure_ascii=False))
    return _short(_text(value) if isinstance(value, str) else str(value))


def _text(value: str) -> str:
    """Return a text so that it is not taken for a number, a truth value or for none: `1.10` is not `1.1` here."""
    plain = cell_key(value) != value.strip() or value.strip().isdecimal()
    return f"“{value}”" if plain else value


def _short(text: str) -> str:
    """Cut a long text, and keep by its digest what was cut."""
    if len(text) <= CELL_CHARACTERS:
        return text
    return f"{text[:CELL_CHARACTERS]}… {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def _lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
