"""Files of columns and of arrays: Parquet, Feather, HDF5, NetCDF, rasters."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import arro3.core
import arro3.io
import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.io import netcdf_file

from erc.workers.checker.domain.columnar import compare as columnar
from erc.workers.checker.domain.columnar import reading
from erc.workers.checker.domain.columnar.compare import compare_columnar
from erc.workers.checker.domain.files import compare_content
from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.result import Compared
from erc.workers.checker.domain.tabular.rules import TableRules
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.tolerance import Tolerance

TABLE: dict[str, list[Any]] = {"site": ["a", "b", "c", None], "rain": [1.5, 2.25, None, 4.0], "count": [1, 2, 3, 4]}


def columns(table: Mapping[str, Sequence[Any]], kinds: Mapping[str, Any] | None = None) -> arro3.core.Table:
    types = {str: arro3.core.DataType.string(), float: arro3.core.DataType.float64(), int: arro3.core.DataType.int64()}
    made = {}
    for name, values in table.items():
        kind = next((type(one) for one in values if one is not None), str)
        made[name] = arro3.core.Array(list(values), type=(kinds or {}).get(name, types[kind]))
    return arro3.core.Table.from_pydict(made)


def parquet(table: Mapping[str, Sequence[Any]], kinds: Mapping[str, Any] | None = None, **options: Any) -> bytes:
    kept = io.BytesIO()
    arro3.io.write_parquet(columns(table, kinds), kept, **options)
    return kept.getvalue()


def feather(table: Mapping[str, Sequence[Any]], kinds: Mapping[str, Any] | None = None, **options: Any) -> bytes:
    kept = io.BytesIO()
    arro3.io.write_ipc(columns(table, kinds), kept, **options)
    return kept.getvalue()


def hdf5(write: Callable[[Any], None], **options: Any) -> bytes:
    kept = io.BytesIO()
    with h5py.File(kept, "w", **options) as file:
        write(file)
    return kept.getvalue()


def arrays(history: str = "2020", **values: Any) -> bytes:
    def write(file: Any) -> None:
        file.attrs["history"] = history
        for name, value in values.items():
            file[name.replace("__", "/")] = value

    return hdf5(write)


def netcdf(rain: Any, units: str = "mm", history: str = "2020") -> bytes:
    kept = io.BytesIO()
    values = np.asarray(rain, dtype=np.float32)
    with netcdf_file(kept, "w") as file:
        file.history = history
        for axis, size in enumerate(values.shape):
            file.createDimension(f"d{axis}", size)
        one = file.createVariable("rain", "f4", tuple(f"d{axis}" for axis in range(values.ndim)))
        one[:] = values
        one.units = units
        file.flush()
        return kept.getvalue()


def tiff(values: Any, **options: Any) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(np.asarray(values)).save(kept, "TIFF", **options)
    return kept.getvalue()


def compared(before: bytes, after: bytes, terms: Terms = Terms()) -> Compared:  # noqa: B008
    return compare_content(before, after, "file", PixelBudget(), terms)


def changed(column: str, row: int, value: Any) -> dict[str, list[Any]]:
    return {
        name: [value if (name, at) == (column, row) else one for at, one in enumerate(held)]
        for name, held in TABLE.items()
    }


@pytest.mark.parametrize("made", [parquet, feather])
def test_a_changed_cell_of_columns_is_named(made: Callable[..., bytes]) -> None:
    found = compared(made(TABLE), made(changed("rain", 1, 2.5)))
    assert (found.kind, found.outcome) == ("table", "different")
    assert found.finding == "differs in 1 of 12 cells, first in row 3 “b”, column “rain”: “2.25” became “2.5”"


def test_another_compression_and_another_width_say_the_same() -> None:
    assert compared(parquet(TABLE), parquet(TABLE, compression="zstd(3)")).outcome == "equivalent"
    assert compared(feather(TABLE), feather(TABLE, compression="zstd")).outcome == "equivalent"
    narrow = compared(parquet(TABLE), parquet(TABLE, {"count": arro3.core.DataType.int16()}))
    assert narrow.outcome == "equivalent"
    assert [(one.place, one.rule) for one in narrow.ignored] == [
        ("type of column “count”", "another type of the same kind")
    ]


def test_numbers_that_became_texts_are_said() -> None:
    found = compared(parquet(TABLE), parquet({**TABLE, "count": ["1", "2", "3", "4"]}))
    assert found.outcome == "different"
    assert found.finding.startswith("has the type of column “count” as ")


def test_rows_and_columns_in_another_order_are_said_as_such() -> None:
    turned = {name: list(reversed(held)) for name, held in TABLE.items()}
    assert "holds the same rows in another order" in compared(parquet(TABLE), parquet(turned)).finding
    swapped = {name: TABLE[name] for name in reversed(TABLE)}
    assert "has its columns in another order" in compared(parquet(TABLE), parquet(swapped)).finding
    assert compared(parquet(TABLE), parquet(turned), Terms(any_order=True)).outcome == "equivalent"


def test_many_rows_are_compared_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "HELD_BYTES", 1 << 12)
    many = {"at": list(range(5000)), "x": [at / 7 for at in range(5000)]}
    odd = {**many, "x": [-1.0 if at == 4321 else at / 7 for at in range(5000)]}
    found = compare_columnar(parquet(many), parquet(odd), TableRules())
    assert (found.outcome, found.changed) == ("different", 1)
    assert "row 4,323, column “x”" in found.finding
    assert compare_columnar(parquet(many), parquet(many, compression="zstd(3)"), TableRules()).outcome == "equivalent"


def test_endless_and_damaged_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = parquet(TABLE)
    for bad in (whole[: len(whole) // 2], b"PAR1" + b"\xff" * 200 + b"PAR1", b"ARROW1\0\0" + b"\xff" * 100):
        assert "it cannot be read" in compare_columnar(whole, bad, TableRules()).finding
    monkeypatch.setattr(reading, "MOST_CELLS", 10)
    found = compare_columnar(whole, parquet(changed("count", 0, 9)), TableRules())
    assert (found.outcome, found.finding) == ("uncompared", "could not be compared: it has more than 10 cells")


def test_arrays_are_compared_value_by_value() -> None:
    rain = np.arange(12.0).reshape(3, 4)
    other = rain.copy()
    other[2, 1] = 9.5
    before = arrays(rain=rain, g__names=["a", "b"])
    assert compared(before, arrays("2026", rain=rain.astype("f4"), g__names=["a", "b"])).outcome == "equivalent"
    found = compared(before, arrays(rain=other, g__names=["a", "c"]))
    assert (found.outcome, found.changed) == ("different", 2)
    assert "differs in 2 of 15 values, first at " in found.finding
    assert {one.place for one in found.changes} == {"rain[2, 1]", "g/names[1]"}


def test_what_arrays_lack_and_other_shapes_are_said() -> None:
    rain = np.arange(12.0).reshape(3, 4)
    before = arrays(rain=rain, snow=[1.0])
    assert compared(before, arrays(rain=rain)).finding == "lacks “snow”"
    assert "is 3 × 4 (it is turned)" in compared(before, arrays(rain=rain.T.copy(), snow=[1.0])).finding
    order = compared(before, arrays(rain=rain[::-1].copy(), snow=[1.0]))
    assert order.finding.startswith("holds the values of “rain” in another order")
    assert "as text, not as numbers" in compared(before, arrays(rain=rain, snow=["1.0"])).finding


def test_no_value_is_no_value_whatever_stands_for_it() -> None:
    def write(fill: float) -> Callable[[Any], None]:
        def made(file: Any) -> None:
            one = file.create_dataset("rain", data=np.array([1.0, fill, 3.0]))
            one.attrs["units"] = "mm"

        return made

    assert compared(hdf5(write(np.nan)), hdf5(write(np.nan), libver="latest")).outcome == "equivalent"
    assert compared(hdf5(write(np.nan)), hdf5(write(0.0))).outcome == "different"


def test_netcdf_counts_by_its_values_and_units_not_by_its_history() -> None:
    rain = [[1.0, 2.0], [3.0, 4.0]]
    again = compared(netcdf(rain), netcdf(rain, history="2026: made again"))
    assert (again.outcome, [one.place for one in again.ignored]) == ("equivalent", ["@history"])
    assert "rain[1, 0]" in compared(netcdf(rain), netcdf([[1.0, 2.0], [3.5, 4.0]])).finding
    assert "has another “units” of “rain”: “mm” became “cm”" in compared(netcdf(rain), netcdf(rain, "cm")).finding
    assert "it is damaged" in compared(netcdf(rain), netcdf(rain)[:90]).finding


def test_a_raster_of_measurements_is_data_and_a_photograph_a_picture() -> None:
    heights = np.arange(900, dtype=np.float32).reshape(30, 30)
    other = heights.copy()
    other[3, 4] += 1
    assert "band 1[3, 4]" in compared(tiff(heights), tiff(other)).finding
    assert compared(tiff(heights), tiff(heights, compression="tiff_lzw")).outcome == "equivalent"
    picture = np.zeros((30, 30, 3), dtype=np.uint8)
    found = compared(tiff(picture), tiff(picture, compression="tiff_lzw"))
    assert (found.kind, found.outcome) == ("image", "equivalent")


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (
            lambda f: f.create_dataset("x", (10,), "u1", external=[("/etc/hostname", 0, 10)]),
            "keeps its values in another file",
        ),
        (
            lambda f: f.create_dataset("x", (10**6, 10**6), "f8", chunks=(1000, 1000)),
            "it holds 1,000,000,000,000 values",
        ),
        (lambda f: f.create_dataset("x", (10**6, 10**6), "f8", chunks=(10**4, 10**4)), "pieces that are too large"),
        (lambda f: f.create_group("/".join(["g"] * 80)), "nest too deeply"),
        (lambda f: f.create_virtual_dataset("x", h5py.VirtualLayout((5,), "i8")), "keeps its values in another file"),
    ],
    ids=["external", "huge", "pieces", "deep", "virtual"],
)
def test_hostile_arrays_are_refused(write: Callable[[Any], Any], sentence: str) -> None:
    began = time.process_time()
    found = compared(arrays(x=[1.0]), hdf5(write))
    assert found.outcome == "uncompared"
    assert sentence in found.finding
    assert time.process_time() - began < 5


def test_links_to_other_files_are_not_followed_and_a_group_that_holds_itself_ends() -> None:
    def write(file: Any) -> None:
        file["x"] = [1.0]
        file["out"] = h5py.ExternalLink("/etc/hostname", "/x")
        group = file.create_group("g")
        group["again"] = file["/"]

    assert compared(hdf5(write), hdf5(write, libver="latest")).outcome == "equivalent"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["netcdf", "tiff"]), st.data())
def test_a_damaged_file_gives_a_finding(kind: str, data: st.DataObject) -> None:
    # The readers of HDF5, Parquet and Feather may end their process: the limited child that they run in.
    whole = netcdf([[1.0, 2.0]]) if kind == "netcdf" else tiff(np.ones((9, 9), dtype=np.float32))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert compared(whole, bytes(damaged)).outcome in {"identical", "equivalent", "different", "uncompared"}


numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(numbers, numbers, st.floats(0, 10), st.floats(0, 10))
def test_a_looser_tolerance_finds_no_more(a: list[float], b: list[float], tight: float, more: float) -> None:
    before, after = arrays(x=a), arrays("2026", x=b)
    found = [compared(before, after, Terms(tolerance=Tolerance(absolute=one))).changed for one in (tight, tight + more)]
    assert found[1] <= found[0] or len(a) == 1
    assert compared(before, arrays("2026", x=a)).outcome == "equivalent"
    assert compared(before, after).outcome == compared(after, before).outcome
