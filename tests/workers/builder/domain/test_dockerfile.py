"""The runtime manifest that an author is shown and the engine builds."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.events.errors import Rejected
from erc.schemas.environment import Plan, PlannedPackage
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.dockerfile import dockerfile, requirements_file
from erc.workers.builder.engine import build_context

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
