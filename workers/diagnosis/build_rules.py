"""What pip, apt and compilers say when an environment cannot be built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from erc.schemas.diagnosis import Cause


class Remedy(Enum):
    """What would mend a build, if anything does."""

    NONE = ""
    VERSION = "version"
    """A version that the index has for this Python."""
    NAME = "name"
    """Another name, or none."""
    UNPIN = "unpin"
    """No version, so that one is chosen that fits or has a ready-made package."""
    SYSTEM = "system"
    """A package of the distribution beside; of use to the author's scripts only."""


@dataclass(frozen=True)
class BuildRule:
    """A pattern searched in single lines of a build's log.

    `{0}` … in the texts are its groups, `{package}` is the package that was being installed.
    """

    cause: Cause
    pattern: re.Pattern[str]
    sentence: str
    advice: str
    remedy: Remedy = Remedy.NONE
    about: bool = True
    """Whether the first group is the subject; else the package that was being installed is."""


_LOCK = "Lock again, and look at what has changed: a file of the same version should never change."
_READY = "Choose a version of {package} that has a ready-made package for this Python."
_WANTED = r"Could not find a version that satisfies the requirement ([A-Za-z0-9._-]{1,100})"


def _rule(
    cause: Cause, pattern: str, sentence: str, advice: str, remedy: Remedy = Remedy.NONE, *, about: bool = True
) -> BuildRule:
    return BuildRule(cause, re.compile(pattern), sentence, advice, remedy, about)


CHANGED = re.compile(r"DO NOT MATCH THE HASHES")
OTHER_PYTHON = re.compile(r"Ignored the following versions that require a different python version: (.{1,300})")

HASH = _rule(
    Cause.HASH_MISMATCH,
    r"^\s{1,8}([A-Za-z0-9._-]{1,100})(?:\[[^\]]{0,100}\])?(?:[=<>!~]\S{0,100})? from \S",
    "The index has no file of {0} with a digest that the lock file allows.",
    _LOCK,
)
PYTHON = _rule(
    Cause.LANGUAGE_VERSION,
    _WANTED,
    "The wanted version of {0} is not for this Python.",
    "Ask for a version that is, or choose another Python.",
    Remedy.VERSION,
)
RULES = (
    _rule(
        Cause.PACKAGE_CONFLICT,
        r"^\s{1,8}The user requested ([A-Za-z0-9._-]{1,100})",
        "The wanted version of {0} is not the one that other packages need.",
        "Loosen one of the versions.",
        Remedy.UNPIN,
    ),
    _rule(
        Cause.PACKAGE_CONFLICT,
        r"^\s{1,8}([A-Za-z0-9._-]{1,100}) \S{1,60} depends on ",
        "{0} and another package need versions of the same package that exclude each other.",
        "Loosen one of the versions.",
        Remedy.UNPIN,
    ),
    _rule(
        Cause.PACKAGE_NOT_FOUND,
        rf"{_WANTED}.{{0,200}}\(from versions: none\)",
        "The index has no ready-made package of {0} for this Python.",
        "Correct its name, or use another package.",
        Remedy.NAME,
    ),
    _rule(
        Cause.PACKAGE_VERSION,
        rf"{_WANTED}.{{0,200}}\(from versions: ",
        "The index does not have the wanted version of {0} for this Python.",
        "Ask for a version that it has.",
        Remedy.VERSION,
    ),
    _rule(
        Cause.PACKAGE_NOT_FOUND,
        r"Unable to locate package ([a-z0-9][a-z0-9+.-]{0,99})",
        "The distribution has no package {0}.",
        "Correct its name, or leave it out.",
        Remedy.NAME,
    ),
    _rule(
        Cause.PACKAGE_NOT_FOUND,
        r"Package '?([a-z0-9][a-z0-9+.-]{0,99})'? has no installation candidate",
        "The distribution does not have the package {0} any more.",
        "Name the one that took its place, or leave it out.",
        Remedy.NAME,
    ),
    _rule(
        Cause.SYSTEM_LIBRARY,
        r"fatal error: ([A-Za-z0-9_./+-]{1,200}): No such file or directory",
        "The compiler does not find {0}, a header of a library.",
        "Name the Debian package that holds it in apt.txt; of a Python package choose a version that is ready-made.",
        Remedy.SYSTEM,
    ),
    _rule(
        Cause.SYSTEM_LIBRARY,
        r"cannot find -l([A-Za-z0-9_+.-]{1,100})",
        "The linker does not find the library {0}.",
        "Name the Debian package that holds it in apt.txt; of a Python package choose a version that is ready-made.",
        Remedy.SYSTEM,
    ),
    _rule(
        Cause.MISSING_PROGRAM,
        r"(?:error: command '(?:\S{0,200}/)?|No such file or directory: ')"
        r"([\w.+-]{0,40}(?:gcc|g\+\+|gfortran|clang|cmake|make|cargo|rustc))'",
        "{package} is built from its source, and {0} is not there.",
        _READY,
        Remedy.UNPIN,
    ),
    _rule(
        Cause.PYTHON_2,
        r"SyntaxError: (?:Missing parentheses in call to|invalid syntax.{0,40}print|multiple exception types)",
        "{package} is written for Python 2.",
        "Choose a version for Python 3.",
        Remedy.UNPIN,
        about=False,
    ),
    _rule(
        Cause.PACKAGE_VERSION,
        r"(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_][\w.]{0,99})",
        "{package} is built from its source, which needs {0} before it says so.",
        _READY,
        Remedy.UNPIN,
    ),
    _rule(
        Cause.CODE,
        r"error: command '\S{1,200}' failed with exit|Failed building wheel for [A-Za-z0-9._-]{1,100}",
        "{package} could not be built from its source.",
        _READY,
        Remedy.UNPIN,
        about=False,
    ),
)
"""In the order of trying: the first that finds a line counts."""

