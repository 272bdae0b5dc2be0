"""Python packages that need more than a wheel: a build from their source, or something of the distribution."""

from __future__ import annotations

import pytest
from support.planning import plan_of

from erc.schemas.environment import PlannedPackage
from erc.workers.builder.domain.dockerfile import dockerfile
from erc.workers.builder.domain.needs import PROGRAMS, SOURCES


def package(files: dict[str, str], name: str) -> PlannedPackage:
    made = plan_of({"main.py": b"", "display.png": b"", **{path: text.encode() for path, text in files.items()}})
    return next(package for package in made.packages if package.name == name)


@pytest.mark.parametrize("name", SOURCES)
def test_a_package_without_wheels_is_built_from_its_source(name: str) -> None:
    assert package({"requirements.txt": f"{name}\n"}, name).source


@pytest.mark.parametrize("name", ["six", "docopt-ng", "psycopg2-binary"])
def test_no_other_code_is_run_while_an_environment_is_built(name: str) -> None:
    assert not package({"requirements.txt": f"--no-binary {name}\n{name}\n"}, name).source


def test_what_a_source_is_built_with_is_planned_and_in_the_stage_that_builds_it() -> None:
    made = plan_of(
        {"main.py": b"", "display.png": b"", "apt.txt": b"jq\n", "requirements.txt": b"six\npsycopg2==2.9.10\n"}
    )
    headers = next(package for package in made.packages if package.name == "libpq-dev")
    assert (headers.reason, headers.path, headers.line) == ("psycopg2 is built with it", "requirements.txt", 2)

    stage, _, image = dockerfile(made, "erc-base:bookworm").partition("\nFROM ")
    assert "--no-binary psycopg2" in stage
    assert "libpq-dev" in stage
    assert "build-essential" in stage
    assert "jq" not in stage
    assert "libpq-dev" in image
    assert "build-essential" not in image


@pytest.mark.parametrize(("name", "needed"), [(name, one) for name, needs in PROGRAMS.items() for one in needs])
def test_what_a_wheel_calls_is_planned_where_the_wheel_is(name: str, needed: str) -> None:
    found = package({"requirements.txt": f"six\n{name}\n"}, needed)

    assert (found.system, found.reason, found.path, found.line) == ("apt", f"{name} calls it", "requirements.txt", 2)


def test_a_line_of_the_author_counts_before_what_a_package_needs() -> None:
    files = {"requirements.txt": "python-magic\n", "apt.txt": "libmagic1\n"}

    assert package(files, "libmagic1").path == "apt.txt"


def test_a_chunk_of_python_that_imports_nothing_needs_python_and_what_runs_it() -> None:
    text = b"---\ntitle: A\n---\n\n```{python}\nprint(6 * 7)\n```\n"
    made = plan_of({"main.Rmd": text, "display.html": b""})

    places = {package.name: (package.path, package.line) for package in made.packages}
    assert places["python3"] == places["r-cran-reticulate"] == places["libpython3.11"] == ("main.Rmd", 6)
    assert made.variables == {"RETICULATE_PYTHON": "/usr/bin/python3"}


def test_what_runs_the_main_file_is_asked_for_by_it() -> None:
    made = plan_of({"main.Rmd": b"---\ntitle: A\n---\n", "display.pdf": b"", "erc.yml": b"display: display.pdf\n"})

    names = {"pandoc", "r-base-core", "r-cran-rmarkdown", "lmodern"}
    assert {package.name for package in made.packages} > names
    assert {(package.path, package.line) for package in made.packages} == {("main.Rmd", 1)}


UV = """version = 1

[[package]]
name = "paper"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "NAME" }]

[[package]]
name = "NAME"
version = "1.0"
source = { registry = "https://pypi.example/simple" }
sdist = { url = "https://files.example/a.tar.gz", hash = "sha256:DIGEST" }
"""
PYLOCK = """lock-version = "1.0"

[[packages]]
name = "NAME"
version = "1.0"
sdist = { name = "a.tar.gz", hashes = { sha256 = "DIGEST" } }
"""
POETRY = """[[package]]
name = "NAME"
version = "1.0"
groups = ["main"]
files = [{file = "a.tar.gz", hash = "sha256:DIGEST"}]
"""


@pytest.mark.parametrize(("path", "text"), [("uv.lock", UV), ("pylock.toml", PYLOCK), ("poetry.lock", POETRY)])
def test_a_lock_without_wheels_is_told_beforehand_unless_the_package_is_known(path: str, text: str) -> None:
    def notes(name: str) -> list[str]:
        lock = text.replace("DIGEST", "0" * 64).replace("NAME", name).encode()
        return plan_of({"main.py": b"", "display.png": b"", path: lock}).notes

    line = text.splitlines().index('name = "NAME"') + 1
    assert notes("docopt") == []
    assert [note for note in notes("oddity") if note.startswith(f"{path}:{line}: “oddity” has no wheel there")]


def test_the_value_of_an_option_of_pip_is_no_package() -> None:
    run = "RUN pip install --root-user-action ignore --default-timeout 100 --no-binary :none: -t /x six==1.16.0\n"
    made = plan_of({"main.py": b"", "display.png": b"", "Dockerfile": f"FROM python:3.11\n{run}".encode()})

    assert made.requirements == "six==1.16.0\n"
