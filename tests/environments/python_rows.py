"""Python: each configuration file alone, on the suites that it leads to."""

from __future__ import annotations

from environments.files import INICONFIG, PIPFILE_LOCK, POETRY_LOCK, PYLOCK, SIX, notebook, uv_lock
from environments.workspace import Workspace, python


def version_of(module: str) -> str:
    """Return code that says the version of an installed package."""
    return f'part(lambda: need("{module}") and need("importlib.metadata").version("{module}"))'


def runs_on(version: str) -> str:
    """Return code that ends with an error on any other Python."""
    return (
        'have = "%d.%d" % sys.version_info[:2]\n'
        f'part(lambda: have if have == "{version}" else sys.exit("not Python {version}"))'
    )


MAGIC = 'part(lambda: need("magic").from_buffer(b"%PDF-1.4 a", mime=True))'
POSTBUILD = "#!/bin/sh\nset -e\necho made-by-postBuild > ~/made\n"
ERC_VARIABLES = "environment:\n  variables:\n    GREETING: 'hello $HOME '\n"
ERC_PYTHON = "environment:\n  packages:\n    python:\n      - tabulate==0.9.0\n"
CONDA = """name: paper
channels: [conda-forge]
dependencies:
  - python=3.9
  - tabulate=0.9.0
  - jq
  - libgcc-ng=12
  - pip:
    - six==1.16.0
"""

