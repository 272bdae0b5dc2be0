"""Which environments another one can stand on, and how the rest is added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.environment import Plan, PlannedPackage, Script
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.growth import grounds, grown_manifest

HASH = "sha256:" + "a" * 64
NAMES = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=2, max_size=12, unique=True)


def plan_of(*lines: str, **changes: object) -> Plan:
    packages = [PlannedPackage(name=line.partition("=")[0], version="1.0", system="pip") for line in lines]
    python = PlannedPackage(name="python3", system="apt")
    plan = Plan(kind=Kind.PYTHON_SCRIPT, packages=[python, *packages], command=["python3", "main.py"])
    return plan.model_copy(update={"requirements": "".join(f"{line}\n" for line in lines), **changes})


@given(NAMES)
def test_each_environment_with_one_package_less_is_a_ground_under_the_key_that_it_was_built_with(
    names: list[str],
) -> None:
    whole = [f"{name}==1.0" for name in sorted(names)]
    keys = {one.key("sha256:1", "linux/amd64") for one in grounds(plan_of(*whole))}

    smaller = [plan_of(*(line for line in whole if line != left)) for left in whole]
    assert keys == {one.key("sha256:1", "linux/amd64") for one in smaller}
    assert plan_of(*whole).key("sha256:1", "linux/amd64") not in keys


@pytest.mark.parametrize(
    "plan",
    [
        plan_of("a==1.0"),
        plan_of("a==1.0", "b"),
        plan_of("a==1.0", "b>=1.0"),
        plan_of("a==1.0", "b==1.*"),
        plan_of("a==1.0", "b==1.0; python_version > '3'"),
        plan_of("a==1.0", "A==1.0"),
        plan_of("a==1.0", "b==1.0", variables={"PIP_INDEX_URL": "x"}),
        plan_of("a==1.0", "b==1.0", scripts=[Script(path="postBuild", digest="0" * 64)]),
        plan_of("a==1.0", "b==1.0", packages=[PlannedPackage(name="a", system="pip", source=True)]),
        plan_of(*(f"p{number}==1.0" for number in range(101))),
    ],
)
def test_what_could_come_out_otherwise_stands_on_nothing(plan: Plan) -> None:
    assert list(grounds(plan)) == []


def test_locked_packages_stand_on_one_another_and_are_checked() -> None:
    locked = [f"{name}==1.0 --hash={HASH}" for name in "ab"]
    plan = plan_of(*locked)

    assert [one.requirements for one in grounds(plan)] == [f"{locked[1]}\n", f"{locked[0]}\n"]
    assert "--require-hashes" in grown_manifest(plan, "sha256:" + "1" * 64).text


def test_certificates_stay_in_the_stage() -> None:
    text = grown_manifest(plan_of("a==1.0", "b==1.0"), "sha256:" + "1" * 64, ca_bundle=True).text

    stage, final = text.split(f"FROM sha256:{'1' * 64}\n")
    assert "ca.crt" in stage
    assert "ca.crt" not in final
