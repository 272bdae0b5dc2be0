"""Which file is run and which file shows its result."""

from __future__ import annotations

import hashlib

import pytest

from erc.events.errors import Rejected
from erc.schemas.metadata import Description, Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.metadata.domain import describe

NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4}'


def described(*empty: str, **written: bytes) -> Description:
    """Describe a workspace of empty files and of files with content (`main_R=b"…"` is `main.R`)."""
    files = dict.fromkeys(empty, b"") | {name.replace("_", "."): data for name, data in written.items()}
    manifest = Manifest(
        Entry(path=path, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data)) for path, data in files.items()
    )
    return describe(manifest, lambda entry: files[entry.path])


def refusal(*empty: str, **written: bytes) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        described(*empty, **written)
    return caught.value.problem.code, caught.value.problem.title + ": " + caught.value.problem.detail


def warned(description: Description, *words: str) -> bool:
    return any(all(word in warning for word in words) for warning in description.warnings)


@pytest.mark.parametrize(
    ("paths", "main", "kind"),
    [
        (["main.R", "main.Rmd", "a.Rmd"], "main.Rmd", Kind.RMARKDOWN),
        (["main.py", "main.R"], "main.R", Kind.R_SCRIPT),
        (["paper.Rmd"], "paper.Rmd", Kind.RMARKDOWN),
        (["b.Rmd", "a.Rmd"], "a.Rmd", Kind.RMARKDOWN),
        (["functions.R", "paper.Rmd"], "paper.Rmd", Kind.RMARKDOWN),
        (["R/a.R", "paper.rmd"], "paper.rmd", Kind.RMARKDOWN),
        (["code/run.py"], "code/run.py", Kind.PYTHON_SCRIPT),
        (["a/main.py", "b.py"], "a/main.py", Kind.PYTHON_SCRIPT),
        ([".git/main.Rmd", "renv/main.R", "setup.py", "run.py"], "run.py", Kind.PYTHON_SCRIPT),
    ],
)
def test_the_main_file_is_chosen_by_name_then_depth_then_alphabet(paths: list[str], main: str, kind: Kind) -> None:
    description = described(*paths, "display.html")
    assert (description.main, description.kind) == (main, kind)


def test_the_files_that_were_not_chosen_are_named() -> None:
    assert warned(described("a.Rmd", "b.Rmd"), "a.Rmd", "b.Rmd", "`main`")
    assert not warned(described("main.Rmd", "b.Rmd"), "b.Rmd")


def test_a_workspace_without_code_is_refused() -> None:
    code, sentence = refusal("data.csv", "README.md")
    assert code == "main_missing"
    assert "R Markdown" in sentence


@pytest.mark.parametrize(
    ("erc", "code"),
    [
        (b"main: other.Rmd", "main_missing"),
        (b"main: data.csv", "main_unsupported"),
        (b"main: main.Rmd\ndisplay: main.Rmd", "main_is_display"),
        (b"main: ./main.Rmd\ndisplay: main.Rmd", "main_is_display"),
        (b"display: main.Rmd", "main_is_display"),
        (b"main: ../main.Rmd", "erc_yml_invalid"),
        (b"display: /etc/passwd", "erc_yml_invalid"),
    ],
)
def test_what_erc_yml_names_must_fit(erc: bytes, code: str) -> None:
    assert refusal("main.Rmd", "data.csv", erc_yml=erc)[0] == code


def test_a_named_display_that_is_not_published_is_kept_with_a_warning() -> None:
    description = described("main.Rmd", "display.html", erc_yml=b"display: other.html")
    assert description.display == "other.html"
    assert warned(description, "other.html", "not in the workspace")


@pytest.mark.parametrize(
    ("paths", "display"),
    [
        (["main.Rmd", "display.html", "main.html"], "display.html"),
        (["paper.Rmd", "paper.html", "other.html"], "paper.html"),
        (["paper.Rmd", "result.html", "figure.png"], "result.html"),
        (["doc/paper.Rmd", "doc/paper.html", "a.html"], "doc/paper.html"),
        (["main.R", "display.png", "main.png"], "display.png"),
        (["run.R", "run.svg", "other.png"], "run.svg"),
        (["run.py", "figure.png", "data.csv"], "figure.png"),
    ],
)
def test_the_published_display_file_is_found(paths: list[str], display: str) -> None:
    assert described(*paths).display == display


@pytest.mark.parametrize(("main", "display"), [("main.Rmd", "display.html"), ("doc/paper.Rmd", "doc/paper.html")])
def test_without_a_published_display_the_one_that_a_run_makes_is_meant(main: str, display: str) -> None:
    description = described(main, "a.html", "b.html")
    assert description.display == display
    assert warned(description, "no published display", "a.html, b.html")


def test_a_notebook_shows_its_result_in_html() -> None:
    assert described("paper.html", "x.html", paper_ipynb=NOTEBOOK).display == "paper.html"
    assert described(main_ipynb=NOTEBOOK).display == "display.html"


def test_a_script_shows_what_it_writes_rather_than_what_lies_around() -> None:
    description = described("a.png", "b.png", "logo.png", main_R=b'ggsave("b.png", plot)')
    assert description.display == "b.png"
    assert warned(description, "“b.png” was taken as the display file")


def test_a_script_that_says_what_it_writes_needs_no_published_file() -> None:
    description = described("data.csv", main_py=b"plt.savefig('figure.png')")
    assert description.display == "figure.png"
    assert warned(description, "no published display", "figure.png")


def test_a_script_without_any_result_is_refused() -> None:
    code, sentence = refusal("main.R", "data.csv", "a.png", "b.png")
    assert code == "display_missing"
    assert "a.png, b.png" in sentence
