"""Small workspaces of the common kinds, and what each must get: every configuration file alone, then in conflict."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

H = "a" * 64
R = 'png("display.png")\nplot(1)\n'
SF = 'library(sf)\npng("display.png")\n'
PY = "import numpy\n"
RMD = "---\ntitle: A\n---\n\n```{r}\nplot(1)\n```\n"


def notebook(*rows: str, version: str = "") -> str:
    """Return a notebook of one cell."""
    info = {"name": "python", **({"version": version} if version else {})}
    cell = {"cell_type": "code", "source": [f"{row}\n" for row in rows], "metadata": {}, "outputs": []}
    return json.dumps({"cells": [cell], "metadata": {"language_info": info}, "nbformat": 4, "nbformat_minor": 5})


@dataclass(frozen=True)
class Case:
    """A workspace and its plan; what is empty is not looked at, but for deviations."""

    name: str
    files: dict[str, str]
    suite: str = "bookworm"
    apt: set[str] = field(default_factory=set)
    requirements: str | None = None
    date: str = ""
    read: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    """Subjects, each once."""
    at: tuple[str, ...] = ()
    """`name path:line` of packages."""
    variables: dict[str, str] = field(default_factory=dict)
    note: str = ""


def python(name: str, files: dict[str, str], code: str = PY, **expected: object) -> Case:
    """Return the case of a Python script."""
    return Case(name, {"main.py": code, "display.png": "", **files}, **expected)  # type: ignore[arg-type]


def r(name: str, files: dict[str, str], code: str = SF, **expected: object) -> Case:
    """Return the case of an R script."""
    return Case(name, {"main.R": code, "display.png": "", **files}, **expected)  # type: ignore[arg-type]


UV = f"""version = 1
requires-python = ">=3.12"

[[package]]
name = "paper"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "numpy" }}, {{ name = "colorama", marker = "sys_platform == 'win32'" }}]

[package.dev-dependencies]
dev = [{{ name = "pytest" }}]

[[package]]
name = "numpy"
version = "2.2.4"
source = {{ registry = "https://pypi.example/simple" }}
wheels = [{{ url = "https://files.example/numpy.whl", hash = "sha256:{H}", size = 1 }}]

[[package]]
name = "colorama"
version = "0.4.6"
source = {{ registry = "https://pypi.example/simple" }}
wheels = [{{ url = "https://files.example/colorama.whl", hash = "sha256:{H}", size = 1 }}]

[[package]]
name = "pytest"
version = "8.0"
source = {{ registry = "https://pypi.example/simple" }}
wheels = [{{ url = "https://files.example/pytest.whl", hash = "sha256:{H}", size = 1 }}]
"""
POETRY = f"""[[package]]
name = "numpy"
version = "1.26.4"
optional = false
python-versions = ">=3.9"
groups = ["main"]
files = [{{file = "numpy.whl", hash = "sha256:{H}"}}]

[[package]]
name = "pytest"
version = "8.0"
optional = false
python-versions = ">=3.8"
groups = ["dev"]
files = [{{file = "pytest.whl", hash = "sha256:{H}"}}]

[metadata]
python-versions = "^3.9"
"""
PYLOCK = f"""lock-version = "1.0"
requires-python = ">=3.10"
created-by = "a tool"

[[packages]]
name = "numpy"
version = "2.2.4"
wheels = [{{name = "numpy.whl", url = "https://files.example/numpy.whl", hashes = {{sha256 = "{H}"}}}}]
"""
PIPFILE_LOCK = json.dumps(
    {
        "_meta": {"requires": {"python_version": "3.10"}},
        "default": {"numpy": {"version": "==1.26.4", "hashes": [f"sha256:{H}"]}},
        "develop": {"pytest": {"version": "==8.0", "hashes": [f"sha256:{H}"]}},
    },
    indent=1,
)
RENV = json.dumps(
    {
        "R": {
            "Version": "4.1.2",
            "Repositories": [{"Name": "CRAN", "URL": "https://packagemanager.example/cran/2022-05-01"}],
        },
        "Packages": {
            "sf": {"Package": "sf", "Version": "1.0-7", "Source": "Repository"},
            "renv": {"Package": "renv", "Version": "0.15.0", "Source": "Repository"},
            "oddity": {"Package": "oddity", "Version": "0.1", "Source": "GitHub", "RemoteUsername": "a"},
        },
    },
    indent=2,
)
PACKRAT = "PackratFormat: 1.4\nRVersion: 3.6.3\nRepos: CRAN=https://cran.example\n\nPackage: sf\nSource: CRAN\nVersion: 0.8-1\n"
SESSION = """R version 4.3.1 (2023-06-16)
Platform: x86_64-pc-linux-gnu

