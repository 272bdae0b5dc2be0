"""What the description of a whole workspace says."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.events.errors import Rejected
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.metadata.domain import describe

RMD = b"""---
title: "The **speed** of [light](https://example.org)"
author:
  - name: Ada Lovelace
    affiliation: "1"
    orcid: https://orcid.org/0000-0002-1825-0097
  - Charles Babbage
affiliations:
  - id: "1"
    institution: Analytical Society
date: "1 May 2019"
abstract: |
  We measure it.
keywords: light, speed
license: CC-BY-4.0
doi: https://doi.org/10.5281/zenodo.1003346
output: bookdown::html_document2
---

It is `r scales::comma(299792458)`.

```{r setup}
library(ggplot2)
measured <- read.csv("data/measured.csv")
ggsave("figure.png")
```
"""


def manifest_of(files: dict[str, bytes]) -> Manifest:
    return Manifest(
        Entry(path=path, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data)) for path, data in files.items()
    )


def described(files: dict[str, bytes], today: str = "") -> Description:
    return describe(manifest_of(files), lambda entry: files[entry.path], today)


def code_of(run: Callable[[], Description]) -> str:
    with pytest.raises(Rejected) as caught:
        run()
    return caught.value.problem.code


def test_an_r_markdown_paper_is_described() -> None:
    files = {"main.Rmd": RMD, "display.html": b"<p>", "data/measured.csv": b"1", "figure.png": b""}
    description = described(files)
    assert (description.kind, description.main, description.display) == (Kind.RMARKDOWN, "main.Rmd", "display.html")
    assert description.manifest == manifest_of(files).digest
    assert description.warnings == []
    assert [(one.name, one.source) for one in description.dependencies] == [
        ("bookdown", "main.Rmd:1"),
        ("scales", "main.Rmd:20"),
        ("ggplot2", "main.Rmd:23"),
    ]
    o2r = description.o2r
    assert o2r["title"] == "The speed of light"
    assert o2r["creators"] == [
        {"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097", "affiliation": "Analytical Society"},
        {"name": "Charles Babbage"},
    ]
    assert o2r["description"] == "We measure it."
    assert o2r["publication_date"] == "2019-05-01"
    assert o2r["temporal"] == {"begin": "2019-05-01", "end": "2019-05-01"}
    assert o2r["keywords"] == ["light", "speed"]
    assert o2r["license"] == {"text": "CC-BY-4.0", "data": "", "code": "", "metadata": ""}
    assert o2r["identifier"]["doiurl"] == "https://doi.org/10.5281/zenodo.1003346"
    assert o2r["inputfiles"] == ["data/measured.csv"]
    assert o2r["codefiles"] == ["main.Rmd"]
    assert o2r["depends"][2] == {
        "identifier": "ggplot2",
        "version": "",
        "packageSystem": "CRAN",
        "source": "main.Rmd:23",
    }


def test_the_raw_document_keeps_the_raw_names() -> None:
    raw = described({"main.Rmd": RMD, "display.html": b""}).raw
    assert raw["author"][1] == {"name": "Charles Babbage"}
    assert raw["publicationDate"] == "2019-05-01"
    assert raw["file"] == {"filename": "main.Rmd", "filepath": "main.Rmd", "mimetype": "text/markdown"}
    assert raw["r_output"] == ["figure.png"]


def test_erc_yml_wins_over_names_and_header() -> None:
    erc = (
        b"id: light-1\nspec_version: '1'\nmain: paper.Rmd\ndisplay: out/paper.html\nlicenses: {text: MIT, code: MIT}\n"
    )
    description = described({"main.Rmd": RMD, "paper.Rmd": RMD, "out/paper.html": b"", "erc.yml": erc})
    assert (description.main, description.display) == ("paper.Rmd", "out/paper.html")
    assert description.erc_id == "light-1"
    assert description.o2r["license"] == {"text": "MIT", "data": "", "code": "MIT", "metadata": ""}
    assert description.raw["erc"]["licenses"] == {"text": "MIT", "code": "MIT"}


def test_the_day_stands_for_a_missing_date_and_nothing_for_a_missing_day() -> None:
    files = {"main.Rmd": b"", "display.html": b""}
    assert described(files, today="2026-01-02").o2r["publication_date"] == "2026-01-02"
    assert "publication_date" not in described(files).o2r


def test_a_header_that_cannot_be_read_loses_nothing_but_itself() -> None:
    description = described({"main.Rmd": b"---\ntitle: [\n---\n```{r}\nlibrary(sf)\n```\n", "display.html": b""})
    assert [one.name for one in description.dependencies] == ["sf"]
    assert any("not valid YAML" in warning for warning in description.warnings)
    assert description.o2r["title"] == "main"


def test_citation_cff_fills_what_a_script_does_not_say() -> None:
    cff = (
        b"cff-version: 1.2.0\ntitle: Tides\nlicense: Apache-2.0\ndate-released: 2020-02-03\n"
        b"authors:\n- given-names: Ada\n  family-names: Lovelace\n  orcid: https://orcid.org/0000-0002-1825-0097\n"
    )
    o2r = described({"main.R": b"png('main.png')", "main.png": b"", "CITATION.cff": cff}).o2r
    assert o2r["title"] == "Tides"
    assert o2r["creators"] == [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}]
    assert o2r["publication_date"] == "2020-02-03"
    assert o2r["license"]["text"] == "Apache-2.0"


def test_a_python_script_takes_its_title_from_its_docstring() -> None:
    script = b'"""Tides of the sea.\n\nLong text."""\nimport numpy\nnumpy.savetxt("tides.csv", [])\n'
    description = described({"main.py": script, "tides.csv": b"", "data.csv": b""})
    assert description.kind is Kind.PYTHON_SCRIPT
    assert description.display == "tides.csv"
    assert (description.o2r["title"], description.o2r["description"]) == ("Tides of the sea", "Long text.")


def test_latin_1_is_read_with_a_warning() -> None:
    description = described({"main.Rmd": "---\ntitle: Größe\n---\n".encode("latin-1"), "display.html": b""})
    assert description.o2r["title"] == "Größe"
    assert any("not UTF-8" in warning for warning in description.warnings)


def test_a_byte_order_mark_is_no_fault() -> None:
    description = described({"main.Rmd": b"\xef\xbb\xbf" + RMD, "display.html": b""})
    assert description.o2r["title"] == "The speed of light"
    assert description.warnings == []


def test_a_main_file_that_is_too_large_is_not_asked_for() -> None:
    files = {"main.Rmd": b"", "display.html": b""}
    large = Entry(path="main.Rmd", digest="0" * 64, size_bytes=9 << 20)
    asked: list[str] = []
    description = describe(manifest_of(files).with_entries([large]), lambda entry: asked.append(entry.path) or b"")
    assert "main.Rmd" not in asked
    assert any("too large" in warning for warning in description.warnings)


def test_an_erc_yml_that_is_too_large_is_refused_unread() -> None:
    large = Entry(path="erc.yml", digest="0" * 64, size_bytes=(1 << 20) + 1)
    manifest = manifest_of({"main.Rmd": b""}).with_entries([large])
    assert code_of(lambda: describe(manifest, lambda _: b"")) == "erc_yml_invalid"


def test_geojson_tells_the_place() -> None:
    line = json.dumps({"type": "LineString", "coordinates": [[7.5, 52], [8, 51.5]]}).encode()
    point = json.dumps({"type": "Feature", "geometry": {"type": "Point", "coordinates": [7, 51]}}).encode()
    metres = json.dumps({"type": "Point", "coordinates": [400_000, 5_700_000]}).encode()
    files = {"main.Rmd": b"", "a.geojson": line, "b.geojson": point, "c.geojson": metres, "d.geojson": b"["}
    spatial = described(files).o2r["spatial"]
    assert [one["source_file"] for one in spatial["files"]] == ["a.geojson", "b.geojson"]
    assert spatial["files"][1]["geojson"]["geometry"] == {"type": "Point", "coordinates": [7, 51]}
    assert spatial["union"]["geojson"]["bbox"] == [7, 51, 8, 52]


def read_nothing(_: Entry) -> bytes:
    return b""


def test_function_arguments_and_result_travel_to_a_child_and_back() -> None:
    call = partial(describe, manifest_of({"main.Rmd": b"", "display.html": b""}), read_nothing)
    description = pickle.loads(pickle.dumps(call))()
    assert pickle.loads(pickle.dumps(description)) == description


NAMES = ("main.Rmd", "main.R", "main.py", "main.ipynb", "display.html", "erc.yml", "requirements.txt", "CITATION.cff")
PIECES = (
    *(
        b"---\n",
        b"title: ",
        b"author:\n",
        b"  - name: A\n",
        b"```{r}\n",
        b"```\n",
        b"library(",
        b"x::",
        b'"',
        b"'",
        b"#",
        b"\\",
    ),
    *(
        b"import ",
        b"from . import ",
        b"`r ",
        b"!expr ",
        b"&a ",
        b"*a",
        b"\0",
        b"\xed\xa0\x80",
        b"\n",
        b"\t",
        b"{",
        b"[",
        b": ",
    ),
    *(
        b'{"cells":[{"cell_type":"code","source":"',
        b'"}]}',
        b"date: 0000-00-00\n",
        b"[a](",
        b"<",
        b"id: a\n",
        b"main: main.R\n",
    ),
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from((*NAMES, "a.geojson", "sub/x.R", "x.py")),
        st.binary(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join),
    )
)
def test_any_bytes_are_described_or_rejected(files: dict[str, bytes]) -> None:
    try:
        description = described(files)
    except Rejected as refused:
        assert refused.problem.code
        return
    document = description.model_dump_json()
    assert "\\u0000" not in document
    assert Description.model_validate_json(document) == description
    assert description.main in files
    assert description.main != description.display


def test_a_person_chooses_main_and_display_and_their_metadata_stay() -> None:
    files = {"main.R": b"library(sf)\n", "other.py": b"import numpy\n", "display.png": b"", "map.html": b""}
    first = described(files | {"erc.yml": b"main: main.R\ndisplay: display.png\n"})
    chosen = first.model_copy(update={"main": "other.py", "display": "map.html", "o2r": {"title": "Theirs"}})
    read = {**files, "erc.yml": b"main: main.R\ndisplay: display.png\n"}
    again = describe(manifest_of(read), lambda entry: read[entry.path], "", chosen)
    assert (again.main, again.display, again.kind) == ("other.py", "map.html", Kind.PYTHON_SCRIPT)
    assert [one.name for one in again.dependencies] == ["numpy"]
    assert again.o2r == {"title": "Theirs"}