HEADERS = {
    "Python.h": "python3-dev", "boost": "libboost-dev", "bzlib.h": "libbz2-dev", "cairo.h": "libcairo2-dev",
    "curl": "libcurl4-openssl-dev", "Eigen": "libeigen3-dev", "ffi.h": "libffi-dev", "fftw3.h": "libfftw3-dev",
    "ft2build.h": "libfreetype-dev", "gdal.h": "libgdal-dev", "geos_c.h": "libgeos-dev", "glpk.h": "libglpk-dev",
    "gmp.h": "libgmp-dev", "gsl": "libgsl-dev", "hdf5.h": "libhdf5-dev", "jpeglib.h": "libjpeg-dev",
    "libpq-fe.h": "libpq-dev", "libxml": "libxml2-dev", "lzma.h": "liblzma-dev", "mpfr.h": "libmpfr-dev",
    "mpi.h": "libopenmpi-dev", "ncurses.h": "libncurses-dev", "netcdf.h": "libnetcdf-dev",
    "openssl": "libssl-dev", "png.h": "libpng-dev", "proj.h": "libproj-dev", "readline": "libreadline-dev",
    "sndfile.h": "libsndfile1-dev", "sqlite3.h": "libsqlite3-dev", "tiffio.h": "libtiff-dev",
    "udunits2.h": "libudunits2-dev", "unicode": "libicu-dev", "zlib.h": "zlib1g-dev", "zmq.h": "libzmq3-dev",
}  # fmt: skip
"""Packages of Debian by a header, or by the folder of headers, that they bring."""
LIBRARIES = {
    "blas": "libblas-dev", "cblas": "libatlas-base-dev", "curl": "libcurl4-openssl-dev", "fftw3": "libfftw3-dev",
    "gdal": "libgdal-dev", "geos_c": "libgeos-dev", "gsl": "libgsl-dev", "hdf5": "libhdf5-dev",
    "lapack": "liblapack-dev", "netcdf": "libnetcdf-dev", "proj": "libproj-dev",
    "ssl": "libssl-dev", "xml2": "libxml2-dev", "z": "zlib1g-dev",
}  # fmt: skip
"""Packages of Debian by the library that they bring, as linkers call it."""
