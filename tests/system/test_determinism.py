"""Outputs that are not deterministic are named with what makes them change, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.service import ROOT, Service

pytestmark = pytest.mark.engine

SEES = """
import datetime, locale, os, random, socket, time

def put(name, value):
    with open(name, "w") as file:
        file.write(f"{value}\\n")

locale.setlocale(locale.LC_ALL, "")
put("display.txt", 42)
today = datetime.datetime.now(datetime.timezone.utc).date()  # in UTC, for a time zone has another date at some hours
put("clock.txt", (today - datetime.date(2020, 1, 1)).days)
put("locale.txt", "".join(sorted("bAaB", key=locale.strxfrm)))
put("zone.txt", time.strftime("%z"))
put("host.txt", socket.gethostname())
put("user.txt", os.getuid())
put("cpus.txt", len(os.sched_getaffinity(0)))
put("order.txt", " ".join(os.listdir("data")))
put("chance.txt", random.random())
"""
OF = {
    "clock.txt": "time and date",
    "locale.txt": "locale",
    "zone.txt": "time zone",
    "host.txt": "host name",
    "user.txt": "user id",
    "cpus.txt": "CPU count",
    "order.txt": "file order",
}


def repeated(service: Service, folder: Path) -> dict[str, Any]:
    """Run a folder with --repeat; return the job's document for programs."""
    program = Path(sys.executable).parent / "erc"
    environment = {**os.environ, "ERC_HOME": str(service.home)}
    command = [program, "run", str(folder), "--repeat", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)
    assert run.stdout, run.stderr[-2000:]
    return json.loads(run.stdout)


def test_each_output_is_named_with_what_makes_it_change(service: Service, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SEES)
    (tmp_path / "display.txt").write_text("42\n")
    (tmp_path / "data").mkdir()
    for number in range(8):
        (tmp_path / "data" / f"{number}.csv").write_text("1\n")

    job = repeated(service, tmp_path)

    found = job["determinism"]
    assert (job["verdict"], found["complete"]) == ("reproduced", True)
    causes = {one["name"]: one["causes"] for one in found["findings"]}
    assert causes.pop("chance.txt") == ["nothing was varied"]
    left = {one["variation"] for one in found["not_tried"]}
    assert causes == {name: [cause] for name, cause in OF.items() if cause not in left}
    assert {"time zone", "host name", "file order"}.isdisjoint(left)


def test_random_numbers_name_the_figure_and_the_reason(service: Service) -> None:
    job = repeated(service, ROOT / "examples" / "random-differs")

    found = job["determinism"]
    figure = next(one for one in found["findings"] if one["kind"] == "image")
    assert figure["name"].startswith("Figure 1")
    assert figure["causes"] == ["nothing was varied"]
    assert "random numbers without a seed" in found["sentence"]
    assert job["verdict"] == "differs"
    assert "not deterministic" in job["reason"]
    assert "not deterministic" in {row["outcome"] for row in job["differences"]}
