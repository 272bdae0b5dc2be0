from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import rdata
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.workers.checker.domain.terms import PLAIN
from erc.workers.checker.domain.values import compare_values

Check = Callable[..., Any]


def npy(array: Any, **how: Any) -> bytes:
    kept = io.BytesIO()
    np.save(kept, array, **how)
    return kept.getvalue()


def rds(value: Any) -> bytes:
    data = rdata.conversion.convert_python_to_r_data(value)
    return gzip.compress(rdata.unparser.unparse_data(data), mtime=0)


def rds_with(values: Any, **attributes: Any) -> bytes:
    """Return an R vector with attributes as a file; `_` in their names stands for a point."""
    converter = rdata.conversion.ConverterFromPythonToR()
    named = {name.replace("_", "."): np.array(one) for name, one in attributes.items()}
    data = rdata.conversion.convert_python_to_r_data(np.array(values) if isinstance(values, list) else values)
    held = data.object.attributes
    assert held is None or "names" not in named
    if held is not None:
        named["names"] = np.array(list(values))
    data.object.attributes = converter.convert_to_r_attributes(named)
    data.object.info.attributes = True
    return gzip.compress(rdata.unparser.unparse_data(data), mtime=0)


def word(*paragraphs: str, rows: tuple[tuple[str, ...], ...] = (), picture: bytes = b"") -> bytes:
    text = "".join(f"<w:p><w:r><w:t>{one}</w:t></w:r></w:p>" for one in paragraphs)
    cells = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in row) + "</w:tr>"
        for row in rows
    )
    body = text + (f"<w:tbl>{cells}</w:tbl>" if rows else "")
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as held:
        held.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>',
        )
        if picture:
            held.writestr("word/media/image1.png", picture)
    return kept.getvalue()


def notebook(text: str, html: str = "", count: int = 1, source: str = "print(x)") -> bytes:
    outputs = [{"output_type": "stream", "name": "stdout", "text": [text]}]
    outputs += [{"output_type": "display_data", "data": {"text/html": html, "text/plain": "x"}}] if html else []
    cells = [{"cell_type": "code", "execution_count": count, "source": source, "outputs": outputs, "metadata": {}}]
    return json.dumps({"cells": cells, "nbformat": 4, "metadata": {"count": count}}).encode()


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ('{"a": [1, 2]}', '{ "a":[1.0,2]}', ""),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', ""),
        ('{"a": {"b": 4.2}}', '{"a": {"b": 4.3}}', "first at a.b: “4.2” became “4.3”"),
        ('{"a": [1, 2, 3]}', '{"a": [1, 3]}', "first at a[1]: “2” is missing"),
        ('{"a": 1}', '{"a": 1, "b": 2}', "first at b: “2” is new"),
        ('{"id": "12345678901"}', '{"id": "12345678905"}', "first at id: “12345678901” became “12345678905”"),
        ('{"id": "12345678901"}', '{"id": 12345678905}', "first at id"),
        ('{"id": "007"}', '{"id": "7"}', "first at id: “007” became “7”"),
        ('{"id": "007"}', '{"id": 7}', "first at id: “007” became “7”"),
        ('{"version": "1.10"}', '{"version": "1.1"}', "first at version: “1.10” became “1.1”"),
        ('{"mean": "1.10"}', '{"mean": "1.1"}', ""),
        ('{"mean": "0.1"}', '{"mean": "0.10000000000001"}', ""),
        ('{"mean": "4.2"}', '{"mean": 4.2}', ""),
        ('{"a": null}', '{"a": 0}', "“null” became “0”"),
        ('{"a": true}', '{"a": 1}', "“true” became “1”"),
        ('[{"x": 1}]\n', '[{"x": 9007199254740993}]', "became"),
        ('{"a": 1}\n{"a": 2}', '{"a": 1}\n{"a": 3}', "first at [1].a: “2” became “3”"),
    ],
)
def test_json_is_compared_by_its_values(checked: Check, a: str, b: str, said: str) -> None:
    found = checked(a, b, "result.json")
    assert found.verdict == ("differs" if said else "reproduced")
    assert said in found.reason


def test_xml_is_compared_by_its_elements_and_declares_no_entities(checked: Check) -> None:
    page = '<?xml version="1.0"?><r><s id="a">4.2</s><!-- c --><s/></r>'
    assert checked(page, page.replace("><", ">\n <").replace("<!-- c -->", ""), "a.xml").verdict == "reproduced"
    assert "first at r[0].s.content: “4.2” became “4.3”" in checked(page, page.replace("4.2", "4.3"), "a.xml").reason
    others = [("<r>a<text>b</text></r>", "<r>c<text>b</text></r>"), ("<r>a<s/>b</r>", "<r>ab<s/></r>")]
    others += [("<r>x<s/>y<s/>z</r>", "<r>x<s/>z<s/>y</r>"), ("<r><s>1</s><t>2</t></r>", "<r><t>2</t><s>1</s></r>")]
    for one, other in others:
        assert checked(f'<?xml version="1.0"?>{one}', f'<?xml version="1.0"?>{other}', "a.xml").verdict == "differs"
    numbered = '<?xml version="1.0"?><r><id>12345678901</id></r>'
    assert checked(numbered, numbered.replace("901", "905"), "a.xml").verdict == "differs"
    bomb = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><r>&b;</r>'
    assert "declares entities" in checked(bomb, bomb + " ", "a.xml").reason


