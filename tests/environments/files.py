"""Files that tools write: lock files with the real digests of small wheels, and a record of a session."""

from __future__ import annotations

import json

COLORAMA = "sha256:4f1d9991f5acc0ca119f9d443620b77f9d6b33703e51011c16baf57afb285fc6"
"""The wheel of colorama 0.4.6."""
INFLECTION = "sha256:f38b2b640938a4f35ade69ac3d053042959b62a0f1076a5bbaa1b9526605a8a2"
"""The wheel of inflection 0.5.1."""
INICONFIG = "sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374"
"""The wheel of iniconfig 2.0.0."""
SIX = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
"""The wheel of six 1.16.0."""
TOOLZ = "sha256:d22731364c07d72eea0a0ad45bafb2c2937ab6fd38a3507bf55eae8744aa7d85"
"""The wheel of toolz 0.12.1."""

PIPFILE_LOCK = json.dumps(
    {
        "_meta": {"requires": {}},
        "default": {"inflection": {"version": "==0.5.1", "hashes": [INFLECTION]}},
        "develop": {"pytest": {"version": "==8.0", "hashes": [INFLECTION]}},
    },
    indent=1,
)
POETRY_LOCK = f"""[[package]]
name = "toolz"
version = "0.12.1"
optional = false
python-versions = ">=3.7"
groups = ["main"]
files = [{{file = "toolz-0.12.1-py3-none-any.whl", hash = "{TOOLZ}"}}]

[[package]]
name = "pytest"
version = "8.0"
optional = false
python-versions = ">=3.8"
groups = ["dev"]
files = [{{file = "pytest.whl", hash = "{TOOLZ}"}}]

[metadata]
python-versions = "^3.9"
"""
PYLOCK = f"""lock-version = "1.0"
requires-python = ">=3.10"
created-by = "a tool"

[[packages]]
name = "colorama"
version = "0.4.6"
wheels = [{{name = "colorama-0.4.6-py2.py3-none-any.whl", hashes = {{sha256 = "{COLORAMA.partition(":")[2]}"}}}}]
"""
PYLOCK_INCOMPLETE = f"""lock-version = "1.0"
created-by = "a tool"

[[packages]]
name = "requests"
version = "2.31.0"
wheels = [{{name = "requests.whl", hashes = {{sha256 = "{"58cd2187c01e70e6e26505bca751777aa9f2ee0b7f4300988b709f44e013003f"}"}}}}]
"""


def uv_lock(name: str, version: str, digest: str) -> str:
    """Return a `uv.lock` of a project that needs one package, and another one on Windows only."""
    registry = '{ registry = "https://pypi.example/simple" }'
    return f"""version = 1
requires-python = ">=3.10"

[[package]]
name = "paper"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "{name}" }}, {{ name = "pywin32", marker = "sys_platform == 'win32'" }}]

[[package]]
name = "{name}"
version = "{version}"
source = {registry}
wheels = [{{ url = "https://files.example/a.whl", hash = "{digest}", size = 1 }}]

[[package]]
name = "pywin32"
version = "306"
source = {registry}
wheels = [{{ url = "https://files.example/b.whl", hash = "{digest}", size = 1 }}]
"""


def renv_lock(r: str, **packages: str) -> str:
    """Return a `renv.lock` for a version of R, with versions of packages."""
    locked = {name: {"Package": name, "Version": version, "Source": "Repository"} for name, version in packages.items()}
    return json.dumps({"R": {"Version": r, "Repositories": []}, "Packages": locked}, indent=2)


def notebook(*rows: str) -> str:
    """Return a notebook of one cell of Python."""
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": [f"{row}\n" for row in rows],
    }
    about = {"language_info": {"name": "python"}}
    return json.dumps({"cells": [cell], "metadata": about, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def packrat_lock(r: str, name: str, version: str) -> str:
    """Return a `packrat.lock` for a version of R, with one package."""
    return (
        f"PackratFormat: 1.4\nRVersion: {r}\nRepos: CRAN=https://cran.example\n\n"
        f"Package: {name}\nSource: CRAN\nVersion: {version}\n"
    )


SESSION = """R version 4.5.0 (2025-04-11)
Platform: x86_64-pc-linux-gnu

attached base packages:
[1] stats     graphics

loaded via a namespace (and not attached):
[1] digest_0.6.37
"""
"""What `sessionInfo()` says in R 4.5; it asks for no package."""
