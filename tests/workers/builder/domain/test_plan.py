"""What environment a workspace gets, and why."""

from __future__ import annotations

import pytest

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.metadata import Dependency, Description, Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.dockerfile import dockerfile
from erc.workers.builder.domain.plan import plan


def planned(
    kind: Kind, main: str, display: str, *needs: tuple[str, str], files: dict[str, bytes] | None = None
) -> Plan:
    content = {main: b"", **(files or {})}
    language = "r" if kind in {Kind.RMARKDOWN, Kind.R_SCRIPT} else "python"
    description = Description(
        kind=kind,
        main=main,
        display=display,
        dependencies=[Dependency(name=name, language=language, source=source) for name, source in needs],
        manifest="0" * 64,
    )
    manifest = Manifest(Entry(path=path, digest="0" * 64, size_bytes=len(text)) for path, text in content.items())
    return plan(description, manifest, content.__getitem__)


def names(result: Plan, system: str) -> list[str]:
    return [package.name for package in result.packages if package.system == system]


def test_r_markdown_gets_r_pandoc_and_its_libraries_with_the_reason() -> None:
    result = planned(Kind.RMARKDOWN, "main.Rmd", "display.html", ("ggplot2", "main.Rmd:12"), ("stats", "main.Rmd:1"))

    assert names(result, "apt") == ["pandoc", "r-base-core", "r-cran-ggplot2", "r-cran-rmarkdown"]
    reasons = {package.name: package.reason for package in result.packages}
    assert reasons["r-cran-ggplot2"] == "library(ggplot2) in main.Rmd:12"


def test_file_names_are_arguments_of_the_command_and_never_part_of_its_code() -> None:
    hostile = 'x");system("id");(".Rmd'

    result = planned(Kind.RMARKDOWN, hostile, "a b.html")

    assert result.command[-2:] == [hostile, "a b.html"]
    assert not any("system" in argument for argument in result.command[:-2])


@pytest.mark.parametrize(
    ("kind", "main"), [(Kind.R_SCRIPT, "-e.R"), (Kind.PYTHON_SCRIPT, "-m.py"), (Kind.NOTEBOOK, "--to.ipynb")]
)
def test_a_file_name_that_looks_like_an_option_is_not_one(kind: Kind, main: str) -> None:
    assert planned(kind, main, "display.html").command[-1] == f"./{main}"


def test_a_document_whose_name_pandoc_would_take_for_an_option_is_refused() -> None:
    with pytest.raises(Rejected, match="name of the main file"):
        planned(Kind.RMARKDOWN, "paper/--lua-filter=x.Rmd", "display.html")


def test_a_notebook_with_glob_and_format_characters_is_still_one_file() -> None:
    command = planned(Kind.NOTEBOOK, "fit[1].ipynb", "out/{x}.html").command

    assert command[-1] == "fit[[]1].ipynb"
    assert "--output={{x}}.html" in command
    assert "--output-dir=./out" in command


def test_a_display_that_the_code_draws_itself_is_not_rendered_over() -> None:
    assert planned(Kind.RMARKDOWN, "main.Rmd", "figure.png").command[-1] == "main.Rmd"


def test_a_notebook_takes_over_requirements_and_adds_what_runs_it() -> None:
    result = planned(
        Kind.NOTEBOOK,
        "main.ipynb",
        "display.html",
        ("numpy", "main.ipynb:1"),
        ("sklearn", "main.ipynb:2"),
        ("json", "main.ipynb:3"),
        ("helpers", "main.ipynb:4"),
        files={
            "main.ipynb": b'{"cells": [{"cell_type": "code", "source": "import helpers"}]}',
            "requirements.txt": b"numpy==2.2.4\n--index-url https://elsewhere.example\n",
            "helpers.py": b"",
        },
    )

    assert result.requirements == "ipykernel\nnbconvert\nnumpy==2.2.4\nscikit-learn\n"
    assert names(result, "apt") == ["python3"]
    assert result.notes == ["requirements.txt:2 is not used: only package names with versions are taken over."]


def test_editing_the_code_keeps_the_environment() -> None:
    one = planned(Kind.R_SCRIPT, "main.R", "display.png", ("sf", "main.R:1"))
    other = planned(Kind.R_SCRIPT, "other.R", "display.png", ("sf", "other.R:20"))

    assert one.key("sha256:0", "linux/amd64") == other.key("sha256:0", "linux/amd64")


def test_a_dockerfile_that_this_service_wrote_is_not_read() -> None:
    ours = dockerfile(planned(Kind.R_SCRIPT, "main.R", "display.png"), "erc-base:bookworm").encode()

    result = planned(Kind.R_SCRIPT, "main.R", "display.png", files={"Dockerfile": ours})

    assert result.suite == "bookworm"
    assert "Dockerfile was written by this service; the plan is made again from the other files." in result.notes


def test_a_missing_main_file_is_refused() -> None:
    description = Description(kind=Kind.R_SCRIPT, main="main.R", display="display.png", manifest="0" * 64)

    with pytest.raises(Rejected, match="main file is not in the workspace"):
        plan(description, Manifest([]), lambda _: b"")


@pytest.mark.parametrize("display", ["../display.html", "/etc/passwd", "a\nb.html", ""])
def test_a_display_outside_the_workspace_is_refused(display: str) -> None:
    with pytest.raises(Rejected) as refusal:
        planned(Kind.RMARKDOWN, "main.Rmd", display)

    assert refusal.value.problem.code == "display_path_unsafe"


@pytest.mark.parametrize("name", ["gg plot", "x;id", "-y", "x\nRUN id", ""])
def test_a_name_that_is_no_r_package_is_refused(name: str) -> None:
    with pytest.raises(Rejected) as refusal:
        planned(Kind.R_SCRIPT, "main.R", "display.png", (name, "main.R:1"))

    assert refusal.value.problem.code == "package_name_invalid"


def test_bioconductor_packages_are_looked_for_where_they_are() -> None:
    result = planned(Kind.R_SCRIPT, "main.R", "display.png", ("limma", "main.R:1"))

    assert "r-bioc-limma" in names(result, "apt")
