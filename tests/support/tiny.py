"""A base image of two megabytes in which environments are built for real: busybox, with an installer that may be slow.

Its `python3` is the shell: `PAPER` is a script of both languages.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile

import pytest

_APT = """#!/bin/sh
for word in "$@"; do
  if [ "$word" = install ]; then
    echo "Installing $*"
    sleep "$(cat /etc/seconds)"
    for package in "$@"; do case $package in -*|install) ;; *) echo "$package" >> /etc/installed ;; esac; done
  fi
done
"""
_PYTHON = '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec /bin/sh "$@"\n'
_TOUCH = """#!/bin/busybox sh
for word in "$@"; do
  shift
  case $word in
    --no-create) set -- "$@" -c ;;
    --no-dereference) set -- "$@" -h ;;
    --date=*) set -- "$@" -d "${word#--date=}" ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec /bin/busybox touch "$@"
"""
_PROGRAMS = {"apt-get": _APT, "python3": _PYTHON, "touch": _TOUCH}
_FOLDERS = (
    "tmp",
    "etc",
    "etc/dpkg",
    "etc/dpkg/dpkg.cfg.d",
    "var",
    "var/lib",
    "var/lib/apt",
    "opt",
    "usr",
    "proc",
    "dev",
    "sys",
)


def paper(seconds: float = 0, mark: str = "") -> dict[str, str | bytes]:
    """Return a compendium that reproduces in such an environment, after so many seconds; `mark` makes it another one."""
    run = f"echo begun {mark}; sleep {seconds}; echo 'The mean is 4.2' > display.txt"
    return {"main.py": f'"exec" "sh" "-c" "{run}"\n', "display.txt": "The mean is 4.2\n"}


def tiny_base(name: str, seconds: float = 0, engine: str = "") -> str:
    """Have an engine (its address; the usual one when empty) hold the base whose installer takes so long; its name."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("These tests need a static busybox: apt-get install busybox-static")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for folder in _FOLDERS:
            about = tarfile.TarInfo(folder)
            about.type, about.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(about)
        archive.add(busybox, "bin/busybox")
        for applet in subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split():
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            if applet not in {"busybox", *_PROGRAMS}:
                archive.addfile(link)
        files = {f"bin/{program}": text for program, text in _PROGRAMS.items()} | {"etc/seconds": f"{seconds}\n"}
        for path, text in files.items():
            about = tarfile.TarInfo(path)
            about.size, about.mode = len(text), 0o755
            archive.addfile(about, io.BytesIO(text.encode()))
    address = {"DOCKER_HOST": engine} if engine else {}
    command = ["docker", "import", "--change", "ENV PATH=/bin", "-", name]
    subprocess.run(command, input=packed.getvalue(), check=True, capture_output=True, env=os.environ | address)
    return name
