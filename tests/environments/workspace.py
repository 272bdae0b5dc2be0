"""One row of the table: a workspace, what has to come of it, and what must be missing without its declaration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import PurePosixPath

from erc.schemas.environment import Plan
from erc.schemas.limits import BuildLimits
from erc.schemas.metadata import Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.plan import plan
from erc.workers.metadata.domain import describe

TODAY = "2026-11-25"
PY = """import importlib, os, subprocess, sys
need = importlib.import_module
def run(*words):
    made = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if made.returncode:
        raise SystemExit("%s: %s" % (words[0], made.stdout))
    return made.stdout.strip()
said, failed = [], []
def part(make):
    try:
        said.append(str(make()))
    except (Exception, SystemExit) as error:
        failed.append(str(error))
def end(path="display.png"):
    if failed:
        raise SystemExit(" and ".join(failed))
    with open(path, "w") as display:
        display.write(" ".join(said))
"""
"""Begins each Python script. `need` imports what reading the code does not find: only the declaration asks for it."""
R = """need <- getNamespace
said <- failed <- character()
run <- function(program, ...) {
  lacking <- function(error) stop(program, " cannot be run", call. = FALSE)
  made <- tryCatch(suppressWarnings(system2(program, shQuote(c(...)), stdout = TRUE, stderr = TRUE)), error = lacking)
  if (!is.null(attr(made, "status"))) stop(program, ": ", paste(made, collapse = " "))
  paste(made, collapse = " ")
}
part <- function(make) tryCatch(
  said <<- c(said, paste(make())),
  error = function(error) failed <<- c(failed, conditionMessage(error))
)
end <- function(path = "display.png") {
  if (length(failed)) stop(paste(failed, collapse = " and "))
  cat(said, file = path)
}
"""
"""Begins each R script, with the same words."""


@dataclass(frozen=True)
class Workspace:
    """Files, and what has to come of them: text in the display file, or the code of the refusal.

    Without the files of `declared` its code must fail, and say each text of `lacks`. Where the code itself is the
    declaration, `declared` is empty, and it runs in the environment of a workspace that has no code instead.
    """

    name: str
    files: Mapping[str, str]
    shows: str = ""
    declared: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    """Files that another one goes before."""
    suite: str = "bookworm"
    refused: str = ""
    at: str = ""
    """Text in the detail of the refusal: the line at fault."""
    limits: BuildLimits = field(default_factory=BuildLimits)

    @property
    def contents(self) -> dict[str, bytes]:
        """The files as bytes by path."""
        return {path: text.encode() for path, text in self.files.items()}

    @property
    def display(self) -> str:
        """The path of the display file."""
        return next(path for path in self.files if PurePosixPath(path).stem == "display")

    def plan(self) -> Plan:
        """Return its plan; raises Rejected as the workers do."""
        contents = self.contents
        manifest = Manifest(
            Entry(path=path, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
            for path, data in contents.items()
        )
        described = describe(manifest, lambda entry: contents[entry.path], TODAY)
        return plan(described, manifest, contents.__getitem__)

    def without(self) -> Workspace:
        """Return the workspace without its declaration."""
        if self.declared:
            return replace(self, files={path: text for path, text in self.files.items() if path not in self.declared})
        return replace(self, files=_silent(self.plan()))


def _silent(made: Plan) -> dict[str, str]:
    """Return the files of a workspace of the same kind on the same suite whose code asks for nothing."""
    other = "beside.R" if made.kind in {Kind.PYTHON_SCRIPT, Kind.NOTEBOOK} else "beside.py"
    named = f"# {other}\n" if made.python and made.r else "\n"
    main, text = {
        Kind.PYTHON_SCRIPT: ("main.py", named),
        Kind.R_SCRIPT: ("main.R", named),
        Kind.RMARKDOWN: ("main.Rmd", f"---\ntitle: A\n---\n\n```{{r}}\n{named}```\n"),
        Kind.NOTEBOOK: ("main.ipynb", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'),
    }[made.kind]
    display = "display.html" if made.kind in {Kind.RMARKDOWN, Kind.NOTEBOOK} else "display.png"
    return {main: text, other: "", display: "", "erc.yml": f"environment:\n  suite: {made.suite}\n"}


def python(name: str, code: str, files: Mapping[str, str] | None = None, **expected: object) -> Workspace:
    """Return a workspace of a Python script, in which `files` are the declaration unless `declared` says which."""
    return _row(name, {"main.py": f"{PY}{code}\nend()\n", "display.png": ""}, files or {}, expected)


def r(name: str, code: str, files: Mapping[str, str] | None = None, **expected: object) -> Workspace:
    """Return a workspace of an R script, in which `files` are the declaration unless `declared` says which."""
    return _row(name, {"main.R": f"{R}{code}\nend()\n", "display.png": ""}, files or {}, expected)


def _row(name: str, code: Mapping[str, str], files: Mapping[str, str], expected: dict[str, object]) -> Workspace:
    return Workspace(name, {**code, **files}, **{"declared": tuple(files), **expected})  # type: ignore[arg-type]


def limited(**limits: int | timedelta) -> BuildLimits:
    """Return limits of a build that are smaller than usual."""
    return BuildLimits.model_validate(limits)
