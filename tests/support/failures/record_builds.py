"""Makes the logs of the failing builds: `PYTHONPATH=tests python -m support.failures.record_builds [NAME…]`.

The commands are those of a runtime manifest. pip asks an index that is made here, of packages that are made here; apt
only simulates, with the lists of this machine. Needs gcc, curl, and pip's usual index for setuptools.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from support.failures.builds import BUILDS, BuildCase, Package

LOGS = Path(__file__).with_name("builds")
_PROGRAMS = (
    "sh",
    "env",
    "cat",
    "printf",
    "rm",
    "mkdir",
    "ld",
    "as",
    "gcc",
    "cc",
    "x86_64-linux-gnu-gcc",
    "ar",
    "curl",
    "make",
)
_PROGRESS = re.compile(r"^.*\r(?=.)|\x1b\[[0-9;?]*[A-Za-z]", re.MULTILINE)


def main() -> None:
    """Run what is named on the command line, all by default."""
    LOGS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "erc" / "bin" / "python3"
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        tools = _tools(Path(folder) / "tools")
        for name in sys.argv[1:] or BUILDS:
            (LOGS / f"{name}.txt").write_text(log_of(BUILDS[name], python, tools), encoding="utf-8")


def log_of(case: BuildCase, python: Path, tools: Path) -> str:
    """Run a build that must fail, and return what it said, with the names that an image would have."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for path, content in case.files.items():
            (folder / path).write_text(content)
        environment = {"PATH": str(_programs(folder / "bin", case.hidden)), "HOME": text, "LC_ALL": "C.UTF-8"}
        ended = subprocess.run(
            _command(case, folder, python, tools),
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    said = _PROGRESS.sub("", ended.stdout.decode(errors="replace"))
    assert ended.returncode, f"It did not fail: {said}"
    for real, shown in (
        (str(folder), "/tmp"), (str(python.parent.parent), "/opt/erc"), (tempfile.gettempdir(), "/tmp"),
        (sys.base_prefix, "/usr"),
    ):  # fmt: skip
        said = said.replace(real, shown)
    return said


def _command(case: BuildCase, folder: Path, python: Path, tools: Path) -> list[str]:
    if case.system == "apt":
        names = [line for line in case.files["apt.txt"].split() if line] or ["r-cran-nosuchpackage"]
        return ["/usr/bin/apt-get", "--simulate", "install", "--yes", "--no-install-recommends", *names]
    if case.system == "script":
        return ["/bin/sh", "-eu", next(iter(case.files))]
    sources = ",".join(package.name for package in case.packages if package.files)
    index = _index(folder / "index", case.packages, tools)
    return [
        str(python), "-I", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--target", str(folder / "lib"),
        "--index-url", index.as_uri(), "--only-binary", ":all:", *(["--no-binary", sources] if sources else []),
        *(["--require-hashes"] if "--hash" in case.files["requirements.txt"] else []), "-r", "requirements.txt",
    ]  # fmt: skip


def _programs(folder: Path, hidden: tuple[str, ...]) -> Path:
    """Make a folder with the programs that an image has, but for those that are hidden."""
    folder.mkdir()
    for name in _PROGRAMS:
        if name not in hidden and (found := shutil.which(name)):
            (folder / name).symlink_to(found)
    return folder


def _tools(folder: Path) -> Path:
    """Fetch what pip builds sources with."""
    asked = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--disable-pip-version-check",
        "-d",
        str(folder),
    ]
    subprocess.run([*asked, "setuptools", "wheel"], check=True)
    return folder


def _index(folder: Path, packages: tuple[Package, ...], tools: Path) -> Path:
    """Write an index that pip reads as folders with a page each."""
    files: dict[str, list[tuple[str, bytes, str]]] = {}
    for wheel in tools.glob("*.whl") if any(one.files for one in packages) else ():
        files[wheel.name.partition("-")[0]] = [(wheel.name, wheel.read_bytes(), "")]
    for one in packages:
        files.setdefault(one.name, []).append((*_made(one), one.python))
    for name, made in files.items():
        (folder / name).mkdir(parents=True)
        links = []
        for file, content, python in made:
            (folder / name / file).write_bytes(content)
            said = f' data-requires-python="{python.replace("<", "&lt;").replace(">", "&gt;")}"' if python else ""
            links.append(f'<a href="{file}#sha256={hashlib.sha256(content).hexdigest()}"{said}>{file}</a>')
        (folder / name / "index.html").write_text("<!DOCTYPE html><body>" + "".join(links))
    return folder


def _made(one: Package) -> tuple[str, bytes]:
    kept = io.BytesIO()
    about = f"Metadata-Version: 2.1\nName: {one.name}\nVersion: {one.version}\n"
    about += "".join(f"Requires-Dist: {need}\n" for need in one.needs)
    about += f"Requires-Python: {one.python}\n" if one.python else ""
    if not one.files:
        with zipfile.ZipFile(kept, "w") as archive:
            place = f"{one.name}-{one.version}.dist-info"
            archive.writestr(f"{place}/METADATA", about)
            archive.writestr(f"{place}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{place}/RECORD", "")
        return f"{one.name}-{one.version}-py3-none-any.whl", kept.getvalue()
    with tarfile.open(fileobj=kept, mode="w:gz") as source:
        for path, text in {"PKG-INFO": about, **one.files}.items():
            info = tarfile.TarInfo(f"{one.name}-{one.version}/{path}")
            info.size = len(text.encode())
            source.addfile(info, io.BytesIO(text.encode()))
    return f"{one.name}-{one.version}.tar.gz", kept.getvalue()


if __name__ == "__main__":
    os.umask(0o022)
    main()
