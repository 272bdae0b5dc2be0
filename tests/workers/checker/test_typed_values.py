"""Values of files that know their types differ where they differ, however they would look as text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import arro3.core
import arro3.io
import h5py
import numpy as np
import pytest

from erc.workers.checker.domain.columnar.compare import compare_columnar
from erc.workers.checker.domain.data_files import compare_data, read_json, read_numpy
from erc.workers.checker.domain.grid.files import compare_hdf5_files
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.terms import PLAIN

TEXT = arro3.core.DataType.string()
Write = Callable[[Any], None]


def columns(values: Any) -> bytes:
    kept = io.BytesIO()
    made = arro3.core.Array(values, type=TEXT) if isinstance(values, list) else arro3.core.Array.from_numpy(values)
    arro3.io.write_parquet(arro3.core.Table.from_pydict({"value": made}), kept)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (["1.10"], ["1.1"]), (["1e3"], ["1000"]), (["5%"], ["0.05"]), ([""], [None]), (["NA"], [None]),
        (["TRUE"], ["true"]), (["x" * 200_000 + "1"], ["x" * 200_000 + "2"]),
        (np.array([1, 5], "M8[ns]"), np.array([1, 6], "M8[ns]")), (np.array([5], "m8[ns]"), np.array([6], "m8[ns]")),
        (np.array([2**64 - 1], "u8"), np.array([2**64 - 2], "u8")),
    ],
)  # fmt: skip
def test_columns_hold_other_values(a: Any, b: Any) -> None:
    assert compare_columnar(columns(a), columns(b), TableRules()).outcome == "different"
    assert compare_columnar(columns(a), columns(a) + b"", TableRules()).outcome == "equivalent"


def hdf5(write: Write) -> bytes:
    kept = io.BytesIO()
    with h5py.File(kept, "w") as file:
        write(file)
    return kept.getvalue()


def holding(value: Any, **attributes: Any) -> Write:
    def write(file: Any) -> None:
        file.create_dataset("x", data=value).attrs.update(attributes)

    return write


def group(name: str, **attributes: Any) -> Write:
    return lambda file: file.create_group(name).attrs.update(attributes)


def referring(name: str) -> Write:
    def write(file: Any) -> None:
        file["a"], file["b"] = 1, 2
        file.create_dataset("led", data=file[name].ref, dtype=h5py.ref_dtype)

    return write


def listing(*values: float) -> Write:
    def write(file: Any) -> None:
        file.create_dataset("x", (1,), dtype=h5py.vlen_dtype("f8"))[0] = list(values)

    return write


def naming(**names: int) -> Write:
    return lambda file: file.create_dataset("x", (1,), dtype=h5py.enum_dtype(names))


ARRAYS = {
    "groups": (group("a"), group("b")),
    "attributes of a group": (group("a", unit="m"), group("a", unit="km")),
    "no values": (holding(h5py.Empty("f")), lambda _: None),
    "long lists": (listing(*range(1000), 1.0), listing(*range(1000), 2.0)),
    "long texts": (holding("a" * 2000 + "1"), holding("a" * 2000 + "2")),
    "bytes that are no text": (holding(np.bytes_(b"\xff")), holding(np.bytes_(b"\xfe"))),
    "names of values": (naming(R=0, G=1), naming(B=0, G=1)),
    "references": (referring("a"), referring("b")),
    "class": (holding([1], CLASS="IMAGE"), holding([1], CLASS="PALETTE")),
    "date of the data": (holding([1], date="2020-01-01"), holding([1], date="2020-01-02")),
    "part of a complex number": (holding([complex(np.nan, 1)]), holding([complex(np.nan, 2)])),
    "shape of an attribute": (holding([1], k=[[1, 2], [3, 4]]), holding([1], k=[1, 2, 3, 4])),
}


@pytest.mark.parametrize("pair", ARRAYS.values(), ids=ARRAYS)
def test_arrays_hold_other_values(pair: tuple[Write, Write]) -> None:
    before, after = map(hdf5, pair)
    assert compare_hdf5_files(before, after, PLAIN).outcome == "different"
    assert compare_hdf5_files(before, before, PLAIN).outcome == "equivalent"


def records(names: str, *values: Any) -> bytes:
    kept = io.BytesIO()
    np.save(kept, np.array([values], dtype=[(name, type(value)) for name, value in zip(names, values, strict=True)]))
    return kept.getvalue()


def test_records_of_numpy_are_compared_by_their_fields() -> None:
    def outcome(a: bytes, b: bytes) -> str:
        found = compare_data(a, b, PLAIN, read_numpy)
        assert found is not None
        return found.outcome.value

    assert outcome(records("ab", 1, 2.5), records("ab", 1, 2.5)) == "equivalent"
    assert outcome(records("ab", 1, 2.5), records("ab", 1, 3.5)) == "different"
    assert outcome(records("ab", 1, 2), records("ba", 1, 2)) == "different"


def test_a_name_that_comes_again_in_json_counts() -> None:
    found = compare_data(b'{"a": 1, "a": 2}', b'{"a": 3, "a": 2}', PLAIN, read_json)
    assert found is not None
    assert found.outcome == "different"
    same = compare_data(b'{"a": 1, "a": 2, "b": 3}', b'{"b": 3, "a": 1, "a": 2.0}', PLAIN, read_json)
    assert same is not None
    assert same.outcome == "equivalent"
