"""What Python packages need beyond PyPI: which have no wheels, and which call libraries of the distribution."""

from __future__ import annotations

from collections.abc import Iterable

from erc.schemas.environment import PlannedPackage

SOURCES = {
    "docopt": (),
    "mysqlclient": ("default-libmysqlclient-dev", "pkg-config"),
    "psycopg2": ("libpq-dev",),
    "pyaudio": ("portaudio19-dev",),
    "pycairo": ("libcairo2-dev", "pkg-config"),
    "python-ldap": ("libldap2-dev", "libsasl2-dev"),
}
"""Packages of which PyPI has no wheel for Linux, and what building one needs.

No others are built: the code of a source runs as root and with network while it is built, and a workspace must not
choose that code.
"""

PROGRAMS = {
    "cairocffi": ("libcairo2",),
    "cairosvg": ("libcairo2",),
    "ffmpeg-python": ("ffmpeg",),
    "gitpython": ("git",),
    "graphviz": ("graphviz",),
    "opencv-contrib-python": ("libgl1", "libglib2.0-0"),
    "opencv-python": ("libgl1", "libglib2.0-0"),
    "pdf2image": ("poppler-utils",),
    "pydot": ("graphviz",),
    "pydub": ("ffmpeg",),
    "pypandoc": ("pandoc",),
    "pytesseract": ("tesseract-ocr",),
    "python-magic": ("libmagic1",),
    "pyzbar": ("libzbar0",),
    "sounddevice": ("libportaudio2",),
}
"""Packages whose wheels call a library or a program that they do not bring with them."""

BUILDING = frozenset({"pkg-config", "pkgconf", "cmake", "gfortran"})
"""What is needed while a source is built, beside packages named `…-dev`."""


def needed_by(pips: Iterable[PlannedPackage]) -> list[PlannedPackage]:
    """Return the packages of the distribution that these Python packages need, each where its user was asked for."""
    return [
        PlannedPackage(
            name=name,
            system="apt",
            reason=f"{pip.name} is built with it" if pip.name in SOURCES else f"{pip.name} calls it",
            path=pip.path,
            line=pip.line,
        )
        for pip in pips
        if pip.system == "pip"
        for name in SOURCES.get(pip.name, ()) or PROGRAMS.get(pip.name, ())
    ]
