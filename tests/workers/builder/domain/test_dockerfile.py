"""The runtime manifest that an author is shown and the engine builds."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.errors import Rejected
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.dockerfile import dockerfile, epoch, requirements_file, runtime_manifest
from erc.workers.builder.domain.phases import Phase
from erc.workers.builder.domain.steps import build_context

R = Plan(
    kind=Kind.R_SCRIPT,
    packages=[PlannedPackage(name="r-cran-sf", system="apt"), PlannedPackage(name="r-base-core", system="apt")],
    command=["Rscript", "--vanilla", "main.R"],
)
PYTHON = Plan(
    kind=Kind.PYTHON_SCRIPT,
    packages=[PlannedPackage(name="python3", system="apt"), PlannedPackage(name="numpy", system="pip")],
    requirements="numpy\n",
    command=["python3", "main.py"],
)


def test_the_manifest_says_what_the_specification_asks_for() -> None:
    lines = dockerfile(R, "erc-base:bookworm").splitlines()

    assert lines[0] == "FROM erc-base:bookworm"
    assert "WORKDIR /erc" in lines
    assert "VOLUME /erc" in lines
    assert lines[-1] == 'CMD ["Rscript", "--vanilla", "main.R"]'
    assert [line.split()[0] for line in lines if line.startswith("      ")] == ["r-base-core", "r-cran-sf"]


def test_python_packages_come_as_wheels_from_a_stage_of_their_own() -> None:
    text = dockerfile(PYTHON, "erc-base:bookworm")

    first, second = text.split("FROM erc-base:bookworm\n")
    assert "--only-binary :all:" in first
    assert "pip" not in second
    assert "COPY --from=wheels /opt/erc /opt/erc" in second


def test_certificates_are_in_the_stage_only_and_else_the_manifest_is_the_same() -> None:
    plain = dockerfile(PYTHON, "erc-base:bookworm").splitlines()
    built = dockerfile(PYTHON, "erc-base:bookworm", ca_bundle=True).splitlines()

    added = [line for line in built if line not in plain]
    assert added == ["COPY ca.crt /tmp/ca.crt", "ENV PIP_CERT=/tmp/ca.crt SSL_CERT_FILE=/tmp/ca.crt"]
    assert built.index(added[1]) < built.index("FROM erc-base:bookworm")


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_whatever_the_command_holds_it_stays_one_instruction(command: list[str]) -> None:
    text = dockerfile(R.model_copy(update={"command": command}), "erc-base:bookworm")

    last = text.splitlines()[-1]
    assert last.isascii()
    assert json.loads(last.removeprefix("CMD ")) == command


@given(st.text(max_size=40).filter(lambda name: not name.isalnum()))
def test_a_name_reaches_the_shell_only_when_it_is_a_package(name: str) -> None:
    plan = R.model_copy(update={"packages": [PlannedPackage(name=name, system="apt")]})
    try:
        text = dockerfile(plan, "erc-base:bookworm")
    except Rejected:
        return
    assert f"      {name} \\" in text.splitlines()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789+.-")


@pytest.mark.parametrize("base", ["x\nRUN id", "", "a b", "$BASE"])
def test_a_base_that_is_no_image_is_refused(base: str) -> None:
    with pytest.raises(Rejected):
        dockerfile(R, base)


def test_an_option_among_the_requirements_is_refused() -> None:
    with pytest.raises(Rejected):
        requirements_file(PYTHON.model_copy(update={"requirements": "numpy\n--pre\n"}))


def test_the_context_holds_what_is_copied_and_nothing_of_the_workspace() -> None:
    context = build_context(PYTHON, "erc-base:bookworm", b"certificate")

    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        assert archive.getnames() == ["Dockerfile", "requirements.txt", "ca.crt"]
    assert context == build_context(PYTHON, "erc-base:bookworm", b"certificate")


def test_a_lock_file_makes_pip_take_nothing_but_what_was_locked() -> None:
    locked = f"numpy==1.26.4 --hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}\n"
    half = locked + "six==1.16.0\n"

    whole = PYTHON.model_copy(update={"requirements": locked})
    assert "--require-hashes" in dockerfile(whole, "erc-base:bookworm")
    assert requirements_file(whole).decode() == locked
    assert "--require-hashes" not in dockerfile(PYTHON.model_copy(update={"requirements": half}), "erc-base:bookworm")
    assert b"--hash" not in requirements_file(PYTHON.model_copy(update={"requirements": half}))


@pytest.mark.parametrize("line", ["numpy --hash=md5:aa", "numpy==1 --hash=sha256:aa --index-url=x", "numpy --hash="])
def test_a_digest_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(Rejected):
        requirements_file(PYTHON.model_copy(update={"requirements": line}))


def test_sources_are_built_only_where_the_plan_says_so() -> None:
    sourced = [package.model_copy(update={"source": package.system == "pip"}) for package in PYTHON.packages]

    text = dockerfile(PYTHON.model_copy(update={"packages": sourced}), "erc-base:bookworm")

    assert "--only-binary :all: --no-binary numpy" in text
    assert "build-essential" in text
    assert "build-essential" not in dockerfile(PYTHON, "erc-base:bookworm")


def test_the_variables_of_an_author_come_when_everything_is_installed_and_stay_text() -> None:
    variables = {"A": 'say "$HOME" \\', "PATH": "/mine:$PATH:${PATH}x", "PIP_INDEX_URL": "http://evil"}

    lines = dockerfile(PYTHON.model_copy(update={"variables": variables}), "erc-base:bookworm").splitlines()

    said = [line for line in lines if line.startswith("ENV ")]
    assert said[-3:] == [
        'ENV A="say \\"\\$HOME\\" \\\\"',
        'ENV PATH="/mine:${PATH}:${PATH}x"',
        'ENV PIP_INDEX_URL="http://evil"',
    ]
    assert lines.index(said[-1]) > max(number for number, line in enumerate(lines) if "pip install" in line)


@pytest.mark.parametrize("variable", [("A B", "x"), ("LD_PRELOAD", "x"), ("A", "x\nRUN id"), ("A", "x" * 5000)])
def test_a_variable_that_could_be_more_is_refused(variable: tuple[str, str]) -> None:
    with pytest.raises(Rejected):
        dockerfile(R.model_copy(update={"variables": dict([variable])}), "erc-base:bookworm")


def test_every_step_of_the_engine_has_a_phase_and_the_line_where_it_begins() -> None:
    manifest = runtime_manifest(PYTHON, "erc-base:bookworm", ca_bundle=True)

    lines = manifest.text.splitlines()
    for step, instruction in enumerate(manifest.instructions, start=1):
        assert lines[manifest.line(step) - 1] == instruction.text.splitlines()[0]
    assert manifest.phase(1) is Phase.BASE
    assert (manifest.line(0), manifest.line(99), manifest.phase(99)) == (0, 0, Phase.ASSEMBLY)


def test_the_day_of_a_plan_is_the_time_of_what_is_made() -> None:
    assert "SOURCE_DATE_EPOCH=1577836800" in dockerfile(R, "erc-base:bookworm")
    assert "SOURCE_DATE_EPOCH=1704067200" in dockerfile(
        R.model_copy(update={"date": "2024-01-01"}), "erc-base:bookworm"
    )
    assert epoch(R.model_copy(update={"date": "$(id)"})) == 1577836800


def test_no_interpreter_of_the_environment_starts_once_packages_are_installed() -> None:
    stage, _, image = dockerfile(PYTHON, "erc-base:bookworm").rpartition("FROM erc-base:bookworm\n")

    after = stage.split("-r /tmp/requirements.txt", 1)[1]
    assert "python" not in after
    assert "/bin/pip" not in after
    assert "RUN" not in image.split("COPY --from=wheels")[1]


def test_the_list_of_what_is_installed_is_read_and_not_asked_for(tmp_path: Path) -> None:
    packages = tmp_path / "lib/python3.11/site-packages"
    told = {
        "zope.event-5.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: zope.event\nVersion: 5.0\n\nName: x\nVersion: 1\n",
        "Babel-2.16.0.dist-info/METADATA": "Metadata-Version: 2.1\r\nName: babel\r\nVersion: 2.16.0\r\n\r\nVersion: 3\r\n",
        "old-1.egg-info/PKG-INFO": "Metadata-Version: 1.0\nName: old\nVersion: 1\n",
        "setuptools/_vendor/six-1.dist-info/METADATA": "Name: six\nVersion: 1\n",
    }
    for path, content in told.items():
        (packages / path).parent.mkdir(parents=True)
        (packages / path).write_bytes(content.encode())
    stage = dockerfile(PYTHON, "erc-base:bookworm").rpartition("FROM ")[0]
    (command,) = [part for part in stage.split(" \\\n && ") if part.startswith("find /opt/erc/lib")]

    subprocess.run(["sh", "-c", command.replace("/opt/erc", str(tmp_path))], check=True)

    assert (tmp_path / "installed.txt").read_bytes().decode().split("\n") == [
        "babel==2.16.0",
        "old==1",
        "zope.event==5.0",
        "",
    ]
