"""The change of an environment file that would mend a failure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from erc.schemas.diagnosis import Edit
from erc.workers.code.python_script import DISTRIBUTIONS
from erc.workers.diagnosis.rule import Mend

Read = Callable[[str], str | None]
"""Returns the text of a file of the workspace, None when there is none; raises ValueError when it is no text."""

DEBIAN_PACKAGES = {
    "convert": "imagemagick",
    "dot": "graphviz",
    "ffmpeg": "ffmpeg",
    "g++": "g++",
    "gcc": "gcc",
    "gfortran": "gfortran",
    "git": "git",
    "gnuplot": "gnuplot-nox",
    "gs": "ghostscript",
    "inkscape": "inkscape",
    "java": "default-jre-headless",
    "latex": "texlive-latex-extra",
    "libGL.so.1": "libgl1",
    "libGLU.so.1": "libglu1-mesa",
    "libgdal.so.32": "libgdal32",
    "libgfortran.so.5": "libgfortran5",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libgsl.so.27": "libgsl27",
    "libproj.so.25": "libproj25",
    "libsndfile.so": "libsndfile1",
    "libsndfile.so.1": "libsndfile1",
    "libspatialindex_c.so": "libspatialindex-c6",
    "libxml2.so.2": "libxml2",
    "make": "make",
    "pandoc": "pandoc",
    "pdflatex": "texlive-latex-extra",
    "perl": "perl",
    "rsync": "rsync",
    "sqlite3": "sqlite3",
    "unzip": "unzip",
    "wget": "wget",
    "xelatex": "texlive-xetex",
    "xvfb-run": "xvfb",
    "zip": "zip",
}
"""Packages of Debian by the program or library that they bring."""

_LOCKS = {
    Mend.PYTHON: ("pylock.toml", "uv.lock", "poetry.lock", "Pipfile.lock"),
    Mend.R: ("renv.lock", "packrat/packrat.lock"),
}
"""Files beside which a list of packages does not count: only their own tool should change them."""
_MOVED = (
    "binder/requirements.txt",
    "binder/install.R",
    "binder/apt.txt",
    "binder/environment.yml",
    "binder/Dockerfile",
)
"""Files that are read instead of those at the top."""

_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")


def propose(mend: Mend, subject: str, read: Read) -> list[Edit]:
    """Return the change that adds what is missing, none when nobody knows how it is called there."""
    if any(_has(read, path) for path in (*_LOCKS.get(mend, ()), *_MOVED, *(f".{path}" for path in _MOVED))):
        return []
    if mend is Mend.PYTHON:
        top = subject.partition(".")[0]
        return _added("requirements.txt", DISTRIBUTIONS.get(top, top), read)
    if mend is Mend.R:
        return _added("install.R", f'install.packages("{subject}")', read, subject)
    if mend is Mend.SYSTEM and subject in DEBIAN_PACKAGES:
        return _added("apt.txt", DEBIAN_PACKAGES[subject], read)
    return []


def _has(read: Read, path: str) -> bool:
    try:
        return read(path) is not None
    except ValueError:
        return True


def added(path: str, line: str, read: Read, *, mend: Mend) -> list[Edit]:
    """Return the change that adds a line to a list of packages, none where another file counts or it is there."""
    if any(_has(read, other) for other in (*_LOCKS.get(mend, ()), *_MOVED, *(f".{one}" for one in _MOVED))):
        return []
    return _added(path, line, read)


def edited(path: str, before: str, after: str) -> list[Edit]:
    """Return the change of a file from one text to another, none where they are the same."""
    if before == after:
        return []
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return [Edit(path=path, patch="".join(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")), content=after)]


def _added(path: str, line: str, read: Read, name: str = "") -> list[Edit]:
    if not _PACKAGE.fullmatch(name or line):
        return []
    try:
        before = read(path)
    except ValueError:
        return []
    old = (before or "").splitlines(keepends=True)
    if line in {one.strip() for one in old}:
        return []
    if old and not old[-1].endswith("\n"):
        old[-1] += "\n"
    new = [*old, f"{line}\n"]
    start = "/dev/null" if before is None else f"a/{path}"
    patch = "".join(difflib.unified_diff(old, new, start, f"b/{path}"))
    return [Edit(path=path, patch=patch, content="".join(new))]
