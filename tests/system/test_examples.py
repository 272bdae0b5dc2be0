"""Each example gives the verdict and exit code that it promises, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.service import ROOT, Service

pytestmark = pytest.mark.engine

PROMISED = {
    "rmarkdown": ("reproduced", 0),
    "notebook": ("reproduced", 0),
    "rscript": ("reproduced", 0),
    "random-differs": ("differs", 1),
    "script-fails": ("failed", 1),
    "silent-fails": ("failed", 1),
}


def erc(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "erc"
    environment = {**os.environ, "ERC_HOME": str(service.home)}
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, env=environment, timeout=600, check=False
    )


@pytest.mark.parametrize("name", PROMISED)
def test_an_example_comes_out_as_promised(service: Service, name: str) -> None:
    run = erc(service, "run", str(ROOT / "examples" / name), "--json")
    verdict, code = PROMISED[name]
    document = json.loads(run.stdout)
    assert (run.returncode, document["verdict"]) == (code, verdict), document["reason"]


def test_a_failure_is_explained_with_the_file_that_is_missing(service: Service) -> None:
    run = erc(service, "run", str(ROOT / "examples" / "script-fails"), "--json")
    diagnosis = json.loads(run.stdout)["problem"]["diagnosis"]
    assert (diagnosis["cause"], diagnosis["subject"]) == ("missing_file", "data/soundings.csv")
    shown = erc(service, "run", str(ROOT / "examples" / "script-fails"))
    assert "Why: The file data/soundings.csv is not there." in shown.stdout


def test_the_proposed_change_of_a_failed_job_makes_a_candidate_that_reproduces(
    service: Service, tmp_path: Path
) -> None:
    code = 'import importlib\n\ntable = importlib.import_module("tabulate")\nopen("result.txt", "w").write("42\\n")\n'
    (tmp_path / "main.py").write_text(code)
    (tmp_path / "result.txt").write_text("42\n")
    failed = json.loads(erc(service, "run", str(tmp_path), "--json").stdout)
    diagnosis = failed["problem"]["diagnosis"]
    assert (diagnosis["cause"], diagnosis["path"], diagnosis["line"]) == ("missing_package", "main.py", 3)
    mended = erc(service, "fix", failed["job_id"], "--json")
    assert (mended.returncode, json.loads(mended.stdout)["verdict"]) == (0, "reproduced"), mended.stderr[-2000:]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.py", "result.txt"]


def test_one_changed_number_differs_and_names_the_figure(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    shutil.copytree(ROOT / "examples" / "rmarkdown", folder)
    data = folder / "data" / "leaves.csv"
    lines = data.read_text().splitlines()
    cells = lines[10].split(",")
    lines[10] = ",".join([*cells[:-1], str(float(cells[-1]) + 5)])
    data.write_text("\n".join(lines) + "\n")
    run = erc(service, "run", str(folder), "--name", "changed-number", "--json")
    document = json.loads(run.stdout)
    assert (run.returncode, document["verdict"]) == (1, "differs")
    assert "Figure" in document["reason"]


def test_a_workspace_without_a_published_display_is_not_comparable(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    shutil.copytree(ROOT / "examples" / "rmarkdown", folder)
    (folder / "display.html").unlink()
    run = erc(service, "run", str(folder), "--name", "no-display")
    assert run.returncode == 3, run.stdout + run.stderr


def test_page_and_command_line_tell_the_same_sentence(service: Service, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to run")
    run = erc(service, "run", str(tmp_path))
    assert run.returncode == 1
    newest = service.get("/api/v1/compendium?user=operator")["results"][0]
    problem = service.get(f"/api/v1/compendium/{newest}")["problem"]
    said = " ".join((run.stdout + run.stderr).split())
    assert problem["title"] in said
    assert " ".join(problem["detail"].split()) in said


def test_nothing_running_is_said_with_exit_code_7(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "erc"
    run = subprocess.run(
        [program, "status"], capture_output=True, text=True, env={**os.environ, "ERC_HOME": str(tmp_path)}, check=False
    )
    assert run.returncode == 7
    assert "erc up" in run.stdout + run.stderr
