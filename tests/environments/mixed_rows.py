"""R and Python together with libraries or programs of the system, however each of the three is declared."""

from __future__ import annotations

from environments.files import notebook, packrat_lock, renv_lock
from environments.r_rows import NO_ABIND, NO_DIGEST, NO_JSONLITE, json_of
from environments.workspace import PY, R, Workspace, python, r

SIX = {"part.py": f'{PY}part(lambda: need("six").__version__)\nend("/dev/stdout")\n'}
TABLE = {"part.py": f'{PY}part(lambda: need("tabulate").__version__)\nend("/dev/stdout")\n'}
NO_SIX, NO_TABULATE = "No module named 'six'", "No module named 'tabulate'"
BESIDE = 'part(function() run("python3", "part.py"))\n'
JQ = 'part(function() run("jq", "-n", "6 * 7"))\n'
JSON_SIX_JQ = f"{json_of('1')}\n{BESIDE}{JQ}"
"""R's jsonlite, Python's six and the program jq."""
ALL_THREE = (NO_JSONLITE, NO_SIX, "jq cannot be run")


def udunits(place: str) -> dict[str, str]:
    """Return Python beside R that calls the library of R's package units, declared elsewhere."""
    code = f'{PY}import ctypes\npart(lambda: ctypes.CDLL("{place}") and "loaded")\n'
    return {"part.py": f'{code}part(lambda: need("six").__version__)\nend("/dev/stdout")\n'}


def r_part(code: str) -> dict[str, str]:
    """Return a script of R that a Python script runs."""
    return {"part.R": f'{R}{code}\nend("")\n'}


UNITS = 'part(function() format(need("units")$set_units(1, "km", mode = "standard")))'
DOCKERFILE = (
    "FROM rocker/r-ver:4.2.2\nRUN apt-get update && apt-get install -y jq\n"
    "RUN pip3 install six==1.16.0\nRUN R -e \"install.packages('jsonlite')\"\n"
)
ERC_YML = "environment:\n  packages:\n    python: [six==1.16.0]\n    r:\n      - jsonlite\n    apt: [jq]\n"
CONDA = "dependencies:\n  - r-base=4.1\n  - r-jsonlite\n  - jq\n  - pip:\n    - six==1.16.0\n"
TRIXIE = "environment:\n  suite: trixie\n  packages:\n    r: [gsl]\n    python: [six==1.16.0]\n    apt: [gsl-bin]\n"
RMD = f"""---
title: A
---

```{{r}}
{R}
part(function() need("abind")$abind(42))
{JQ}
cat(said)
if (length(failed)) stop(paste(failed, collapse = " and "))
```

```{{python}}
import importlib
print("six", importlib.import_module("six").__version__)
```
"""