def test_arrays_of_numpy_are_compared_and_never_unpickled(checked: Check) -> None:
    one = np.arange(6.0).reshape(2, 3)
    other = one.copy()
    other[1, 2] = 5.5
    assert checked(npy(one), npy(one * (1 + 1e-14)), "a.npy").verdict == "reproduced"
    assert "first at values[1][2]: “5.0” became “5.5”" in checked(npy(one), npy(other), "a.npy").reason
    pickled = npy(np.array([object()], dtype=object), allow_pickle=True)
    assert "never loaded" in checked(pickled, pickled + b" ", "a.npy").reason
    huge = npy(one).replace(b"(2, 3)", b"(9999999999, 3)")[: len(npy(one))]
    assert checked(npy(one), huge, "a.npy").outcomes == ["uncompared"]


def test_objects_of_r_are_compared_by_their_values(checked: Check) -> None:
    one = {"mean": np.array([4.2, 5.0]), "name": np.array(["Bonn", "Kiel"])}
    other = {**one, "mean": np.array([4.2, 5.1])}
    assert checked(rds(one), gzip.compress(gzip.decompress(rds(one)), 1), "m.rds").verdict == "reproduced"
    assert "first at mean[1]: “5.0” became “5.1”" in checked(rds(one), rds(other), "m.rds").reason
    assert checked(rds(one), gzip.compress(b"X\n" + b"\0" * 40), "m.rds").outcomes == ["uncompared"]
    bomb = gzip.compress(b"X\n\0\0\0\2" + bytes(200 << 20), 9)
    assert "larger than 128 MiB unpacked" in checked(rds(one), bomb, "m.rds").reason


WORDS, NUMBERS = ["a", "b", "c", "d"], [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (rds_with(NUMBERS, dim=[1, 4]), rds_with(NUMBERS, dim=[4, 1]), "first at @dim[0]: “1” became “4”"),
        (rds_with(WORDS, dim=[2, 2]), rds_with(WORDS, dim=[4, 1]), "first at @dim[0]"),
        (rds_with(NUMBERS, dim=[2, 2]), rds(np.array(NUMBERS)), "became"),
        (rds_with([1.0, 2.0], names=["a", "b"]), rds_with([1.0, 2.0], names=["b", "a"]), "first at a: “1.0” became “2.0”"),
        (rds_with(["x", "y"], names=["a", "b"]), rds_with(["x", "y"], names=["b", "a"]), "first at a: “x” became “y”"),
        (rds_with([1.0, 2.0], names=["a", "a"]), rds_with([3.0, 2.0], names=["a", "a"]), "first at [0][1]: “1.0” became “3.0”"),
        (rds_with([1.0], units=["m"]), rds_with([1.0], units=["km"]), "first at @units[0]: “m” became “km”"),
        (rds_with([1, 2], levels=["m", "f"]), rds_with([1, 2], levels=["f", "m"]), "first at values[0]: “m” became “f”"),
    ],
    ids=["dim", "dim of words", "a matrix no more", "names", "names of words", "names twice", "attribute", "factor"],
)  # fmt: skip
def test_the_shape_and_the_names_of_r_objects_count(checked: Check, a: bytes, b: bytes, said: str) -> None:
    found = checked(a, b, "m.rds")
    assert found.verdict == "differs"
    assert said in found.reason
    assert checked(a, gzip.compress(gzip.decompress(a), 1), "m.rds").verdict == "reproduced"


def test_a_column_called_rows_does_not_hide_the_names_of_the_rows(checked: Check) -> None:
    def frame(*names: str) -> bytes:
        columns = {"rows": np.array([1.0, 2.0]), "v": np.array([3.0, 4.0])}
        return rds_with(columns, row_names=list(names), **{"class": ["data.frame"]})

    found = checked(frame("p", "q"), frame("p", "r"), "m.rds")
    assert "first at @row.names[1]: “q” became “r”" in found.reason