other attached packages:
[1] sf_1.0-14

loaded via a namespace (and not attached):
[1] Rcpp_1.0.11
"""
CONDA = """name: paper
channels: [conda-forge]
dependencies:
  - python=3.9
  - numpy=1.26.4
  - gdal
  - libgcc-ng=12
  - pip:
    - tabulate==0.9.0
"""
HASHED = f"numpy==2.2.4 \\\n    --hash=sha256:{H}\n"

ALONE = [
    python("requirements.txt", {"requirements.txt": "numpy==1.26.4\n"}, requirements="numpy==1.26.4\n",
           read=("requirements.txt",), at=("numpy requirements.txt:1",)),
    python("requirements.txt with hashes", {"requirements.txt": HASHED},
           requirements=f"numpy==2.2.4 --hash=sha256:{H}\n"),
    python("requirements.txt that includes and constrains",
           {"requirements.txt": "-r more.txt\n-c pins.txt\n", "more.txt": "numpy\n", "pins.txt": "numpy==1.26.4\n"},
           requirements="numpy==1.26.4\n", at=("numpy more.txt:1",)),
    python("requirements.txt, and an import beyond it", {"requirements.txt": "tabulate\n"},
           requirements="numpy\ntabulate\n", at=("numpy main.py:1",)),
    python("apt.txt", {"apt.txt": "# tools\ngraphviz\nfonts-noto-core # letters\n"},
           apt={"graphviz", "fonts-noto-core", "python3"}, at=("graphviz apt.txt:2",)),
    python("runtime.txt of Python", {"runtime.txt": "python-3.10\n"}, suite="jammy"),
    python("runtime.txt of a Python that no suite has", {"runtime.txt": "python-3.6\n"}, suite="focal",
           deviations=("Python",)),
    r("runtime.txt of R with a day", {"runtime.txt": "r-4.1-2022-01-01\n"}, suite="jammy", date="2022-01-01"),
    r("runtime.txt of a day", {"runtime.txt": "r-2021-12-24\n"}, suite="bullseye", date="2021-12-24"),
    python(".python-version", {".python-version": "3.12\n"}, suite="noble"),
    python("pyproject.toml", {"pyproject.toml": '[project]\nname = "a"\nversion = "0"\nrequires-python = ">=3.12"\n'
           'dependencies = [\n  "numpy>=2,<3",\n]\n'}, suite="noble", requirements="numpy>=2,<3\n",
           at=("numpy pyproject.toml:6",)),
    python("pyproject.toml of Poetry", {"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.9"\nnumpy = "^1.26"\n'},
           suite="bullseye", requirements="numpy>=1.26,<2\n"),
    python("setup.cfg", {"setup.cfg": "[options]\npython_requires = >=3.8\ninstall_requires =\n    numpy==1.26.4\n"},
           requirements="numpy==1.26.4\n", at=("numpy setup.cfg:4",)),
    python("setup.py", {"setup.py": "from setuptools import setup\nsetup(name='a',\n install_requires=['numpy==1.26.4'])\n"},
           requirements="numpy==1.26.4\n", at=("numpy setup.py:3",)),
    python("Pipfile", {"Pipfile": '[packages]\nnumpy = "==1.26.4"\n\n[requires]\npython_version = "3.9"\n'},
           suite="bullseye", requirements="numpy==1.26.4\n"),
    python("Pipfile.lock", {"Pipfile.lock": PIPFILE_LOCK}, suite="jammy",
           requirements=f"numpy==1.26.4 --hash=sha256:{H}\n"),
    python("poetry.lock", {"poetry.lock": POETRY}, requirements=f"numpy==1.26.4 --hash=sha256:{H}\n"),
    python("uv.lock", {"uv.lock": UV}, suite="noble", requirements=f"numpy==2.2.4 --hash=sha256:{H}\n"),
    python("pylock.toml", {"pylock.toml": PYLOCK}, requirements=f"numpy==2.2.4 --hash=sha256:{H}\n"),
    python("environment.yml", {"environment.yml": CONDA}, suite="bullseye", apt={"gdal-bin", "python3"},
           requirements="numpy==1.26.4.*\ntabulate==0.9.0\n", at=("numpy environment.yml:5",)),
    r("environment.yml of R", {"environment.yml": "dependencies:\n  - r-base=4.1\n  - r-sf=1.0\n"}, suite="jammy",
      apt={"r-base-core", "r-cran-sf"}, deviations=("sf",)),
    r("renv.lock", {"renv.lock": RENV}, suite="jammy", apt={"r-base-core", "r-cran-sf"},
      date="2022-05-01", deviations=("sf",), note="oddity"),
    r("packrat.lock", {"packrat/packrat.lock": PACKRAT}, suite="focal", apt={"r-base-core", "r-cran-sf"},
      deviations=("sf",)),
    r("DESCRIPTION", {"DESCRIPTION": "Package: paper\nDepends: R (>= 4.3)\nImports:\n    sf (>= 1.0),\n    units\n"},
      suite="noble", apt={"r-base-core", "r-cran-sf", "r-cran-units"}, deviations=("sf",), at=("r-cran-units DESCRIPTION:5",)),
    r("install.R", {"install.R": 'install.packages(c("sf",\n  "units"), repos = "https://cran.example")\n'},
      apt={"r-base-core", "r-cran-sf", "r-cran-units"}, at=("r-cran-units install.R:1",)),
    r("sessionInfo", {"sessionInfo.txt": SESSION}, suite="noble", apt={"r-base-core", "r-cran-sf"},
      deviations=("R", "sf")),
    r("Project.toml", {"Project.toml": "[deps]\n"}, note="Julia is not run"),
    r("postBuild", {"postBuild": "#!/bin/sh\ntrue\n"}, note="postBuild is run without network"),
    r("start", {"start": "#!/bin/sh\n"}, note="start is not run"),
    r("Dockerfile of rocker", {"Dockerfile": "FROM rocker/r-ver:4.1.2\nRUN apt-get update && apt-get install -y \\\n"
      "  libgdal-dev \\\n  && rm -rf /var/lib/apt/lists/*\nRUN install2.r --error sf\nENV LANG=C.UTF-8\nWORKDIR /x\n"
      'COPY . .\nCMD ["Rscript", "main.R"]\n'},
      suite="jammy", apt={"libgdal-dev", "r-base-core", "r-cran-sf"}, variables={"LANG": "C.UTF-8"},
      at=("libgdal-dev Dockerfile:2",)),
    python("Dockerfile of Python", {"Dockerfile": "FROM python:3.12-slim\nRUN pip install --no-cache-dir numpy==2.2.4\n"},
           suite="noble", requirements="numpy==2.2.4\n", at=("numpy Dockerfile:2",)),
    r("erc.yml", {"erc.yml": 'id: a\nspec_version: "1"\nmain: main.R\ndisplay: display.png\nlicenses: {}\nenvironment:\n'
      '  r: "4.3"\n  date: 2024-06-01\n  packages:\n    r:\n      - units\n    apt:\n      - gdal-bin\n  variables:\n    N: 4\n'},
      suite="noble", apt={"gdal-bin", "r-base-core", "r-cran-units"}, date="2024-06-01", variables={"N": "4"},
      at=("r-cran-units erc.yml:11",)),
    python("nothing: imports", {"helpers.py": "import pandas\n"}, code="import helpers\nfrom sklearn import svm\nimport csv\n",
           requirements="pandas\nscikit-learn\n", at=("pandas helpers.py:1",)),
    r("nothing: library", {}, code='library(sf)\nunits::set_units(1, "m")\npng("display.png")\n',
      apt={"r-base-core", "r-cran-sf", "r-cran-units"}, at=("r-cran-units main.R:2",)),
    Case("nothing: R Markdown and its children",
         {"main.Rmd": RMD + '\n```{r child="part.Rmd"}\n```\n', "part.Rmd": "```{r}\nlibrary(sf)\n```\n", "display.html": ""},
         apt={"pandoc", "r-base-core", "r-cran-rmarkdown", "r-cran-sf"}, at=("r-cran-sf part.Rmd:2",)),
    Case("nothing: a document of another time",
         {"main.Rmd": RMD.replace("title: A", "title: A\ndate: 2019-05-01"), "display.html": ""},
         note="`date: 2019-05-01` under `environment`"),
    Case("nothing: a notebook names a script",
         {"main.ipynb": notebook("%run prep.py", "import numpy"), "prep.py": "import pandas\n", "display.html": ""},
         requirements="ipykernel\nnbconvert\nnumpy\npandas\n", at=("pandas prep.py:1",)),
    Case("nothing: a notebook remembers its Python",
         {"main.ipynb": notebook("import numpy", version="3.10.4"), "display.html": ""}, suite="jammy",
         requirements="ipykernel\nnbconvert\nnumpy\n"),
]  # fmt: skip

CONFLICTS = [
    python("a lock goes before requirements.txt", {"uv.lock": UV, "requirements.txt": "numpy==1\n"}, suite="noble",
           requirements=f"numpy==2.2.4 --hash=sha256:{H}\n", read=("uv.lock",), aside=("requirements.txt",)),
    python("requirements.txt goes before environment.yml, whose Python counts",
           {"requirements.txt": "numpy==1.26.4\n", "environment.yml": CONDA}, suite="bullseye",
           requirements="numpy==1.26.4\n", aside=("what environment.yml lists for Python",)),
    python("requirements.txt goes before pyproject.toml, whose Python counts",
           {"requirements.txt": "numpy==2.2.4\n", "pyproject.toml": '[project]\nrequires-python = "==3.12.*"\ndependencies = ["x"]\n'},
           suite="noble", requirements="numpy==2.2.4\n", aside=("pyproject.toml",)),
    python("runtime.txt goes before pyproject.toml",
           {"runtime.txt": "python-3.9\n", "pyproject.toml": '[project]\nrequires-python = ">=3.12"\ndependencies = []\n'},
           suite="bullseye", deviations=("Python",)),
    python("erc.yml goes before everything", {"erc.yml": "main: main.py\ndisplay: display.png\nenvironment:\n  suite: trixie\n"
           "  packages:\n    python: [numpy==2.2.4]\n", "requirements.txt": "pandas\n", "Dockerfile": "FROM evil:latest\n",
           "runtime.txt": "python-3.9\n"}, suite="trixie", requirements="numpy==2.2.4\n",
           aside=("requirements.txt", "Dockerfile"), deviations=("Python",)),
    r("renv.lock goes before DESCRIPTION", {"renv.lock": RENV, "DESCRIPTION": "Package: p\nImports: units\n"}, suite="jammy",
      apt={"r-base-core", "r-cran-sf"}, aside=("DESCRIPTION",), date="2022-05-01", deviations=("sf",)),
    r("DESCRIPTION and install.R go together",
      {"DESCRIPTION": "Package: p\nImports: units\n", "install.R": 'install.packages("jsonlite")\n'},
      apt={"r-base-core", "r-cran-sf", "r-cran-units", "r-cran-jsonlite"}, read=("DESCRIPTION", "install.R")),
    r("the folder binder goes before the top", {"binder/apt.txt": "graphviz\n", "apt.txt": "gdal-bin\n"},
      apt={"graphviz", "r-base-core", "r-cran-sf"}, aside=("apt.txt",)),
    r("R with Python beside it", {"requirements.txt": "numpy==1.26.4\n"}, apt={"python3", "r-base-core", "r-cran-sf"},
      requirements="numpy==1.26.4\n"),
    r("R that calls a script of Python", {"prep.py": "import pandas\n"}, code='system("python3 prep.py")\npng("display.png")\n',
      apt={"python3", "r-base-core"}, requirements="pandas\n", at=("pandas prep.py:1",)),
    python("Python with R beside it", {"install.R": 'install.packages("sf")\n', "apt.txt": "gdal-bin\n"},
           apt={"gdal-bin", "python3", "r-base-core", "r-cran-sf"}, requirements="numpy\n"),
    Case("chunks of Python in R Markdown", {"main.Rmd": RMD + "\n```{python}\nimport numpy\n```\n", "display.html": ""},
         apt={"libpython3.11", "pandoc", "python3", "r-base-core", "r-cran-reticulate", "r-cran-rmarkdown"}, requirements="numpy\n",
         variables={"RETICULATE_PYTHON": "/opt/erc/bin/python3"}),
    python("a Dockerfile that installs from the workspace's files",
           {"Dockerfile": "FROM python:3.11\nCOPY requirements.txt /tmp/\nRUN pip3 install -r /tmp/requirements.txt\nRUN make\n",
            "requirements.txt": "numpy==2.2.4\n"}, requirements="numpy==2.2.4\n", at=("numpy requirements.txt:1",),
           note="the command “make” is not run"),
    r("a Dockerfile that calls R", {"Dockerfile": "FROM r-base:4.2.2\nRUN R -e \"install.packages(c('sf', 'units'))\"\n"},
      apt={"r-base-core", "r-cran-sf", "r-cran-units"}, at=("r-cran-units Dockerfile:2",)),
    r("one package in install.R that no suite has", {"install.R": 'install.packages("nosuchpackage")\n'},
      apt={"r-base-core", "r-cran-sf"}, deviations=("nosuchpackage",)),
    python("another package of the same module", {"requirements.txt": "opencv-python==4.10\npkg-resources==0.0.0\n"},
           code="import cv2\n", requirements="opencv-python==4.10\n"),
    python("extras in uv.lock", {"uv.lock": UV.replace('wheels = [{ url = "https://files.example/numpy.whl"',
           'optional-dependencies = { all = [{ name = "pytest" }] }\nwheels = [{ url = "https://files.example/numpy.whl"')},
           suite="noble", requirements=f"numpy==2.2.4 --hash=sha256:{H}\npytest==8.0 --hash=sha256:{H}\n"),
    python("requirements.txt at the top does not count beside binder/",
           {"binder/apt.txt": "graphviz\n", "requirements.txt": "pandas\n"}, requirements="numpy\n",
           aside=("requirements.txt",)),
    python("conda's CUDA is left out, and said", {"environment.yml": "dependencies:\n- numpy=1.26b1\n- cudatoolkit=11\n"},
           requirements="numpy==1.26b1\n", deviations=("cudatoolkit",)),
    r("the workspace's own R package is not asked for", {"DESCRIPTION": "Package: paper\nImports: units\n"},
      code='library(paper)\npng("display.png")\n', apt={"r-base-core", "r-cran-units"}, note="paper is the R package of the"),
    r("an R package that no suite has is left out when only a file lists it",
      {"install.R": 'install.packages(c("sf", "nosuchpackage"))\n'}, apt={"r-base-core", "r-cran-sf"},
      deviations=("nosuchpackage",)),
    Case("a notebook whose lock has no tools loses the hashes",
         {"main.ipynb": notebook("import numpy"), "display.html": "", "uv.lock": UV}, suite="noble",
         requirements="ipykernel\nnbconvert\nnumpy==2.2.4\n", deviations=("hashes",)),
]  # fmt: skip

REFUSED: list[tuple[str, dict[str, str], str, str]] = [
    ("an option in apt.txt", {"apt.txt": "gdal-bin\n-y\n"}, "apt_name_invalid", "apt.txt:2"),
    ("an option of apt", {"apt.txt": "-oAPT::Update::Pre-Invoke::=id\n"}, "apt_name_invalid", "apt.txt:1"),
    ("a package to be removed", {"apt.txt": "gdal-bin\nca-certificates-\n"}, "apt_name_invalid", "apt.txt:2"),
    ("shell in apt.txt", {"apt.txt": "gdal;id\n"}, "apt_name_invalid", "apt.txt:1"),
    ("shell in requirements.txt", {"requirements.txt": "x\nsix;id\n"}, "environment_file_invalid", "requirements.txt:2"),
    ("shell in DESCRIPTION", {"DESCRIPTION": "Package: a\nImports:\n    sf,\n    units;id\n"}, "environment_file_invalid", "DESCRIPTION:4"),
    ("shell in erc.yml", {"erc.yml": "environment:\n  packages:\n    apt:\n      - jq;id\n"}, "apt_name_invalid", "erc.yml:4"),
    ("an option in erc.yml", {"erc.yml": "environment:\n  packages:\n    python:\n      - --index-url=x\n"}, "erc_yml_invalid", "erc.yml:4"),
    ("shell in setup.cfg", {"setup.cfg": "[options]\ninstall_requires =\n    six;id\n"}, "environment_file_invalid", "setup.cfg:3"),
    ("shell in pyproject.toml", {"pyproject.toml": '[project]\ndependencies = [\n  "six;id",\n]\n'}, "environment_file_invalid", "pyproject.toml:3"),
    ("a circle", {"requirements.txt": "-r a.txt\n", "a.txt": "x\n-r requirements.txt\n"}, "environment_file_invalid", "a.txt:2"),
    ("itself", {"requirements.txt": "-r requirements.txt\n"}, "environment_file_invalid", "requirements.txt:1"),
    ("what leaves the workspace", {"requirements.txt": "-r ../../etc/passwd\n"}, "environment_file_invalid", "requirements.txt:1"),
    ("two versions of one", {"requirements.txt": "x==1\ny\nx==2\n"}, "environment_file_invalid", "requirements.txt:3"),
    ("no version", {"requirements.txt": "x>=abc\n"}, "environment_file_invalid", "requirements.txt:1"),
    ("bad TOML", {"pyproject.toml": "[project]\nname = \n"}, "environment_file_invalid", "pyproject.toml:2"),
    ("bad YAML", {"environment.yml": "a: 1\nb: [\n"}, "environment_file_invalid", "environment.yml"),
    ("bad JSON", {"renv.lock": '{\n "R": ,\n}'}, "environment_file_invalid", "renv.lock:2"),
    ("bad Python", {"setup.py": "x = 1\ndef (:\n"}, "environment_file_invalid", "setup.py"),
    ("conda's Julia", {"environment.yml": "dependencies:\n- numpy\n- julia=1.9\n"}, "conda_package_unavailable", "environment.yml:3"),
    ("conda with a command", {"environment.yml": "dependencies:\n- numpy;id\n"}, "conda_package_unknown", "environment.yml:2"),
    ("an unknown runtime", {"runtime.txt": "ruby-3\n"}, "runtime_unknown", "runtime.txt:1"),
    ("no day", {"runtime.txt": "r-2021-02-31\n"}, "date_invalid", "runtime.txt:1"),
    ("an unknown suite", {"erc.yml": "main: main.py\nenvironment:\n  suite: potato\n"}, "erc_yml_invalid", "erc.yml:3"),
    ("an unknown key", {"erc.yml": "main: main.py\nenvironment:\n  pyton: 3\n"}, "erc_yml_invalid", "erc.yml:3"),
    ("a variable that programs trust", {"erc.yml": "main: main.py\nenvironment:\n  variables:\n    LD_PRELOAD: x\n"}, "erc_yml_invalid", "erc.yml:4"),
    ("no script", {"postBuild": "pip install x\n"}, "environment_file_invalid", "postBuild:1"),
    ("two folders", {"binder/apt.txt": "a2ps\n", ".binder/apt.txt": "a2ps\n"}, "two_environment_folders", ".binder/"),
    *(
        (name, {"Dockerfile": text}, "dockerfile_refused", place)
        for name, text, place in (
            ("ADD from the net", "FROM debian:bookworm\nADD https://x.example/a /a\n", "Dockerfile:2"),
            ("ADD from git", "FROM debian:bookworm\nADD git@x.example:a.git /a\n", "Dockerfile:2"),
            ("another reader", "# syntax=docker/dockerfile:1\nFROM debian:bookworm\n", "Dockerfile:1"),
            ("a mount", "FROM debian:bookworm\nRUN --mount=type=secret,id=x cat /run/secrets/x\n", "Dockerfile:2"),
            ("security", "FROM debian:bookworm\nRUN --security=insecure id\n", "Dockerfile:2"),
            ("another image's files", "FROM debian:bookworm\nCOPY --from=other /a /a\n", "Dockerfile:2"),
            ("latest", "FROM python:latest\n", "Dockerfile:1"),
            ("no tag", "FROM debian\n", "Dockerfile:1"),
            ("an argument", "ARG A=1\nFROM debian:$A\n", "Dockerfile:2"),
            ("a platform", "FROM --platform=linux/s390x debian:bookworm\n", "Dockerfile:1"),
            ("a stranger", "FROM evil.example/x:1\n", "Dockerfile:1"),
            ("a second stage", "FROM debian:bookworm\nFROM debian:bookworm\n", "Dockerfile:2"),
            ("a trigger", "FROM debian:bookworm\nONBUILD RUN id\n", "Dockerfile:2"),
            ("an image with triggers", "FROM python:3-onbuild\n", "Dockerfile:1"),
            ("one by its digest", f"FROM python:3.11-OnBuild@sha256:{'a' * 64}\n", "Dockerfile:1"),
            ("a text within", "FROM debian:bookworm\nRUN <<EOF\nid\nEOF\n", "Dockerfile:2"),
            ("nothing", "\n", "Dockerfile:1"),
        )
    ),
]  # fmt: skip
