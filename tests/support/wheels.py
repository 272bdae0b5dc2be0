"""A base image with Python whose installers take packages from its own folder: environments are built without network."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

DOCKERFILE = """FROM erc-base:bookworm
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
COPY packages /packages
COPY pip.conf /etc/pip.conf
COPY apt-get /usr/local/bin/apt-get
"""


@contextlib.contextmanager
def python_base(folder: Path, packages: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Give the name of such an image with version 1.0 of these packages: text by path, by name of the package."""
    context, name = folder / "base", f"erc-test-python:{secrets.token_hex(4)}"
    (context / "packages").mkdir(parents=True)
    for package, files in packages.items():
        wheel(context / "packages", package, files)
    (context / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /packages\n")
    # The installer of Debian's packages is asked in every build, and finds everything there.
    (context / "apt-get").write_text("#!/bin/sh\n")
    (context / "apt-get").chmod(0o755)
    (context / "Dockerfile").write_text(DOCKERFILE)
    subprocess.run(["docker", "build", "--tag", name, str(context)], check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run(["docker", "rmi", "--force", name], check=False, capture_output=True)
        shutil.rmtree(context)


def modules(package: str, many: int) -> dict[str, str]:
    """Return the files of a package of so many small modules."""
    return {f"{package}/__init__.py": ""} | {
        f"{package}/m{number}.py": f"x = {number}\n" * 40 for number in range(many)
    }


def wheel(folder: Path, name: str, files: Mapping[str, str]) -> None:
    """Write a wheel of version 1.0 with these files into a folder."""
    about = f"{name}-1.0.dist-info"
    held = dict(files) | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in held.items()]
    held[f"{about}/RECORD"] = "\n".join([*rows, f"{about}/RECORD,,", ""])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in held.items():
            archive.writestr(path, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
