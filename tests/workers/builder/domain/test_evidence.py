"""What is told about a built environment: its packages, how it was built, what differs from what was wanted."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erc.schemas.environment import Deviation, Plan, PlannedPackage, Script
from erc.schemas.evidence import Origin
from erc.schemas.metadata import Kind
from erc.workers.builder.domain.drift import drift_report, reproducibility
from erc.workers.builder.domain.inventory import Installed, Inventory, read_free, read_inventory, read_probe
from erc.workers.builder.domain.provenance import Build, provenance
from erc.workers.builder.domain.rules import Base
from erc.workers.builder.domain.sbom import bill_of_materials

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
IMAGE = f"sha256:{'a' * 64}"
SAID = b"""apt\tr-base-core\t4.2.2.20221110-2\tamd64\tinstalled
apt\tlibssl3\t3.0.20-1~deb12u2\tamd64\tinstalled
apt\tgone\t1.0\tamd64\tconfig-files
system\tdebian\t12
python\tpython\t3.11.2
pip\tPyYAML\t6.0.1
pip\t\x1b[2Jevil\t1
r\tbase\t4.2.2
R\tR\t4.2.2
nonsense
pip\tno-version
"""
PLAN = Plan(
    kind=Kind.RMARKDOWN,
    r="4.1.2",
    python="3.11",
    packages=[
        PlannedPackage(name="r-base-core", system="apt", version="==4.1.2", path="renv.lock", line=4),
        PlannedPackage(name="pyyaml", system="pip", version="==6.0.1", hashes=[f"sha256:{'b' * 64}"]),
        PlannedPackage(name="absent", system="pip"),
    ],
    scripts=[Script(path="postBuild", digest="c" * 64)],
    deviations=[Deviation(subject="sf", wanted="1.0", got="the suite's own version", reason="r", path="x", line=2)],
    command=["true"],
)
BUILD = Build("d" * 64, PLAN, "e" * 64, Base("erc-base:bookworm", IMAGE), IMAGE, "linux/amd64", "job1", NOW, NOW)


def test_the_packages_of_an_image_are_read_from_what_its_own_tools_say() -> None:
    found = read_inventory(SAID)

    assert [(one.system, one.name, one.version) for one in found.packages] == [
        ("apt", "libssl3", "3.0.20-1~deb12u2"),
        ("apt", "r-base-core", "4.2.2.20221110-2"),
        ("pip", "pyyaml", "6.0.1"),
        ("r", "base", "4.2.2"),
    ]
    assert (found.python, found.r, found.distribution) == ("3.11.2", "4.2.2", "debian 12")


@given(st.binary(max_size=400))
def test_an_image_may_say_anything(output: bytes) -> None:
    found = read_inventory(output)
    assert all(one.name.isprintable() and one.version.isprintable() for one in found.packages)
    read_probe(output)
    read_free(output)


def test_what_a_suite_has_and_how_full_a_disk_is_are_read_from_the_answers() -> None:
    policy = b"python3:\n  Installed: (none)\n  Candidate: 3.11.2-1+b1\npandoc:\n  Candidate: (none)\n"
    assert read_probe(policy) == {"python3": "3.11.2-1+b1"}
    assert read_free(b"Filesystem 1024-blocks Used Available Capacity Mounted\noverlay 9 4 5 45% /\n") == 5120


def schema() -> Any:
    """The schema of CycloneDX 1.6, from the library that keeps it."""
    found = importlib.util.find_spec("cyclonedx")
    if found is None or found.origin is None:
        pytest.skip("The schemas of CycloneDX are missing: install the development requirements again")
    folder = Path(found.origin).parent / "schema" / "_res"
    names = [f"{name}.SNAPSHOT.schema.json" for name in ("spdx", "jsf-0.82")]
    beside = [(f"http://cyclonedx.org/schema/{name}", json.loads((folder / name).read_text())) for name in names]
    registry = jsonschema_rs.Registry(beside)
    wanted = json.loads((folder / "bom-1.6.SNAPSHOT.schema.json").read_text())
    return jsonschema_rs.validator_for(wanted, registry=registry, validate_formats=True)


def test_the_package_list_is_a_cyclonedx_document() -> None:
    inventory = read_inventory(SAID)

    document = bill_of_materials(inventory, IMAGE, "erc-environment:x", "debian", "bookworm", NOW)

    assert [error.message for error in schema().iter_errors(document)] == []
    urls = [one["purl"] for one in document["components"]]
    assert "pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=bookworm" in urls
    assert {"pkg:pypi/pyyaml@6.0.1", "pkg:cran/base@4.2.2"} <= set(urls)
    assert document == bill_of_materials(inventory, IMAGE, "erc-environment:x", "debian", "bookworm", NOW)


def test_the_provenance_is_an_in_toto_statement_of_everything_that_went_in() -> None:
    statement = provenance(BUILD, read_inventory(SAID), "f" * 64)

    predicate = statement["predicate"]
    found = predicate["buildDefinition"]["resolvedDependencies"]
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"][0]["digest"] == {"sha256": "a" * 64}
    assert {"name": "postBuild", "digest": {"sha256": "c" * 64}} in found
    assert {"uri": "pkg:pypi/pyyaml@6.0.1", "annotations": {"allowed": [f"sha256:{'b' * 64}"]}} in found
    assert predicate["buildDefinition"]["externalParameters"]["plan"]["r"] == "4.1.2"
    assert predicate["runDetails"]["metadata"] == {
        "invocationId": "job1",
        "startedOn": "2026-11-25T12:00:00Z",
        "finishedOn": "2026-11-25T12:00:00Z",
    }


def test_of_an_image_that_was_found_no_builder_and_no_time_is_claimed() -> None:
    found = replace(BUILD, origin=Origin.FOUND, started=None)

    predicate = provenance(found, read_inventory(SAID), "f" * 64)["predicate"]

    assert predicate["runDetails"]["builder"] == {"id": "urn:erc:builder:unknown"}
    assert "metadata" not in predicate["runDetails"]
    assert predicate["buildDefinition"]["externalParameters"]["plan"]["r"] == "4.1.2"
    assert predicate["buildDefinition"]["internalParameters"]["origin"] == "found"


def test_of_an_image_that_was_brought_only_what_it_says_itself_is_claimed() -> None:
    brought = replace(BUILD, origin=Origin.BROUGHT, base=Base("erc-base:bookworm", f"sha256:{'9' * 64}"), started=None)
    inventory = read_inventory(SAID)

    told = brought.seen(inventory)
    statement = provenance(told, inventory, "f" * 64)

    definition = statement["predicate"]["buildDefinition"]
    assert definition["buildType"] == "urn:erc:image-brought:1"
    assert definition["externalParameters"] == {"image": {"sha256": "9" * 64}}
    assert all(one["uri"].startswith("pkg:") for one in definition["resolvedDependencies"])
    assert "pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=12" in str(statement)
    report = drift_report("d" * 64, told.plan, inventory, {})
    assert report.suite == "debian 12"
    assert [one for one in report.drifts if one.system == "plan"] == [], "what a suite lacks says nothing of it"
    assert [one.met for one in report.drifts if one.name == "absent"] == [False]


def test_what_is_not_as_it_was_wanted_comes_first_with_the_line_that_wanted_it() -> None:
    report = drift_report("d" * 64, PLAN, read_inventory(SAID), {"r-base-core": "4.5.0-1", "python3": "3.11.2-1+b1"})

    told = {(drift.system, drift.name): drift for drift in report.drifts}
    core, language = told["apt", "r-base-core"], told["R", "R"]
    assert (core.wanted, core.built, core.current, core.met) == ("==4.1.2", "4.2.2.20221110-2", "4.5.0-1", False)
    assert (core.path, core.line) == ("renv.lock", 4)
    assert (language.wanted, language.built, language.current, language.met) == ("4.1.2", "4.2.2", "4.5.0", False)
    assert told["python", "python"].met
    assert told["pip", "pyyaml"].met
    assert not told["pip", "absent"].met
    assert not told["plan", "sf"].met
    assert [drift.met for drift in report.drifts] == sorted(drift.met for drift in report.drifts)


def test_two_builds_are_equal_by_packages_and_files_whatever_their_times() -> None:
    one, other = Installed("apt", "a", "1"), Installed("apt", "a", "2")

    equal = reproducibility(({one}, {one}), ({"x": "f 1"}, {"x": "f 1"}), (["l1"], ["l2"]))
    unequal = reproducibility(({one}, {other}), ({"x": "f 1", "y": ""}, {"x": "f 2"}), (["l"], ["l"]))

    assert (equal.reproducible, equal.layers, equal.paths) == (True, False, [])
    assert (unequal.reproducible, unequal.paths, unequal.differing) == (False, ["x", "y"], 2)
    assert unequal.packages == ["+ apt a 2", "- apt a 1"]


def test_an_image_that_holds_nothing_is_told_too() -> None:
    assert [*bill_of_materials(Inventory(), IMAGE, "x", "debian", "sid", NOW)["components"]] == []