def test_word_files_are_compared_by_their_text_tables_and_pictures(checked: Check) -> None:
    one = word("The mean is 4.2.", "End.", rows=(("city", "mean"), ("Bonn", "4.2")))
    assert (
        checked(one, word("The mean is  4.20.", "End.", rows=(("city", "mean"), ("Bonn", "4.2"))), "p.docx").verdict
        == "reproduced"
    )
    assert (
        "“mean is 4.2.” became “mean is 4.3.”"
        in checked(one, word("The mean is 4.3.", "End.", rows=(("city", "mean"), ("Bonn", "4.2"))), "p.docx").reason
    )
    assert (
        "table 1 differs in 1 of 2 cells"
        in checked(one, word("The mean is 4.2.", "End.", rows=(("city", "mean"), ("Bonn", "4.3"))), "p.docx").reason
    )
    assert "a picture is not the same" in checked(word("a", picture=b"1"), word("a", picture=b"2"), "p.docx").reason


def zipped_with(content: bytes, **members: bytes) -> bytes:
    """Return a zip with further members in the folder `word` or `xl`, named by `__` for a slash and `_` for a point."""
    kept = io.BytesIO(content)
    with zipfile.ZipFile(kept, "a") as held:
        for name, one in members.items():
            held.writestr(name.replace("__", "/").replace("_", "."), one)
    return kept.getvalue()


def test_parts_of_a_word_file_that_are_not_read_are_never_taken_for_equal(checked: Check) -> None:
    one = word("The mean is 4.2.")
    for name in ("word__header1_xml", "word__charts__chart1_xml"):
        found = checked(zipped_with(one, **{name: b"<a/>"}), zipped_with(one, **{name: b"<b/>"}), "p.docx")
        assert found.outcomes == ["uncompared"]
    settings = [zipped_with(one, word__styles_xml=style, docProps__core_xml=style) for style in (b"<a/>", b"<b/>")]
    assert checked(*settings, "p.docx").verdict == "reproduced"
    swapped = [
        zipped_with(one, word__media__a_png=first, word__media__b_png=second)
        for first, second in ((b"1", b"2"), (b"2", b"1"))
    ]
    assert "a picture is not the same" in checked(*swapped, "p.docx").reason


def test_equations_of_a_word_file_are_read(checked: Check) -> None:
    maths = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    one, other = (word(f"a</w:t></w:r><m:t {maths}>x = {n}</m:t><w:r><w:t>") for n in (1, 2))
    assert checked(one, other, "p.docx").verdict == "differs"


def test_notebooks_are_compared_cell_by_cell(checked: Check) -> None:
    one = notebook("mean 4.2\n", "<table><tr><th>k</th><th>v</th></tr><tr><td>a</td><td>1.5</td></tr></table>")
    assert (
        checked(
            one,
            notebook("mean 4.20\n", json.loads(one)["cells"][0]["outputs"][1]["data"]["text/html"], 9),
            "main.ipynb",
        ).verdict
        == "reproduced"
    )
    found = checked(notebook("mean 4.2\n"), notebook("mean 4.3\n"), "main.ipynb")
    assert found.reason == "The output of cell 1 differs in 1 of 1 line, first in line 1: “mean 4.2” became “mean 4.3”."
    assert found.report.comparisons[1].name == "Output of cell 1 (print(x))"
    assert "Table 1 differs in 1 of 2 cells" in checked(one, one.replace(b"1.5", b"1.6"), "main.ipynb").reason
    assert checked(notebook("1"), notebook("1", source="print(y)"), "main.ipynb").verdict == "differs"


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"FEA1\0\1", "a Feather file of the first version"), (b"CDF\x05\0\1", "a NetCDF file of the fifth version")],
)
def test_what_only_bytes_tell_is_explained(checked: Check, content: bytes, what: str) -> None:
    assert (
        f"it is {what}; only the bytes of such a file are compared" in checked(content, content + b"\1", "a.bin").reason
    )


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.floats(-9, 9), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(json_values, json_values)
def test_values_are_equal_to_themselves_and_compared_the_same_both_ways(a: Any, b: Any) -> None:
    assert compare_values(a, json.loads(json.dumps(a)), PLAIN).agrees
    assert compare_values(a, b, PLAIN).agrees == compare_values(b, a, PLAIN).agrees


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"[" * 200_000, "a.json"),
        (b"[" * 900 + b"1" + b"]" * 900, "a.json"),
        (b"[" + b"1," * 400_000 + b"1]", "a.json"),
        (b"<?xml version='1.0'?>" + b"<a>" * 100_000, "a.xml"),
        (b'{"nbformat": 4, "cells": [' + b"[" * 100_000, "a.ipynb"),
        (b"\x93NUMPY\x01\0\xff\xff" + b"(" * 60_000, "a.npy"),
    ],
    ids=["deep", "nested", "long", "deep-xml", "deep-notebook", "header"],
)
def test_hostile_data_gives_a_report_in_bounded_time(checked: Check, content: bytes, path: str) -> None:
    started = time.process_time()
    assert checked(content, content + b" ", path).verdict in {"differs", "reproduced", "not comparable"}
    assert time.process_time() - started < 8
