"""The two papers among the examples, run for real by the service: they come out again, from upload to verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.service import ROOT, Service, running

pytestmark = [pytest.mark.environments, pytest.mark.engine]

SAID = {
    "paper-rmarkdown": "The text, all 4 figures and all 2 tables agree with the published display.html.",
    "paper-notebook": "The text, all 3 figures and all 4 tables agree with the published display.html.",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("erc") / "home"
    home.mkdir()
    with running(home) as started:
        yield started


@pytest.mark.parametrize("name", SAID)
def test_a_paper_comes_out_again(service: Service, name: str) -> None:
    command = [Path(sys.executable).parent / "erc", "run", str(ROOT / "examples" / name), "--json"]
    environment = {**os.environ, "ERC_HOME": str(service.home)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1800, check=False)
    document = json.loads(run.stdout)
    assert (run.returncode, document["verdict"]) == (0, "reproduced"), run.stderr[-2000:]
    assert document["reason"].startswith(SAID[name])
