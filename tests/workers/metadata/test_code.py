"""Which packages code needs, read without running it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erc.events.errors import Rejected
from erc.schemas.metadata import Description
from erc.schemas.workspace import Entry, Manifest
from erc.workers.code.notebook import read_notebook
from erc.workers.code.python_script import read_python
from erc.workers.code.requirements_txt import read_requirement, read_requirements
from erc.workers.code.rmarkdown import chunks, read_rmarkdown
from erc.workers.code.rscript import read_r
from erc.workers.metadata.domain import describe


def described(files: dict[str, str]) -> Description:
    data = {path: text.encode() for path, text in {"display.html": "", **files}.items()}
    manifest = Manifest(
        Entry(path=path, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data)) for path, data in data.items()
    )
    return describe(manifest, lambda entry: data[entry.path])


def needs(files: dict[str, str]) -> list[str]:
    return [one.name + one.version for one in described(files).dependencies]


def r_packages(code: str) -> list[str]:
    return [one.name for one in read_r(code, "a.R").dependencies]


def notebook(*cells: str, **metadata: object) -> str:
    return json.dumps({"metadata": metadata, "cells": [{"cell_type": "code", "source": cell} for cell in cells]})


@pytest.mark.parametrize(
    ("code", "packages"),
    [
        ("library(sf)", ["sf"]),
        ("library('sf'); require( \"sp\" )", ["sf", "sp"]),
        ("suppressMessages(library(dplyr, warn.conflicts = FALSE))", ["dplyr"]),
        ("library(x, lib.loc = c('a', 'b'))", ["x"]),
        ("if (!requireNamespace('sf', quietly = TRUE)) install.packages('sf')", ["sf"]),
        ("tidyr::gather(x); units:::f; data.table::`:=`(a)", ["tidyr", "units", "data.table"]),
        ("pacman::p_load(sf, 'sp')", ["pacman", "sf", "sp"]),
        ("stats::sd(x); library(grid); base::paste()", []),
        ("# library(sf)\nx <- 'library(sp)' # sp::f", []),
        ('"a # b"; library(sf)', ["sf"]),
        ("'it\\'s'; library(sf)", ["sf"]),
        ('r"(a " library(sp))"; library(sf)', ["sf"]),
        ("for (p in ps) library(p, character.only = TRUE)", []),
        ("library('p', character.only = TRUE)", ["p"]),
        ("mylibrary(sf); x$library", []),
        ("library()", []),
        ("'open text library(sf)", []),
    ],
)
def test_r_packages_are_those_that_code_loads_or_names(code: str, packages: list[str]) -> None:
    assert r_packages(code) == packages


def test_a_dependency_knows_its_line() -> None:
    code = "# one\nx <- 'two\nthree'\n\nlibrary(sf)\n"
    assert [one.source for one in read_r(code, "a.R").dependencies] == ["a.R:5"]
    text = "---\ntitle: x\n---\n\n```{r}\n\nlibrary(sf)\n```\n"
    assert [one.source for one in read_rmarkdown(text, "main.Rmd").dependencies] == ["main.Rmd:7"]


def test_only_chunks_that_run_count() -> None:
    text = (
        "library(prose)\n```r\nlibrary(shown)\n```\n```{r, eval=FALSE}\nlibrary(off)\n```\n"
        "```{r}\n#| label: x\n#| eval: false\nlibrary(off2)\n```\n> ```{r a, fig.cap='x'}\n> library(quoted)\n> ```\n"
        "````{R}\nlibrary(four); '\n```\n'; library(still)\n````\n`r inline::f()` and `code::f`\n```{r}\nlibrary(open)"
    )
    assert [one.name for one in read_rmarkdown(text, "a.Rmd").dependencies] == [
        "quoted",
        "four",
        "still",
        "inline",
        "open",
    ]


def test_other_r_files_count_and_hidden_folders_do_not() -> None:
    files = {"main.Rmd": "", "R/f.R": "library(sf)", "renv/activate.R": "library(renv)", ".git/x.R": "library(git)"}
    assert needs(files) == ["sf"]


def test_python_imports_lose_the_standard_library_and_local_modules() -> None:
    script = "import os, numpy as np\nfrom sklearn.svm import SVC\nimport tools.plots, urllib2\nfrom . import near\nimport yaml\n"
    files = {
        "main.py": script,
        "tools/__init__.py": "",
        "tools/plots.py": "import matplotlib.pyplot\nfrom .deep import x\nimport tools\n",
        "tools/deep.py": "def f():\n    import scipy\n",
        "near.py": "import pandas",
        "unused.py": "import unused_package",
    }
    assert sorted(needs(files)) == ["PyYAML", "matplotlib", "numpy", "pandas", "scikit-learn", "scipy"]


def test_local_modules_of_a_notebook_are_followed() -> None:
    assert needs({"main.ipynb": notebook("import near"), "near.py": "import pandas"}) == ["pandas"]


def test_python_2_is_read_line_by_line_with_a_warning() -> None:
    found = read_python("print 'x'\nimport numpy, os\n  from scipy import x\n", "a.py")
    assert [(one.name, one.source) for one in found.dependencies] == [("numpy", "a.py:2"), ("scipy", "a.py:3")]
    assert "does not parse" in found.warnings[0]


def test_requirements_come_first_and_cover_the_imports() -> None:
    requirements = "# comment\nnumpy == 2.1  # why\nScikit_Learn>=1,<2 ; python_version > '3'\n\npillow\n"
    files = {"main.py": "import numpy, sklearn, PIL, pandas", "requirements.txt": requirements}
    assert needs(files) == ["numpy==2.1", "Scikit_Learn>=1,<2", "pillow", "pandas"]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "-r other.txt",
            "-e .",
            "--index-url https://example.org",
            "git+https://example.org/x",
            "x @ https://example.org",
        ),
        *("./local", "x.whl/", "https://example.org/x.tar.gz", "a b", "numpy==", "numpy=1", "-", "$(id)", "../x"),
    ],
)
def test_options_addresses_and_files_are_not_taken(line: str) -> None:
    found = read_requirements("numpy==1\n" + line, "requirements.txt")
    assert [one.name for one in found.dependencies] == ["numpy"]
    assert found.warnings[0].startswith("Line 2 of")


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("a", "a", ""),
        ("zope.interface==5.*", "zope.interface", "==5.*"),
        ("uvicorn[standard] ~= 0.3", "uvicorn", "~=0.3"),
        ("x (>=1, !=1.5)", "x", ">=1,!=1.5"),
        ("torch==2.1+cpu ; sys_platform == 'linux'", "torch", "==2.1+cpu"),
    ],
)
def test_a_requirement_is_a_name_and_a_version(text: str, name: str, version: str) -> None:
    dependency = read_requirement(text, "here")
    assert dependency is not None
    assert (dependency.name, dependency.version, dependency.source) == (name, version, "here")


def test_hashes_and_continued_lines_are_understood() -> None:
    found = read_requirements("a==1 \\\n  --hash=sha256:00 \\\n  --hash=sha256:11\nb", "r.txt")
    assert [(one.name, one.version, one.source) for one in found.dependencies] == [
        ("a", "==1", "r.txt:1"),
        ("b", "", "r.txt:4"),
    ]


def test_magic_lines_of_a_notebook_are_no_faults() -> None:
    found = read_notebook(
        notebook(
            "%matplotlib inline\nimport numpy\nif x:\n    !ls\nfiles = !ls\nnumpy?",
            "%%time\nimport scipy",
            "%%bash\nls",
        ),
        "a.ipynb",
    )
    assert [(one.name, one.source) for one in found.dependencies] == [
        ("numpy", "a.ipynb:cell 1"),
        ("scipy", "a.ipynb:cell 2"),
    ]
    assert found.warnings == []


def test_an_installing_cell_is_a_hint_with_a_warning() -> None:
    found = read_notebook(
        notebook("%pip install -q 'numpy==2.1' -r x.txt git+https://example.org/y\n!pip install scipy"), "a.ipynb"
    )
    assert [(one.name, one.version) for one in found.dependencies][:1] == [("numpy", "==2.1")]
    assert "scipy" in [one.name for one in found.dependencies]
    assert "requirements.txt" in found.warnings[0]


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"kernelspec": {"name": "ir"}},
        {"language_info": {"name": "julia"}},
    ],
)
def test_a_notebook_for_another_kernel_is_refused(metadata: dict[str, object]) -> None:
    with pytest.raises(Rejected) as caught:
        read_notebook(notebook("x", **metadata), "a.ipynb")
    assert caught.value.problem.code == "kernel_unsupported"


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"cells": NaN}', '{"cells": [1, {"source": [2]}]}'])
def test_a_broken_notebook_is_no_loss(text: str) -> None:
    assert read_notebook(text, "a.ipynb").dependencies == []


def test_a_notebook_tells_title_authors_and_abstract() -> None:
    cells = [{"cell_type": "markdown", "source": ["# Tides\n", "\n", "They come and go.\n", "\n", "More."]}]
    found = read_notebook(json.dumps({"metadata": {"authors": [{"name": "Ada"}]}, "cells": cells}), "a.ipynb")
    assert found.header == {"title": "Tides", "author": [{"name": "Ada"}], "description": "They come and go."}


def test_an_old_notebook_keeps_its_cells_in_worksheets() -> None:
    sheet = {"cells": [{"cell_type": "code", "input": ["import numpy"]}]}
    assert [one.name for one in read_notebook(json.dumps({"worksheets": [sheet]}), "a.ipynb").dependencies] == ["numpy"]


HOSTILE: dict[str, tuple[Callable[..., object], str]] = {
    "words": (
        read_rmarkdown,
        "---\ntitle: '" + "a" * 50_000 + "'\nauthor: '" + "a," * 50_000 + "'\n---\n" + "a" * 50_000,
    ),
    "links": (read_rmarkdown, "---\ntitle: '" + "[a](" * 50_000 + "'\n---\n" + "`r " * 50_000),
    "fences": (read_rmarkdown, "`" * 50_000 + "\n" + "```{r" * 50_000),
    "r quotes": (read_r, '"\\' * 50_000),
    "r raw texts": (read_r, 'r"(' * 50_000),
    "r words": (read_r, "a" * 50_000 + ":" * 50_000),
    "r calls": (read_r, "library(" * 50_000 + " " * 50_000),
    "r writes": (read_r, "png(a," * 50_000),
    "python nesting": (read_python, "(" * 50_000),
    "python signs": (read_python, "-" * 50_000),
    "python dots": (read_python, "from " + "." * 50_000 + " import a"),
    "python digits": (read_python, "1" * 50_000),
    "requirement": (
        read_requirements,
        "a" * 50_000 + "\n" + "a-" * 50_000 + "\n" + "a" + " " * 50_000 + "(\n" + "a==1," * 50_000,
    ),
    "magic": (read_notebook, notebook("a," * 50_000 + "=", "!" + "pip install " * 10_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_fifty_thousand_of_anything_take_no_time(name: str) -> None:
    function, text = HOSTILE[name]
    started = time.process_time()
    function(text, "a")
    assert time.process_time() - started < 2


@settings(max_examples=300, deadline=None)
@given(st.text("ab\n\"'`\\#(){}[]rR-:,=~ >|", max_size=200))
def test_any_text_is_read_as_any_code(text: str) -> None:
    read_r(text, "a")
    read_python(text, "a")
    read_requirements(text, "a")
    count = text.count("\n") + 1
    assert all(1 <= chunk.line <= count + 1 for chunk in chunks(text))
    for dependency in read_rmarkdown(text, "a").dependencies:
        assert 1 <= int(dependency.source.removeprefix("a:")) <= count
