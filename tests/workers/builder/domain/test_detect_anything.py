"""Whatever a file holds: it is read or refused, in bounded time, and what comes of it is safe."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planning import manifest_of

from erc.events.errors import Rejected
from erc.schemas.environment import Plan
from erc.schemas.metadata import Description, Kind
from erc.workers.builder.domain.detect.order import FILES
from erc.workers.builder.domain.packages import APT_NAME, parse_requirement
from erc.workers.builder.domain.plan import plan

NAMES = sorted({file.name for file in FILES} | {"erc.yml", "main.py"})
WORDS = [
    "FROM",
    "RUN",
    "ENV",
    "COPY",
    "ADD",
    "apt-get",
    "install",
    "-y",
    "&&",
    "pip",
    "-r",
    "-c",
    "requirements.txt",
    "R",
    "-e",
    "\"install.packages('x')\"",
    "LABEL",
    "[",
    "]",
    "{",
    "}\n[project]",
    "dependencies",
    "=",
    '["numpy>=1"]',
    "requires-python",
    "=",
    '">=3"',
    "[[package]]",
    "name",
    "=",
    '"x"',
    "version",
    "=",
    '"1"',
    "source",
    "=",
    '{registry="y"}\n"default":',
    '{"numpy":',
    '{"version":',
    '"==1"}}',
    "dependencies:",
    "-",
    "python=3.9",
    "-",
    "r-sf=1",
    "-",
    "pip:",
    "environment:",
    "suite:",
    "packages:",
    "Package:\nImports:",
    "sf",
    "(>=",
    "1)",
    "Depends:",
    "R",
    "(>=",
    "4)",
    "R",
    "version",
    "4.1.2",
    "(2021-11-01)",
    "sf_1.0",
    "python-3.10",
    "r-4.1-2022-01-01",
    "#!/bin/sh",
    "\\",
    "#",
    ";",
    "$",
    "`id`\n[options]",
    "install_requires",
    "=",
    'setup(install_requires=["a"])',
    "[packages]",
    "[tool.poetry.dependencies]",
    "python",
    "=",
    '"^3.9"',
    'lock-version="1.0"\nmetadata',
    "files",
    "--hash=sha256:00",
    "import",
    "numpy",
    "library(sf)",
    "\x00",
    "\ufeff",
    "é",
    "'",
    '"',
    ",",
    ":",
    "-",
    "*",
    "||",
    "^1",
    "~=2",
    "==1.*",
    "99999999999999999999",
]

text = st.lists(st.sampled_from([*WORDS, "\n", "\n  ", " "]) | st.text(max_size=5), max_size=40).map(" ".join)
content = text.map(lambda value: value.encode("utf-8", "replace")) | st.binary(max_size=100)


def planned(files: dict[str, bytes], kind: Kind = Kind.PYTHON_SCRIPT) -> Plan:
    main = "main.py" if kind is Kind.PYTHON_SCRIPT else "main.R"
    files = {main: b"", **files}
    description = Description(kind=kind, main=main, display="display.png", manifest="0" * 64)
    return plan(description, manifest_of(files), files.__getitem__)


def safe(made: Plan) -> None:
    """Assert that nothing of a plan could be taken for more than it is."""
    assert all(APT_NAME.fullmatch(package.name) for package in made.packages if package.system == "apt")
    for line in made.requirements.splitlines():
        again = parse_requirement(line)
        assert again is not None
        assert again.line == line
    for name, value in made.variables.items():
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
        assert value.isprintable()
    assert json.loads(made.model_dump_json())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12)
@given(data=content, r=st.booleans())
def test_a_file_is_read_or_refused(name: str, data: bytes, r: bool) -> None:
    try:
        made = planned({name: data}, Kind.R_SCRIPT if r else Kind.PYTHON_SCRIPT)
    except Rejected as refusal:
        assert refusal.problem.title
        assert refusal.problem.detail
        return
    safe(made)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["default", "_meta", "requires", "R", "Version", "Packages", "sf", "Repositories", "URL", "name"]
            )
            | st.sampled_from(["environment", "dependencies", "pip", "packages", "python", "r", "apt", "suite", "date"])
            | st.sampled_from(["variables", "version", "hashes", "markers", "python_version", "Source"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("name", ["Pipfile.lock", "renv.lock", "environment.yml", "erc.yml"])
@settings(max_examples=25)
@given(document=values)
def test_a_document_of_any_shape_is_read_or_refused(name: str, document: object) -> None:
    try:
        made = planned({name: json.dumps(document, allow_nan=False).encode()})
    except (Rejected, ValueError) as error:
        assert isinstance(error, Rejected) or "JSON compliant" in str(error)
        return
    safe(made)


LONG = {
    "blanks": b" " * 50_000 + b"x",
    "dots": b"a" + b"." * 50_000,
    "words": b"x" * 50_000,
    "lines": b"x==1\n" * 4_000,
    "brackets": b"[" * 50_000,
    "calls": b'install.packages(c("a", ' * 2_000,
    "chunks": b"<<a>>=\n" * 8_000,
    "from": b"FROM debian:bookworm\n" + b"RUN a && \\\n" * 5_000,
    "imports": b"import " + b"a." * 30_000,
    "versions": b"x" + b">=1," * 50_000 + b">=1",
    "fields": b"Imports: " + b"a (>= 1), " * 5_000,
    "quotes": b"\"'" * 30_000,
    "equals": b"A=" * 30_000,
    "paths": b"a/" * 30_000 + b"x.py",
}


@pytest.mark.parametrize("shape", LONG)
def test_a_long_file_takes_no_long_time(shape: str) -> None:
    slow = {}
    for name in NAMES:
        begun = time.process_time()
        try:
            planned({name: LONG[shape]})
        except Rejected as refusal:
            assert refusal.problem.detail
        slow[name] = time.process_time() - begun
    assert {name: seconds for name, seconds in slow.items() if seconds > 1} == {}
