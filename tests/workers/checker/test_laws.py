"""What holds for every comparator of files: a file agrees with itself, no direction counts, more room finds no more."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import arro3.core
import arro3.io
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from scipy.io import netcdf_file
from support.pdf_files import a_pdf, lines

from erc.workers.checker.domain.comparators import COMPARATORS
from erc.workers.checker.domain.files import compare_content
from erc.workers.checker.domain.images import PixelBudget
from erc.workers.checker.domain.terms import Terms
from erc.workers.checker.domain.tolerance import Tolerance

Values = list[float]
NAMES = ("oak", "pine", "beech", "birch", "elm", "ash")
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def sentences(values: Values) -> list[str]:
    return [f"The mean height of {name} is {value} metres." for name, value in zip(NAMES, values, strict=False)]


def html(values: Values) -> bytes:
    return f"<!DOCTYPE html><html><body>{''.join(f'<p>{one}</p>' for one in sentences(values))}</body></html>".encode()


def notebook(values: Values) -> bytes:
    outputs = [{"output_type": "stream", "name": "stdout", "text": f"{one}\n"} for one in sentences(values)]
    cell = {"cell_type": "code", "source": "look()", "metadata": {}, "execution_count": 1, "outputs": outputs}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


def word(values: Values) -> bytes:
    kept = io.BytesIO()
    body = "".join(f"<w:p><w:r><w:t>{one}</w:t></w:r></w:p>" for one in sentences(values))
    with zipfile.ZipFile(kept, "w") as held:
        held.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
    return kept.getvalue()


def workbook(values: Values) -> bytes:
    made, kept = Workbook(), io.BytesIO()
    for name, value in zip(NAMES, values, strict=False):
        made.active.append([name, value])
    made.save(kept)
    return kept.getvalue()


def parquet(values: Values) -> bytes:
    kept = io.BytesIO()
    column = arro3.core.Array(values, type=arro3.core.DataType.float64())
    arro3.io.write_parquet(arro3.core.Table.from_pydict({"height": column}), kept)
    return kept.getvalue()


def hdf5(values: Values) -> bytes:
    kept = io.BytesIO()
    with h5py.File(kept, "w") as file:
        file["heights"] = np.array(values)
    return kept.getvalue()


def netcdf(values: Values) -> bytes:
    kept = io.BytesIO()
    file = netcdf_file(kept, "w")
    file.createDimension("tree", len(values))
    file.createVariable("height", "f8", ("tree",))[:] = values
    file.flush()
    return kept.getvalue()


def numpy(values: Values) -> bytes:
    kept = io.BytesIO()
    np.save(kept, np.array(values))
    return kept.getvalue()


def xml(values: Values) -> bytes:
    return f"<?xml version='1.0'?><trees>{''.join(f'<height>{one}</height>' for one in values)}</trees>".encode()


def separated(values: Values) -> bytes:
    rows = (f"{name},{value}" for name, value in zip(NAMES, values, strict=False))
    return "\n".join(["name,height", *rows, ""]).encode()


KINDS: dict[str, tuple[str, Callable[[Values], bytes]]] = {
    "notebook": ("paper.ipynb", notebook),
    "html": ("paper.html", html),
    "pdf": ("paper.pdf", lambda values: a_pdf(lines(*sentences(values)))),
    "word": ("paper.docx", word),
    "workbook": ("trees.xlsx", workbook),
    "parquet": ("trees.parquet", parquet),
    "hdf5": ("trees.h5", hdf5),
    "netcdf": ("trees.nc", netcdf),
    "numpy": ("trees.npy", numpy),
    "json": ("trees.json", lambda values: json.dumps({"height": values}).encode()),
    "xml": ("trees.xml", xml),
    "separated": ("trees.csv", separated),
    "text": ("trees.log", lambda values: "\n".join(sentences(values)).encode()),
}
FOUR = st.lists(st.integers(1000, 9999).map(lambda one: one / 100), min_size=4, max_size=4)


def agrees(kind: str, one: Values, other: Values, relative: float = 0.0) -> bool:
    path, made = KINDS[kind]
    terms = Terms(tolerance=Tolerance(relative=relative))
    return compare_content(made(one), made(other), path, PixelBudget(), terms).agrees


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(one=FOUR, other=FOUR, at=st.integers(0, 3))
def test_a_file_agrees_with_itself_and_no_direction_counts(kind: str, one: Values, other: Values, at: int) -> None:
    changed = [*one[:at], round(one[at] * 1.5 + 1, 2), *one[at + 1 :]]
    assert agrees(kind, one, [*one])
    assert not agrees(kind, one, changed)
    assert not agrees(kind, changed, one)
    assert agrees(kind, one, other) == agrees(kind, other, one)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(one=FOUR, by=st.floats(0, 0.2), tight=st.floats(0, 0.2), more=st.floats(0, 0.2))
def test_more_room_finds_no_more(kind: str, one: Values, by: float, tight: float, more: float) -> None:
    other = [round(value * (1 + by), 2) for value in one]
    if agrees(kind, one, other, tight):
        assert agrees(kind, one, other, tight + more)
    assert agrees(kind, one, other, 0.25)


def test_each_comparator_is_among_these_but_for_pictures_and_what_r_wrote() -> None:
    made = [(path, make([1.25, 2.5, 3.75, 5.0])) for path, make in KINDS.values()]
    known = {next(id(one) for one in COMPARATORS if one.recognises(content, path)) for path, content in made}
    left = [one for one in COMPARATORS if id(one) not in known]
    assert [(one.name, one.kind) for one in left] == [
        ("image", "image"), ("data", "data"), ("image", "image"), ("data", "data"),
    ]  # fmt: skip
