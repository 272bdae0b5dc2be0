"""What is in binary files, told without running any of it."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rdata
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from erc.events.errors import Rejected
from erc.gateway.inspecting.door import inspected
from erc.schemas.workspace import Entry, Manifest

SAMPLES = Path(str(rdata.TESTDATA_PATH)) / "generated"


def told(path: Path, extension: str, names: list[str] | None = None, rows: int | None = None) -> dict[str, Any]:
    document = json.loads(inspected(path, extension, names or [], rows))
    return {one["name"]: one["value"] for one in document["objects"]}


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ("vector", [1, 2, 3]),
        ("logical", [True, True, False, True, False]),
        ("nullable_logical", [True, False, None]),
        ("nullable_int", [313, -12, "NA"]),
        ("nan_inf", [0, 0, "NaN", "Inf", "-Inf"]),
        ("na_string", [None]),
        ("complex", ["1+2i", "2+0i", "0+0i", "1+3i", "-0-1i"]),
        ("encoding_latin1", ["cañón"]),
        ("encoding_utf8", ["eĥoŝanĝo ĉiuĵaŭde"]),
        ("factor", ["a", "b", "b"]),
        ("matrix", [[1, 2, 3], [4, 5, 6]]),
        ("list", [[1], ["a", "b", "c"], [2, 3], ["hi"]]),
        ("dataframe", [{"class": "a", "value": 1}, {"class": "b", "value": 2}, {"class": "b", "value": 3}]),
        ("dataframe_rownames", [
            {"class": "a", "value": 1, "_row": "Madrid"},
            {"class": "b", "value": 2, "_row": "Frankfurt"},
            {"class": "b", "value": 3, "_row": "Herzberg am Harz"},
        ]),
        ("empty_dataframe", []),
        ("expression", ["expression(base^exponent)"]),
        ("function_arg", ["function(a) { print(a) }"]),
        ("altrep_wrap_real_class_attribute", ["1970-01-02", "1970-01-03", "1970-01-04"]),
        ("emptyenv", ["<emptyenv>"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["xdr__version_3.rda", "ascii__version_2.rda", "xdr__version_3.rds"])
def test_values_of_r_are_told_as_jsonlite_tells_them(sample: str, value: Any, form: str) -> None:
    extension = form.rpartition(".")[2]
    found = told(SAMPLES / f"test_{sample}__{form}", extension)
    assert list(found.values()) == [value]
    assert list(found) == ["object" if extension == "rds" else f"test_{sample}"]


def test_every_sample_of_the_parser_is_told() -> None:
    samples = [*SAMPLES.glob("*.rda"), *SAMPLES.glob("*.rds")]
    assert len(samples) > 300
    for sample in samples:
        assert told(sample, sample.suffix[1:], rows=2), sample.name


def test_only_the_first_rows_and_the_named_objects_are_told(tmp_path: Path) -> None:
    sample = SAMPLES / "test_altrep_compact_intseq__xdr__version_3.rda"
    assert told(sample, "rda", rows=3) == {"test_altrep_compact_intseq": [0, 1, 2]}
    assert told(sample, "rda", ["other"]) == {}
    assert json.loads(inspected(sample, "rda", ["other"], None))["missing"] == ["other"]
    assert told(SAMPLES / "test_matrix__xdr__version_3.rda", "rda", rows=1) == {"test_matrix": [[1, 2, 3]]}


def test_arrays_of_numpy_are_told(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    assert told(tmp_path / "a.npy", "npy") == {"array": [[0, 1, 2], [3, 4, 5]]}
    table = np.array([(1, 2.5, b"x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "S1")])
    np.savez(tmp_path / "b.npz", x=np.array(float("nan")), y=np.array(["ä", "b"]), z=table)
    assert told(tmp_path / "b.npz", "npz") == {"x": ["NaN"], "y": ["ä", "b"], "z": [[1, 2.5, "eA=="]]}


def test_sheets_are_told(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "First"
    book.active.append(["name", 1, 2.5, True, None, "=1+1"])
    book.create_sheet("Second")
    book.save(tmp_path / "a.xlsx")
    found = told(tmp_path / "a.xlsx", "xlsx")
    assert found == {"First": [["name", 1, 2.5, True, None, None]], "Second": []}


class _Evil:
    def __reduce__(self) -> Any:
        return (Path("pwned").touch, ())


def test_a_pickle_in_an_array_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "evil.npy", np.array([_Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(Rejected, match="Error loading objects"):
        told(tmp_path / "evil.npy", "npy")
    (tmp_path / "plain.npy").write_bytes(pickle.dumps(_Evil()))
    with pytest.raises(Rejected, match="Error loading objects"):
        told(tmp_path / "plain.npy", "npy")
    assert not (tmp_path / "pwned").exists()


HEAD = b"RDX3\nX\n" + struct.pack(">4i", 3, 0x40000, 0x30500, 5) + b"UTF-8"
LISTED = struct.pack(">3i", 0x402, 1, 0x40009) + struct.pack(">i", 1) + b"a"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RDX3\n",
        HEAD,
        HEAD + LISTED + struct.pack(">2i", 14, 2_000_000_000),
        HEAD + LISTED + struct.pack(">2i", 16, -5),
        HEAD + struct.pack(">i", 0xFF + (77 << 8)),
        HEAD + struct.pack(">i", 99),
        gzip.compress(b"RDX3\nX\n" + bytes(1000), mtime=0),
        HEAD + struct.pack(">i", 2) * 5000,
    ],
)
def test_a_broken_file_is_rejected(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "broken").write_bytes(data)
    with pytest.raises((Rejected, MemoryError, RecursionError)):
        told(tmp_path / "broken", "rdata")


@given(st.binary(max_size=200), st.integers(0, 60))
def test_mutated_files_are_told_or_rejected(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated"
    data = (SAMPLES / "test_dataframe__xdr__version_3.rds").read_bytes()
    path.write_bytes(HEAD[: at % 20] + junk + data[at:] if at % 2 else data[:at] + junk)
    try:
        told(path, "rds")
    except (Rejected, MemoryError, RecursionError):
        return


@pytest.fixture
async def compendium(gateway) -> Any:
    files = {
        "data/a.RData": (SAMPLES / "test_dataframe__xdr__version_3.rda").read_bytes(),
        "bomb.rda": gzip.compress(gzip.compress(bytes(1 << 20))),
        "evil.pkl": pickle.dumps(_Evil()),
        "a.txt": b"text",
        "book.xlsx": _bomb(),
    }
    blobs = gateway.services.blobs
    entries = [Entry(path=path, digest=blobs.put(data), size_bytes=len(data)) for path, data in files.items()]
    return await gateway.compendium(candidate=False, manifest=blobs.put(Manifest(entries).document()))


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><Types>&a;</Types>")
    return buffer.getvalue()


async def test_a_file_is_inspected_over_http(gateway, compendium) -> None:
    path = f"/api/v1/inspection/{compendium.id}"
    async with gateway.client() as anybody:
        whole = await anybody.get(path, params={"file": "data/a.RData"})
        some = await anybody.get(path, params={"file": "data/a.RData", "objects": "test_dataframe,,nothing", "rows": 1})
    assert whole.status_code == 200
    assert whole.json()["errors"] == []
    assert whole.json()["test_dataframe"][2] == {"class": "b", "value": 3}
    assert some.json() == {
        "test_dataframe": [{"class": "a", "value": 1}],
        "errors": ["Error: Object 'nothing' does not exist in the file data/a.RData"],
    }


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({}, 400, "Query parameter 'file' missing"),
        ({"file": "../a"}, 400, "file '../a' does not exist in compendium {id}"),
        ({"file": "data/a.RData", "rows": "x"}, 400, "invalid rows parameter"),
        ({"file": "evil.pkl"}, 415, "Files of this kind are not opened here"),
        ({"file": "a.txt"}, 415, "Files of this kind cannot be inspected"),
        ({"file": "bomb.rda"}, 422, "Error loading objects"),
        ({"file": "book.xlsx"}, 422, "Error loading objects"),
    ],
)
async def test_what_cannot_be_inspected_is_refused(gateway, compendium, query, status, said) -> None:
    async with gateway.client() as anybody:
        answer = await anybody.get(f"/api/v1/inspection/{compendium.id}", params=query)
    assert (answer.status_code, answer.json()["error"]) == (status, said.replace("{id}", compendium.id))


async def test_a_candidate_is_inspected_by_those_who_may_see_it(gateway) -> None:
    candidate = await gateway.compendium()
    path = f"/api/v1/inspection/{candidate.id}"
    async with gateway.client() as anybody, gateway.operator() as operator:
        hidden, unknown = await anybody.get(path), await anybody.get("/api/v1/inspection/nothing")
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert unknown.json()["error"] == "compendium 'nothing' does not exist"
        assert (await operator.get(path)).status_code == 400
