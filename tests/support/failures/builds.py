"""Builds of environments that fail: what the author wrote, the command of the build, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from erc.schemas.diagnosis import Cause

SETUP = "from setuptools import setup, Extension\nsetup(name={name!r}, version='1.0', ext_modules=[Extension({name!r}, ['{name}.c']{more})])\n"


@dataclass(frozen=True)
class Package:
    """A package of the index that a build asks: a wheel, or a source whose `setup` is run."""

    name: str
    version: str = "1.0"
    python: str = ""
    """What `Requires-Python` says."""
    needs: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    """The files of a source; without any it is a wheel."""


@dataclass(frozen=True)
class BuildCase:
    """A build that must fail."""

    cause: Cause
    asked: str
    """The file of the workspace that asks for it, with its line: `requirements.txt:2`."""
    files: dict[str, str]
    subject: str = ""
    packages: tuple[Package, ...] = ()
    system: str = "pip"
    """`pip`, `apt`, or `script` for a file of the author's that is run at the end."""
    mended: str | None = None
    """The text of the changed file, None when only the author can decide."""
    hidden: tuple[str, ...] = ()
    """Programs that are not there."""


def _pip(
    text: str,
    cause: Cause,
    subject: str,
    *packages: Package,
    line: int = 1,
    mended: str | None = None,
    **more: tuple[str, ...],
) -> BuildCase:
    return BuildCase(
        cause, f"requirements.txt:{line}", {"requirements.txt": text}, subject, packages, "pip", mended, **more
    )


def _source(name: str, code: str, more: str = "", setup: str = "") -> Package:
    return Package(name, files={"setup.py": setup or SETUP.format(name=name, more=more), f"{name}.c": code})


def _script(
    path: str, text: str, cause: Cause, subject: str, mended: str | None = None, **more: tuple[str, ...]
) -> BuildCase:
    return BuildCase(cause, f"{path}:0", {path: text}, subject, (), "script", mended, **more)


THING = (Package("thing", "1.0"), Package("thing", "1.1"), Package("thing", "2.0"))
C = "#include <Python.h>\nint main(void) { return 0; }\n"

BUILDS: dict[str, BuildCase] = {
    "pip_unknown": _pip("thing\nno-such-thing\n", Cause.PACKAGE_NOT_FOUND, "no-such-thing", *THING, line=2),
    "pip_module_name": _pip("sklearn==9.9\n", Cause.PACKAGE_NOT_FOUND, "sklearn", mended="scikit-learn\n"),
    "pip_version": _pip(
        "# what it needs\nthing==1.9\n",
        Cause.PACKAGE_VERSION,
        "thing",
        *THING,
        line=2,
        mended="# what it needs\nthing==1.1\n",
    ),
    "pip_version_low": _pip("thing>=7\n", Cause.PACKAGE_VERSION, "thing", *THING, mended="thing==2.0\n"),
    "pip_python_too_old": _pip(
        "modern==2.0\n",
        Cause.LANGUAGE_VERSION,
        "modern",
        Package("modern", "1.0"),
        Package("modern", "2.0", ">=3.99"),
        mended="modern==1.0\n",
    ),
    "pip_python_too_new": _pip(
        "ancient==0.1\n",
        Cause.LANGUAGE_VERSION,
        "ancient",
        Package("ancient", "0.1", "<3.0"),
        Package("ancient", "0.9"),
        mended="ancient==0.9\n",
    ),
    "pip_python_none": _pip("ancient\n", Cause.LANGUAGE_VERSION, "ancient", Package("ancient", "0.1", "<3.0")),
    "pip_conflict": _pip(
        "one==1.0\ntwo==1.0\n",
        Cause.PACKAGE_CONFLICT,
        "one",
        Package("one", needs=("thing==1.0",)),
        Package("two", needs=("thing==1.1",)),
        *THING,
        mended="one\ntwo\n",
    ),
    "pip_conflict_asked": _pip(
        "thing==2.0\none==1.0\n",
        Cause.PACKAGE_CONFLICT,
        "thing",
        Package("one", needs=("thing==1.0",)),
        *THING,
        mended="thing\none\n",
    ),
    "pip_hash": _pip(f"thing==1.0 --hash=sha256:{'0' * 64}\n", Cause.HASH_MISMATCH, "thing", *THING),
    "pip_header": _pip("solver==1.0\n", Cause.SYSTEM_LIBRARY, "gdal.h", _source("solver", f"#include <gdal.h>\n{C}")),
    "pip_header_folder": _pip(
        "solver\n", Cause.SYSTEM_LIBRARY, "gsl/gsl_rng.h", _source("solver", f"#include <gsl/gsl_rng.h>\n{C}")
    ),
    "pip_library": _pip(
        "solver\n", Cause.SYSTEM_LIBRARY, "nosuchlib", _source("solver", C, ", libraries=['nosuchlib']")
    ),
    "pip_compiler": _pip(
        "solver\n", Cause.MISSING_PROGRAM, "gcc", _source("solver", C), hidden=("gcc", "cc", "x86_64-linux-gnu-gcc")
    ),
    "pip_setup_imports": _pip("solver\n", Cause.PACKAGE_VERSION, "numpy", _source("solver", C, setup="import numpy\n")),
    "pip_setup_python_2": _pip(
        "solver==1.0\n", Cause.PYTHON_2, "solver", _source("solver", C, setup="print 'hello'\n"), mended="solver\n"
    ),
    "pip_code": _pip("solver\n", Cause.CODE, "solver", _source("solver", "int main(void) { return nothing; }\n")),
    "apt_unknown": BuildCase(
        Cause.PACKAGE_NOT_FOUND,
        "apt.txt:2",
        {"apt.txt": "make\nlibgls-dev\n"},
        "libgls-dev",
        (),
        "apt",
        "make\nlibgsl-dev\n",
    ),
    "apt_no_such": BuildCase(
        Cause.PACKAGE_NOT_FOUND, "apt.txt:1", {"apt.txt": "zzz-no-such-package\n"}, "zzz-no-such-package", (), "apt", ""
    ),
    "apt_r": BuildCase(
        Cause.PACKAGE_NOT_FOUND,
        "main.R:1",
        {"main.R": "library(nosuchpackage)\n", "apt.txt": ""},
        "r-cran-nosuchpackage",
        (),
        "apt",
    ),
    "script_header": _script(
        "postBuild",
        "printf '#include <gsl/gsl_rng.h>\\n' > m.c\ngcc -c m.c\n",
        Cause.SYSTEM_LIBRARY,
        "gsl/gsl_rng.h",
        "libgsl-dev\n",
    ),
    "script_library": _script(
        "postBuild",
        "printf 'int main(void){}' > m.c\ngcc m.c -lfftw3_nosuch -o m\n",
        Cause.SYSTEM_LIBRARY,
        "fftw3_nosuch",
    ),
    "script_compiler": _script("postBuild", "gcc -c m.c\n", Cause.MISSING_PROGRAM, "gcc", "gcc\n", hidden=("gcc",)),
    "script_network": _script(
        "postBuild", "curl -fsS https://data.invalid/rain.csv\n", Cause.NEEDS_NETWORK, "data.invalid"
    ),
}
