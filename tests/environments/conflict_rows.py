"""Two files that disagree, and which one wins: the display shows what the winner asked for."""

from __future__ import annotations

from environments.files import COLORAMA, INICONFIG, PIPFILE_LOCK, POETRY_LOCK, PYLOCK, SESSION, renv_lock, uv_lock
from environments.python_rows import runs_on, version_of
from environments.r_rows import DIGEST, NO_DIGEST, NO_JSONLITE, json_of
from environments.r_rows import runs_on as runs_on_r
from environments.workspace import python, r

TABULATE, NO_TABULATE = version_of("tabulate"), "No module named 'tabulate'"
NO_DIGEST_HERE = 'part(function() if (nzchar(system.file(package = "digest"))) stop("digest is here") else "alone")'

ROWS = [
    python("pylock.toml goes before uv.lock", version_of("colorama"),
           {"pylock.toml": PYLOCK, "uv.lock": uv_lock("colorama", "0.4.5", COLORAMA)}, aside=("uv.lock",), shows="0.4.6",
           lacks=("No module named 'colorama'",)),
    python("uv.lock goes before requirements.txt", version_of("iniconfig"),
           {"uv.lock": uv_lock("iniconfig", "2.0.0", INICONFIG), "requirements.txt": "iniconfig==1.1.1\n"},
           aside=("requirements.txt",), shows="2.0.0", lacks=("No module named 'iniconfig'",)),
    python("poetry.lock goes before pyproject.toml", version_of("toolz"),
           {"poetry.lock": POETRY_LOCK, "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9"\ntoolz = "0.11.2"\n'},
           aside=("pyproject.toml",), shows="0.12.1", lacks=("No module named 'toolz'",)),
    python("Pipfile.lock goes before Pipfile", version_of("inflection"),
           {"Pipfile.lock": PIPFILE_LOCK, "Pipfile": '[packages]\ninflection = "==0.5.0"\n'}, aside=("Pipfile",),
           shows="0.5.1", lacks=("No module named 'inflection'",)),
    python("setup.cfg goes before setup.py", version_of("termcolor"),
           {"setup.cfg": "[options]\ninstall_requires =\n    termcolor==2.4.0\n",
            "setup.py": "from setuptools import setup\nsetup(install_requires=['termcolor==2.3.0'])\n"},
           aside=("setup.py",), shows="2.4.0", lacks=("No module named 'termcolor'",)),
    python("requirements.txt goes before environment.yml, whose Python counts", f"{runs_on('3.9')}\n{TABULATE}",
           {"requirements.txt": "tabulate==0.9.0\n", "environment.yml": "dependencies:\n  - python=3.9\n  - tabulate=0.8.9\n"},
           suite="bullseye", aside=("what environment.yml lists for Python",), shows="3.9 0.9.0",
           lacks=("not Python 3.9", NO_TABULATE)),
    python("requirements.txt goes before pyproject.toml, whose Python counts", f"{runs_on('3.12')}\n{version_of('six')}",
           {"requirements.txt": "six==1.16.0\n",
            "pyproject.toml": '[project]\nrequires-python = "==3.12.*"\ndependencies = ["six==1.15.0"]\n'},
           suite="noble", aside=("pyproject.toml",), shows="3.12 1.16.0", lacks=("not Python 3.12", "No module named 'six'")),
    python("Dockerfile goes before requirements.txt", f"{runs_on('3.12')}\n{version_of('six')}",
           {"Dockerfile": "FROM python:3.12-slim\nRUN pip install six==1.16.0\n", "requirements.txt": "six==1.15.0\n"},
           suite="noble", aside=("requirements.txt",), shows="3.12 1.16.0",
           lacks=("not Python 3.12", "No module named 'six'")),
    python("runtime.txt goes before .python-version and pyproject.toml", runs_on("3.10"),
           {"runtime.txt": "python-3.10\n", ".python-version": "3.13\n",
            "pyproject.toml": '[project]\nrequires-python = ">=3.12"\ndependencies = []\n'}, suite="jammy", shows="3.10",
           lacks=("not Python 3.10",)),
    python("erc.yml goes before everything", f"{runs_on('3.13')}\n{TABULATE}",
           {"erc.yml": "environment:\n  suite: trixie\n  packages:\n    python: [tabulate==0.9.0]\n",
            "requirements.txt": "tabulate==0.8.9\n", "Dockerfile": "FROM python:3.11\nRUN pip install tabulate==0.8.10\n",
            "runtime.txt": "python-3.9\n"},
           suite="trixie", aside=("requirements.txt", "Dockerfile"), shows="3.13 0.9.0",
           lacks=("not Python 3.13", NO_TABULATE)),
    python("the folder binder goes before the top", TABULATE,
           {"binder/requirements.txt": "tabulate==0.9.0\n", "requirements.txt": "tabulate==0.8.9\n"},
           aside=("requirements.txt",), shows="0.9.0", lacks=(NO_TABULATE,)),
    r("renv.lock goes before DESCRIPTION", f"{runs_on_r('4.1.2')}\n{json_of('42')}\n{NO_DIGEST_HERE}",
      {"renv.lock": renv_lock("4.1.2", jsonlite="1.8.0"), "DESCRIPTION": "Package: p\nDepends: R (>= 4.3)\nImports: digest\n"},
      suite="jammy", aside=("DESCRIPTION",), shows="4.1.2 [42] alone", lacks=("not R 4.1.2", NO_JSONLITE)),
    r("DESCRIPTION and install.R go together", f"{DIGEST}\n{json_of('42')}",
      {"DESCRIPTION": "Package: p\nImports: digest\n", "install.R": 'install.packages("jsonlite")\n'}, shows="32 [42]",
      lacks=(NO_DIGEST, NO_JSONLITE)),
    r("install.R goes before environment.yml, whose R counts", f"{runs_on_r('4.1.2')}\n{json_of('42')}\n{NO_DIGEST_HERE}",
      {"install.R": 'install.packages("jsonlite")\n', "environment.yml": "dependencies:\n  - r-base=4.1\n  - r-digest\n"},
      suite="jammy", aside=("what environment.yml lists for R",), shows="4.1.2 [42] alone",
      lacks=("not R 4.1.2", NO_JSONLITE)),
    r("runtime.txt goes before sessionInfo", runs_on_r("4.0.4"),
      {"runtime.txt": "r-4.0-2021-09-01\n", "sessionInfo.txt": SESSION}, suite="bullseye", shows="4.0.4",
      lacks=("not R 4.0.4",)),
]  # fmt: skip