ROWS = [
    python("requirements.txt", version_of("tabulate"), {"requirements.txt": "tabulate==0.9.0\n"},
           shows="0.9.0", lacks=("No module named 'tabulate'",)),
    python("requirements.txt with hashes", version_of("six"),
           {"requirements.txt": f"six==1.16.0 \\\n    --hash={SIX}\n"}, shows="1.16.0", lacks=("No module named 'six'",)),
    python("requirements.txt that includes and constrains", version_of("colorama"),
           {"requirements.txt": "-r more.txt\n-c pins.txt\n", "more.txt": "colorama\n", "pins.txt": "colorama==0.4.5\n"},
           shows="0.4.5", lacks=("No module named 'colorama'",)),
    python("requirements.txt of a package that is a source only", version_of("docopt"),
           {"requirements.txt": "docopt==0.6.2\n"}, shows="0.6.2", lacks=("No module named 'docopt'",)),
    python("requirements.txt of a source that needs a library", version_of("psycopg2"),
           {"requirements.txt": "psycopg2==2.9.10\n"}, shows="2.9.10", lacks=("No module named 'psycopg2'",)),
    python("requirements.txt of a wheel that calls a library", MAGIC, {"requirements.txt": "python-magic==0.4.27\n"},
           shows="application/pdf", lacks=("No module named 'magic'",)),
    python("apt.txt", 'part(lambda: run("jq", "-n", "6 * 7"))', {"apt.txt": "# tools\njq\n"},
           shows="42", lacks=("No such file or directory: 'jq'",)),
    python("apt.txt of a library", 'import ctypes\npart(lambda: ctypes.CDLL("libzbar.so.0") and "loaded")',
           {"apt.txt": "libzbar0\n"}, shows="loaded", lacks=("libzbar.so.0",)),
    python("runtime.txt", runs_on("3.8"), {"runtime.txt": "python-3.8\n"}, suite="focal", shows="3.8",
           lacks=("not Python 3.8",)),
    python(".python-version", runs_on("3.13"), {".python-version": "3.13\n"}, suite="trixie", shows="3.13",
           lacks=("not Python 3.13",)),
    python("pyproject.toml", f"{runs_on('3.12')}\n{version_of('toolz')}",
           {"pyproject.toml": '[project]\nname = "a"\nversion = "0"\nrequires-python = ">=3.12"\ndependencies = [\n'
            '  "toolz==0.12.1",\n]\n'}, suite="noble", shows="3.12 0.12.1",
           lacks=("not Python 3.12", "No module named 'toolz'")),
    python("pyproject.toml of Poetry", f"{runs_on('3.9')}\n{version_of('tomli')}",
           {"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.9"\ntomli = "~2.0.1"\n'}, suite="bullseye",
           shows="3.9 2.0", lacks=("not Python 3.9", "No module named 'tomli'")),
    python("setup.cfg", version_of("inflection"),
           {"setup.cfg": "[options]\npython_requires = >=3.8\ninstall_requires =\n    inflection==0.5.1\n"},
           shows="0.5.1", lacks=("No module named 'inflection'",)),
    python("setup.py", version_of("termcolor"),
           {"setup.py": "from setuptools import setup\nsetup(name='a',\n install_requires=['termcolor==2.4.0'])\n"},
           shows="2.4.0", lacks=("No module named 'termcolor'",)),
    python("Pipfile", f"{runs_on('3.10')}\n{version_of('iniconfig')}",
           {"Pipfile": '[packages]\niniconfig = "==2.0.0"\n\n[requires]\npython_version = "3.10"\n'}, suite="jammy",
           shows="3.10 2.0.0", lacks=("not Python 3.10", "No module named 'iniconfig'")),
    python("Pipfile.lock", version_of("inflection"), {"Pipfile.lock": PIPFILE_LOCK}, shows="0.5.1",
           lacks=("No module named 'inflection'",)),
    python("poetry.lock", version_of("toolz"), {"poetry.lock": POETRY_LOCK}, shows="0.12.1",
           lacks=("No module named 'toolz'",)),
    python("uv.lock", version_of("iniconfig"), {"uv.lock": uv_lock("iniconfig", "2.0.0", INICONFIG)}, shows="2.0.0",
           lacks=("No module named 'iniconfig'",)),
    python("pylock.toml", version_of("colorama"), {"pylock.toml": PYLOCK}, shows="0.4.6",
           lacks=("No module named 'colorama'",)),
    python("environment.yml",
           f'{runs_on("3.9")}\n{version_of("tabulate")}\n{version_of("six")}\npart(lambda: run("jq", "-n", "6 * 7"))',
           {"environment.yml": CONDA}, suite="bullseye", shows="3.9 0.9.0 1.16.0 42",
           lacks=("not Python 3.9", "No module named 'tabulate'", "No module named 'six'", "'jq'")),
    python("Dockerfile", f"{runs_on('3.12')}\n{version_of('six')}",
           {"Dockerfile": "FROM python:3.12-slim\nRUN pip install --no-cache-dir six==1.16.0\n"}, suite="noble",
           shows="3.12 1.16.0", lacks=("not Python 3.12", "No module named 'six'")),
    python("erc.yml with packages", version_of("tabulate"), {"erc.yml": ERC_PYTHON}, shows="0.9.0",
           lacks=("No module named 'tabulate'",)),
    python("erc.yml with a suite by its number", runs_on("3.10"), {"erc.yml": "environment:\n  suite: '22.04'\n"},
           suite="jammy", shows="3.10", lacks=("not Python 3.10",)),
    python("erc.yml with variables", 'part(lambda: os.environ["GREETING"])', {"erc.yml": ERC_VARIABLES},
           shows="hello $HOME", lacks=("GREETING",)),
    python("postBuild", 'part(lambda: open("/var/lib/erc/made").read())', {"postBuild": POSTBUILD},
           shows="made-by-postBuild", lacks=("/var/lib/erc/made",)),
    python("the folder binder", version_of("tabulate"), {"binder/requirements.txt": "tabulate==0.9.0\n"},
           shows="0.9.0", lacks=("No module named 'tabulate'",)),
    python("the folder .binder", runs_on("3.10"), {".binder/runtime.txt": "python-3.10\n"}, suite="jammy",
           shows="3.10", lacks=("not Python 3.10",)),
    python("nothing: imports, one by another name, one in a module",
           "import shared\nimport yaml\npart(lambda: yaml.safe_load('a: 41')['a'] + 1)\npart(shared.table)",
           {"shared.py": "import tabulate\ndef table():\n    return tabulate.tabulate([['cell', 43]])\n"}, declared=(),
           shows="42", lacks=("No module named",)),
    Workspace("a notebook with requirements.txt",
              {"main.ipynb": notebook("import importlib", "tabulate = importlib.import_module('tabulate')",
                                      "print(tabulate.tabulate([['cell', 40 + 2]]))"),
               "display.html": "", "requirements.txt": "tabulate==0.9.0\n"},
              shows="cell  42", declared=("requirements.txt",), lacks=("ModuleNotFoundError",)),
]  # fmt: skip