ROWS = [
    r("R, requirements.txt and apt.txt", JSON_SIX_JQ,
      {**SIX, "install.R": 'install.packages("jsonlite")\n', "requirements.txt": "six==1.16.0\n", "apt.txt": "jq\n"},
      declared=("install.R", "requirements.txt", "apt.txt"), shows="[1] 1.16.0 42", lacks=ALL_THREE),
    r("one erc.yml for all three", JSON_SIX_JQ, {**SIX, "erc.yml": ERC_YML}, declared=("erc.yml",),
      shows="[1] 1.16.0 42", lacks=ALL_THREE),
    r("one Dockerfile for all three", JSON_SIX_JQ, {**SIX, "Dockerfile": DOCKERFILE}, declared=("Dockerfile",),
      shows="[1] 1.16.0 42", lacks=ALL_THREE),
    r("one environment.yml for all three", JSON_SIX_JQ, {**SIX, "environment.yml": CONDA}, suite="jammy",
      declared=("environment.yml",), shows="[1] 1.16.0 42", lacks=ALL_THREE),
    r("renv.lock, Pipfile and apt.txt", JSON_SIX_JQ,
      {**SIX, "renv.lock": renv_lock("4.1.2", jsonlite="1.8.0"), "Pipfile": '[packages]\nsix = "==1.16.0"\n',
       "apt.txt": "jq\n"}, suite="jammy", declared=("renv.lock", "Pipfile", "apt.txt"), shows="[1] 1.16.0 42",
      lacks=ALL_THREE),
    r("DESCRIPTION, pyproject.toml and apt.txt",
      f'part(function() need("xml2")$xml_text(need("xml2")$read_xml("<a>x</a>")))\n{BESIDE}part(function() run("sqlite3", ":memory:", "select 6 * 7"))',
      {**TABLE, "DESCRIPTION": "Package: p\nDepends: R (>= 4.3)\nImports: xml2\n",
       "pyproject.toml": '[project]\nname = "a"\nversion = "0"\ndependencies = ["tabulate==0.9.0"]\n', "apt.txt": "sqlite3\n"},
      suite="noble", declared=("DESCRIPTION", "pyproject.toml", "apt.txt"), shows="x 0.9.0 42",
      lacks=("no package called ‘xml2’", NO_TABULATE, "sqlite3 cannot be run")),
    r("packrat.lock, setup.cfg and apt.txt", f'part(function() nchar(need("digest")$digest("a")))\n{BESIDE}{JQ}',
      {**TABLE, "packrat/packrat.lock": packrat_lock("3.6.3", "digest", "0.6.25"),
       "setup.cfg": "[options]\ninstall_requires =\n    tabulate==0.8.10\n", "apt.txt": "jq\n"}, suite="focal",
      declared=("packrat/packrat.lock", "setup.cfg", "apt.txt"), shows="32 0.8.10 42", lacks=(NO_DIGEST, NO_TABULATE, "jq cannot be run")),
    r("runtime.txt, install.R and a library that both languages call", f"{UNITS}\n{BESIDE}",
      {**udunits("libudunits2.so.0"), "runtime.txt": "r-4.0\n", "install.R": 'install.packages("units")\n',
       "requirements.txt": "six==1.16.0\n"}, suite="bullseye", declared=("runtime.txt", "install.R", "requirements.txt"),
      shows="1 [km] loaded 1.16.0", lacks=("no package called ‘units’", "libudunits2.so.0", NO_SIX)),
    r("erc.yml on trixie, and a library of science",
      f'part(function() round(need("gsl")$bessel_J0(0)))\n{BESIDE}part(function() run("gsl-randist", "1", "1", "flat", "7", "7"))',
      {**udunits("libgsl.so.28"), "erc.yml": TRIXIE}, suite="trixie", declared=("erc.yml",), shows="1 loaded 1.16.0 7",
      lacks=("no package called ‘gsl’", "libgsl.so.28", NO_SIX, "gsl-randist cannot be run")),
    python("Python first: requirements.txt, install.R and apt.txt",
           'part(lambda: need("six").__version__)\npart(lambda: run("Rscript", "part.R"))\npart(lambda: run("jq", "-n", "6 * 7"))',
           {**r_part(UNITS), "requirements.txt": "six==1.16.0\n", "install.R": 'install.packages("units")\n', "apt.txt": "jq\n"},
           declared=("requirements.txt", "install.R", "apt.txt"), shows="1.16.0 1 [km] 42",
           lacks=(NO_SIX, "no package called ‘units’", "'jq'")),
    python("Python first: a source that needs a library, and R that calls another",
           'part(lambda: need("psycopg2").__version__)\npart(lambda: run("Rscript", "part.R"))',
           {**r_part('part(function() nchar(need("xml2")$libxml2_version()) > 0)'), "requirements.txt": "psycopg2==2.9.10\n",
            "DESCRIPTION": "Package: p\nImports: xml2\n"}, declared=("requirements.txt", "DESCRIPTION"), shows="2.9.10",
           lacks=("No module named 'psycopg2'", "no package called ‘xml2’")),
    Workspace("R Markdown with chunks of Python",
              {"main.Rmd": RMD, "display.html": "", "install.R": 'install.packages("abind")\n',
               "requirements.txt": "six==1.16.0\n", "apt.txt": "jq\n"},
              shows="six 1.16.0", declared=("install.R", "requirements.txt", "apt.txt"), lacks=(NO_ABIND, "jq cannot be run")),
    Workspace("a notebook that runs R",
              {"main.ipynb": notebook("import subprocess, importlib", "print(importlib.import_module('tabulate').__version__)",
                                      "print(subprocess.check_output(['Rscript', 'part.R']).decode())",
                                      "print(subprocess.check_output(['jq', '-n', '6 * 7']).decode())"),
               "display.html": "", **r_part(json_of("41 + 1")), "requirements.txt": "tabulate==0.9.0\n",
               "install.R": 'install.packages("jsonlite")\n', "apt.txt": "jq\n"},
              shows="[42]", declared=("requirements.txt", "install.R", "apt.txt"), lacks=("ModuleNotFoundError",)),
]  # fmt: skip
