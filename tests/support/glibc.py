"""A small image with this machine's C library and core programs, which busybox does not stand for."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

PROGRAMS = ("date", "sort", "ls", "nproc", "id", "hostname", "env", "tr", "head", "od", "locale", "cat")


def glibc_image(name: str) -> str:
    """Have the engine hold an image of these programs and `sh` under a name, which is returned."""
    found = {program: shutil.which(program) for program in PROGRAMS}
    shell = shutil.which("dash")
    if shell is None or None in found.values() or not Path("/etc/debian_version").exists():
        pytest.skip("These tests need the core programs of a Debian system")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as archive:
        programs = {f"bin/{program}": str(path) for program, path in found.items()} | {"bin/sh": shell}
        libraries = {path for program in [*programs.values(), *_preloaded()] for path in _libraries(program)}
        for target, source in {**programs, **{path.lstrip("/"): path for path in libraries}}.items():
            archive.add(source, target)
    command = ["docker", "import", "--change", "ENV PATH=/bin", "-", name]
    subprocess.run(command, input=packed.getvalue(), check=True, capture_output=True)
    return name


def _preloaded() -> list[str]:
    """Return libfaketime where it is there: what it needs of the C library must be in the image."""
    return [str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]


def _libraries(program: str) -> list[str]:
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"(?:=> )?(/\S+) \(0x", said)
