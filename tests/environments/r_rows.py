"""R: each configuration file alone, on the suites that it leads to."""

from __future__ import annotations

from environments.files import SESSION, packrat_lock, renv_lock
from environments.workspace import Workspace, r


def json_of(number: str) -> str:
    """Return code that needs the package jsonlite."""
    return f'part(function() need("jsonlite")$toJSON({number}))'


DIGEST = 'part(function() nchar(need("digest")$digest("a")))'
NO_JSONLITE, NO_DIGEST = "no package called ‘jsonlite’", "no package called ‘digest’"
NO_ABIND = "no package called 'abind'"
"""Of these three, R Markdown itself needs the first two; within it, R writes plain quotation marks."""


def runs_on(version: str) -> str:
    """Return code that ends with an error on any other R."""
    return f'part(function() if (getRversion() == "{version}") "{version}" else stop("not R {version}"))'


RMD = "---\ntitle: A\noutput: html_document\n---\n\n```{r}\nlibrary(abind)\ncat(dim(abind(1:2, 3:4, along = 2)))\n```\n"
PARENT = "---\ntitle: A\n---\n\n```{r child='part.Rmd'}\n```\n"
CONDA = "dependencies:\n  - r-base=4.1\n  - r-jsonlite\n"
DESCRIPTION = "Package: paper\nDepends: R (>= 4.3)\nImports:\n    digest,\n    stats\n"
ROCKER = (
    "FROM rocker/r-ver:4.1.2\nRUN apt-get update && apt-get install -y \\\n  jq \\\n  && rm -rf /var/lib/apt/lists/*\n"
    'RUN install2.r --error jsonlite\nWORKDIR /x\nCOPY . .\nCMD ["Rscript", "main.R"]\n'
)
ERC_R = "environment:\n  r: '4.3'\n  packages:\n    r: [digest]\n    apt:\n      - jq\n"

ROWS = [
    r("nothing: library and ::", 'library(jsonlite)\npart(function() toJSON(41 + 1))\npart(function() nchar(digest::digest("a")))',
      declared=(), shows="[42] 32", lacks=("no package called ‘jsonlite’",)),
    Workspace("nothing: R Markdown", {"main.Rmd": RMD, "display.html": ""}, shows="2 2", lacks=(NO_ABIND,)),
    Workspace("nothing: R Markdown and its child",
              {"main.Rmd": PARENT, "part.Rmd": RMD.partition("---\n\n")[2], "display.html": ""}, shows="2 2",
              lacks=(NO_ABIND,)),
    r("install.R", json_of("42"), {"install.R": 'install.packages(c("jsonlite"), repos = "https://cran.example")\n'},
      shows="[42]", lacks=(NO_JSONLITE,)),
    r("install.R of a package that needs a library", 'part(function() nchar(need("xml2")$libxml2_version()) > 0)',
      {"install.R": 'remotes::install_version("xml2", "1.3.3")\n'}, shows="TRUE", lacks=("no package called ‘xml2’",)),
    r("DESCRIPTION", f"{runs_on('4.3.3')}\n{DIGEST}", {"DESCRIPTION": DESCRIPTION}, suite="noble", shows="4.3.3 32",
      lacks=("not R 4.3.3", NO_DIGEST)),
    r("renv.lock", f"{runs_on('4.1.2')}\n{json_of('42')}",
      {"renv.lock": renv_lock("4.1.2", jsonlite="1.8.0", renv="0.15.0")}, suite="jammy", shows="4.1.2 [42]",
      lacks=("not R 4.1.2", NO_JSONLITE)),
    r("packrat.lock", f"{runs_on('3.6.3')}\n{DIGEST}", {"packrat/packrat.lock": packrat_lock("3.6.3", "digest", "0.6.25")},
      suite="focal", shows="3.6.3 32", lacks=("not R 3.6.3", NO_DIGEST)),
    r("environment.yml of R", f"{runs_on('4.1.2')}\n{json_of('42')}", {"environment.yml": CONDA}, suite="jammy",
      shows="4.1.2 [42]", lacks=("not R 4.1.2", NO_JSONLITE)),
    r("sessionInfo", runs_on("4.5.0"), {"sessionInfo.txt": SESSION}, suite="trixie", shows="4.5.0",
      lacks=("not R 4.5.0",)),
    r("runtime.txt of R", runs_on("4.0.4"), {"runtime.txt": "r-4.0-2021-09-01\n"}, suite="bullseye", shows="4.0.4",
      lacks=("not R 4.0.4",)),
    r("runtime.txt of a day", runs_on("4.0.4"), {"runtime.txt": "r-2021-09-01\n"}, suite="bullseye", shows="4.0.4",
      lacks=("not R 4.0.4",)),
    r("Dockerfile of rocker", f'{runs_on("4.1.2")}\n{json_of("42")}\npart(function() run("jq", "-n", "6 * 7"))',
      {"Dockerfile": ROCKER}, suite="jammy", shows="4.1.2 [42] 42", lacks=("not R 4.1.2", NO_JSONLITE, "jq cannot be run")),
    r("erc.yml", f'{runs_on("4.3.3")}\n{DIGEST}\npart(function() run("jq", "-n", "6 * 7"))', {"erc.yml": ERC_R},
      suite="noble", shows="4.3.3 32 42", lacks=("not R 4.3.3", NO_DIGEST, "jq cannot be run")),
]  # fmt: skip
