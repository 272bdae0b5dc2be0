"""Only names and versions of an author's requirements reach pip."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement as Standard

from erc.events.errors import Rejected
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.detect.asked import Asked
from erc.workers.builder.domain.detect.requirements import LIMIT_LINES, read_requirements
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.packages import parse_requirement


def read(content: bytes, **others: bytes) -> Asked:
    files = {"requirements.txt": content, **{name.replace("_", "."): data for name, data in others.items()}}
    manifest = Manifest(Entry(path=path, digest="0" * 64, size_bytes=len(data)) for path, data in files.items())
    return read_requirements(Sources(manifest, files.__getitem__), "requirements.txt")


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ("numpy", "numpy"),
        ("numpy >= 1.2, < 3", "numpy>=1.2,<3"),
        ("uvicorn[standard, x]==0.3", "uvicorn[standard,x]==0.3"),
        ("pandas (>=2)", "pandas>=2"),
        ("torch==2.1+cpu", "torch==2.1+cpu"),
        ('tomli ; python_version < "3.11"', 'tomli ; python_version < "3.11"'),
        ("six==1.17  # why", "six==1.17"),
        ("six==1.17 --hash=sha256:00", "six==1.17"),
        ("six==1.17 \\\n    --hash=sha256:00", "six==1.17"),
    ],
)
def test_a_requirement_is_taken_over(line: str, safe: str) -> None:
    asked = read(line.encode())

    assert [pip.requirement.line for pip in asked.pip] == [safe]


@pytest.mark.parametrize(
    "line",
    [
        "-e .",
        "--extra-index-url https://elsewhere.example",
        "./local",
        "../up.whl",
        "x @ https://elsewhere.example/x.whl",
        "git+https://elsewhere.example/x.git",
        "https://elsewhere.example/x.whl",
        "x==${SECRET}",
        "x==1 y==2",
        "x; $(id)",
        "C:\\x",
    ],
)
def test_anything_else_is_left_out_with_a_note(line: str) -> None:
    asked = read(f"\n{line}\n".encode())

    assert asked.pip == []
    assert asked.notes == ["requirements.txt:2 is not used: only package names with versions are taken over."]


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(Rejected, match="too long"):
        read(b"x\n" * (LIMIT_LINES + 1))


@given(st.binary(max_size=300) | st.text("abz019=<>~!.,;[]() \t\r\n\\#-_@/:'\"$", max_size=120).map(str.encode))
@example(b"a;\x0bb")
@example(b"\xef\xbb\xbfnumpy")
def test_whatever_the_file_holds_each_line_for_pip_is_a_name_with_versions(content: bytes) -> None:
    try:
        asked = read(content)
    except Rejected:
        return
    for pip in asked.pip:
        line = pip.requirement.line
        assert len(line.splitlines()) == 1
        assert re.match(r"[A-Za-z0-9]", line)
        assert not re.search(r"[/@$\\:]|(^|\s)-", line.partition(";")[0])
        again = parse_requirement(line)
        assert again is not None
        assert again.line == line


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True),
    st.lists(
        st.tuples(st.sampled_from(["==", ">=", "<", "~="]), st.from_regex(r"[1-9]\.[0-9]", fullmatch=True)), max_size=3
    ),
)
def test_what_is_taken_over_means_the_same_to_pip(name: str, versions: list[tuple[str, str]]) -> None:
    text = f"{name} {', '.join(operator + ' ' + version for operator, version in versions)}"

    requirement = parse_requirement(text)

    assert requirement is not None
    assert Standard(requirement.line) == Standard(text)
