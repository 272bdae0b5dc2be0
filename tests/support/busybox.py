"""The smallest image to test with: busybox, and nothing else."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile

import pytest


def busybox_image(name: str, mark: str = "", change: str = "") -> str:
    """Have the engine hold an image of busybox under a name; `mark` and `change` make it another one. Returns the name."""
    busybox = shutil.which("busybox")
    if busybox is None or b"not a dynamic" not in _loader(busybox):
        pytest.skip("These tests need a static busybox: apt-get install busybox-static")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(busybox, "bin/busybox")
        listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
        for applet in listed.stdout.split():
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            if applet != "busybox":
                archive.addfile(link)
        archive.addfile(tarfile.TarInfo(f"mark{mark}"))
    changes = ["--change", "ENV PATH=/bin", *(["--change", change] if change else [])]
    subprocess.run(["docker", "import", *changes, "-", name], input=packed.getvalue(), check=True, capture_output=True)
    return name


def _loader(program: str) -> bytes:
    said = subprocess.run(["ldd", program], check=False, capture_output=True)
    return said.stdout + said.stderr
