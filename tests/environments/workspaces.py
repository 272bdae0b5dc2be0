"""Real workspaces: each runs code that needs what its file declares, on what its suite has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erc.schemas.environment import Plan, PlannedPackage, Script
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.plan import plan
from erc.workers.metadata.domain import describe

SIX = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
"""The wheel of six 1.16.0."""
TODAY = "2026-11-25"
DRAWN = 'png("display.png")\nplot(1:3)\n'
SAID = 'open("display.png", "w").write({})\n'


@dataclass(frozen=True)
class Workspace:
    """Files, and what has to come of them: text in the display file, or the code of the refusal."""

    name: str
    files: Mapping[str, str]
    shows: str = ""
    refused: str = ""
    planned: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the plan in the place of the planner's, for what is tried apart from it."""

    @property
    def contents(self) -> dict[str, bytes]:
        """The files as bytes by path."""
        return {path: text.encode() for path, text in self.files.items()}

    def plan(self) -> Plan:
        """Return its plan; raises Rejected as the workers do."""
        contents = self.contents
        manifest = Manifest(
            Entry(path=path, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
            for path, data in contents.items()
        )
        described = describe(manifest, lambda entry: contents[entry.path], TODAY)
        made = plan(described, manifest, contents.__getitem__)
        changes = dict(self.planned)
        more = [package for package in changes.pop("more", []) if package not in made.packages]
        return made.model_copy(update={"packages": [*made.packages, *more], **changes})


def apt(name: str) -> PlannedPackage:
    """Return a package of the distribution that a line of apt.txt names."""
    return PlannedPackage(name=name, system="apt", reason="apt.txt:1", path="apt.txt", line=1)


def python(name: str, code: str, files: Mapping[str, str] | None = None, **expected: Any) -> Workspace:
    """Return a workspace of a Python script that writes its display file."""
    return Workspace(name, {"main.py": code, "display.png": "", **(files or {})}, **expected)


def r(name: str, code: str, files: Mapping[str, str] | None = None, **expected: Any) -> Workspace:
    """Return a workspace of an R script."""
    return Workspace(name, {"main.R": code, "display.png": "", **(files or {})}, **expected)


def on(distribution: str, suite: str) -> dict[str, str]:
    """Return the fields of a plan that stands on a suite."""
    return {"distribution": distribution, "suite": suite}


VERSION = "import sys\n" + SAID.format("'%d.%d' % sys.version_info[:2]")
R_VERSION = 'cat(paste0("R", getRversion(), jsonlite::toJSON(1)), file = "display.png")\nlibrary(jsonlite)\n'
SCRIPT = "#!/bin/sh\nset -e\necho made-by-postBuild > ~/made\n"
NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": ["import tabulate\n", "print(tabulate.tabulate([['cell', 40 + 2]]))\n"],
            }
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
RMD = "---\ntitle: A\noutput: html_document\n---\n\n```{r}\nlibrary(jsonlite)\ncat(toJSON(41 + 1))\n```\n"

WORKSPACES = [
    python(
        "requirements.txt",
        "import tabulate\n" + SAID.format("tabulate.__version__"),
        {"requirements.txt": "tabulate==0.9.0\n"},
        shows="0.9.0",
    ),
    python(
        "requirements.txt with hashes",
        "import six\n" + SAID.format("six.__version__"),
        {"requirements.txt": "six==1.16.0\n"},
        shows="1.16.0",
        planned={"requirements": f"six==1.16.0 --hash={SIX}\n"},
    ),
    python(
        "requirements.txt with the hash of another file",
        "import six\n",
        {"requirements.txt": "six==1.16.0\n"},
        refused="hash_mismatch",
        planned={"requirements": f"six==1.16.0 --hash=sha256:{'0' * 64}\n"},
    ),
    python(
        "requirements.txt with a version that is not there",
        "import six\n",
        {"requirements.txt": "six==99.99\n"},
        refused="package_not_found",
    ),
    python(
        "requirements.txt that contradicts itself",
        "import requests\n",
        {"requirements.txt": "requests==2.31.0\nurllib3==3.0.0\n"},
        refused="package_not_found",
    ),
    python(
        "requirements.txt of a package that is a source only",
        "import docopt\n" + SAID.format("docopt.__version__"),
        {"requirements.txt": "docopt==0.6.2\n"},
        shows="0.6.2",
        planned={
            "packages": [
                apt("python3"),
                PlannedPackage(name="docopt", system="pip", version="==0.6.2", path="requirements.txt", source=True),
            ]
        },
    ),
    python(
        "apt.txt",
        "import subprocess\nsaid = subprocess.run(['dot', '-V'], capture_output=True, text=True, check=True)\n"
        + SAID.format("said.stderr"),
        {"apt.txt": "graphviz\n"},
        shows="graphviz version",
        planned={"more": [apt("graphviz")]},
    ),
    python(
        "postBuild and variables",
        "import os\n" + SAID.format("os.environ['GREETING'] + open('/var/lib/erc/made').read()"),
        {"postBuild": SCRIPT},
        shows="hello $HOME made-by-postBuild",
        planned={
            "variables": {"GREETING": "hello $HOME "},
            "scripts": [Script(path="postBuild", digest=hashlib.sha256(SCRIPT.encode()).hexdigest())],
        },
    ),
    r("R packages from the code", R_VERSION, shows="R4.2.2[1]"),
    Workspace("R Markdown", {"main.Rmd": RMD, "display.html": ""}, shows="[42]"),
    Workspace(
        "a notebook",
        {"main.ipynb": NOTEBOOK, "display.html": "", "requirements.txt": "tabulate==0.9.0\n"},
        shows="cell  42",
    ),
    r(
        "R with Python and a system library",
        'said <- system2("python3", c("-c", shQuote("import six; print(six.__version__)")), stdout = TRUE)\n'
        'drawn <- system2("dot", "-V", stdout = TRUE, stderr = TRUE)\n'
        'cat(jsonlite::toJSON(c(said, drawn)), file = "display.png")\nlibrary(jsonlite)\n',
        {"requirements.txt": "six==1.16.0\n", "apt.txt": "graphviz\n"},
        shows='["1.16.0","dot - graphviz',
        planned={"requirements": "six==1.16.0\n", "more": [apt("python3"), apt("graphviz")]},
    ),
    r("an R package that is not there", "library(nosuchpackageatall)\n", refused="package_not_found"),
    python("Python of Debian bullseye", VERSION, shows="3.9", planned=on("debian", "bullseye")),
    python("Python of Ubuntu jammy", VERSION, shows="3.10", planned=on("ubuntu", "jammy")),
    python(
        "Python of Ubuntu noble with a requirement",
        VERSION + "import six\n",
        {"requirements.txt": "six==1.16.0\n"},
        shows="3.12",
        planned=on("ubuntu", "noble"),
    ),
    python("Python of Debian trixie", VERSION, shows="3.13", planned=on("debian", "trixie")),
    r("R of Debian bullseye", R_VERSION, shows="R4.0.4[1]", planned=on("debian", "bullseye")),
    r("R of Ubuntu jammy", R_VERSION, shows="R4.1.2[1]", planned=on("ubuntu", "jammy")),
    r("R of Ubuntu noble", R_VERSION, shows="R4.3.3[1]", planned=on("ubuntu", "noble")),
]
