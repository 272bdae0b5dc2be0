"""`erc plan`: what is sent, and what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from environments.workspace import Workspace
from environments.workspaces import GOOD
from support.planning import plan_of

from erc.gateway.client import seen
from erc.gateway.client.pack import Packed

PLAN = plan_of(
    {
        "main.R": b"library(sf)\n",
        "display.png": b"x",
        "runtime.txt": b"r-4.1.3\n",
        "install.R": b'install.packages("units")\n',
        "start": b"#!/bin/sh\n",
    }
).model_dump(mode="json")


@pytest.fixture
def folder(workspace: Path) -> Path:
    """A workspace with data, code, files that describe the environment, and some that are not sent."""
    (workspace / "requirements.txt").write_text("numpy\n")
    (workspace / "data.csv").write_text("a\n1\n")
    (workspace / "secret.pem").write_text("key")
    (workspace / ".ercignore").write_text("drafts/\n")
    (workspace / "drafts").mkdir()
    (workspace / "drafts" / "old.R").write_text("library(x)\n")
    return workspace


def sent(gateway) -> dict[str, str | None]:
    return {file["path"]: file.get("text") for file in gateway.planned}


def test_a_plan_tells_packages_versions_reasons_and_places(gateway, erc, folder: Path) -> None:
    gateway.plan = PLAN
    ran = erc("plan", folder, url=gateway.url)

    assert ran.exit_code == 0
    said = " ".join(ran.stdout.split())
    assert "Ubuntu jammy · R 4.1.2" in said
    assert "r-cran-units" in said
    assert "install.R:1" in said
    assert "What could not be had exactly R: wanted 4.1.3, got 4.1.2." in said
    assert "[runtime.txt:1]" in said
    assert "How it was decided file: runtime.txt is read." in said
    assert "Hints start is not run" in said


def test_only_code_and_files_of_the_environment_are_sent_with_their_text(gateway, erc, folder: Path) -> None:
    gateway.plan = PLAN
    erc("plan", folder, url=gateway.url)

    assert sent(gateway) == {
        ".ercignore": None,
        "data.csv": None,
        "main.R": "cat(1)\n",
        "requirements.txt": "numpy\n",
        "secret.pem": None,
    }


def test_a_notebook_is_sent_without_its_outputs(gateway, erc, folder: Path) -> None:
    gateway.plan = PLAN
    cell = {"cell_type": "code", "source": ["import numpy"], "outputs": [{"data": {"image/png": "A" * 5000}}]}
    (folder / "main.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}}))
    erc("plan", folder, url=gateway.url)

    assert json.loads(sent(gateway)["main.ipynb"] or "")["cells"][0] == {**cell, "outputs": []}


def test_what_is_too_large_is_named_only(gateway, erc, folder: Path) -> None:
    gateway.plan = PLAN
    (folder / "notes.txt").write_text("x" * (seen.TEXT_BYTES + 1))
    (folder / "wide.txt").write_bytes("numpy\n".encode("utf-16"))
    (folder / "odd.py").write_bytes(b"\0\0")
    erc("plan", folder, url=gateway.url)

    texts = sent(gateway)
    assert (texts["notes.txt"], texts["odd.py"], texts["wide.txt"]) == (None, None, "numpy\n")


def test_json_is_the_plan(gateway, erc, folder: Path) -> None:
    gateway.plan = PLAN
    ran = erc("plan", folder, "--json", url=gateway.url)

    assert json.loads(ran.stdout) == {"plan": PLAN, "exit_code": 0}


def test_a_refusal_is_told_with_the_line(gateway, erc, folder: Path) -> None:
    gateway.refuse("POST", "/api/v1/plan", 400, title="apt.txt cannot be used", detail="apt.txt:2: “-y” is an option.")
    ran = erc("plan", folder, url=gateway.url)

    assert ran.exit_code == 1
    assert "apt.txt cannot be used. apt.txt:2: “-y” is an option." in " ".join(ran.stderr.split())


@pytest.mark.parametrize(("status", "code"), [(401, 8), (403, 8), (503, 7)])
def test_the_exit_code_says_what_was_in_the_way(gateway, erc, folder: Path, status: int, code: int) -> None:
    gateway.refuse("POST", "/api/v1/plan", status, title="No")
    assert erc("plan", folder, url=gateway.url).exit_code == code


@pytest.mark.parametrize("row", GOOD, ids=[row.name for row in GOOD])
def test_what_is_sent_is_enough_for_the_whole_plan(row: Workspace, tmp_path: Path) -> None:
    for path, data in row.contents.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)

    files = {str(file["path"]): str(file.get("text") or "") for file in seen.seen(Packed(tmp_path))}

    assert replace(row, files=files).plan() == row.plan()


def test_each_package_of_each_real_workspace_is_told_with_its_line(gateway, erc, folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    for row in GOOD:
        plan = row.plan()
        gateway.plan = plan.model_dump(mode="json")
        said = " ".join(erc("plan", folder, url=gateway.url).stdout.split())
        for package in plan.packages:
            place = f"{package.path}:{package.line}" if package.line else package.path
            assert f"{package.name} {package.version}".strip() in said
            assert f"{' '.join(package.reason.split())} {place}" in said


def test_a_requirements_file_of_two_gigabytes_is_named_and_not_read(gateway, erc, folder: Path) -> None:
    gateway.plan = PLAN
    with (folder / "requirements.txt").open("wb") as sparse:
        sparse.truncate(2 << 30)
    ran = erc("plan", folder, url=gateway.url)

    assert ran.exit_code == 0
    assert sent(gateway)["requirements.txt"] is None
    assert next(file for file in gateway.planned if file["path"] == "requirements.txt")["size_bytes"] == 2 << 30


def test_what_is_no_folder_is_a_wrong_use(gateway, erc, folder: Path) -> None:
    assert erc("plan", folder / "main.R", url=gateway.url).exit_code == 2
    assert gateway.planned == []
