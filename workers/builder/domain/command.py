"""What the container runs: argument lists in which file names are data, never code."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath

from erc.events.errors import Rejected
from erc.schemas.metadata import Description, Kind

RENDER = (
    "a <- commandArgs(TRUE); "
    "knitr::opts_knit$set(progress = FALSE); "
    "f <- rmarkdown::all_output_formats(a[[1]]); "
    'e <- if (length(a) > 1) tolower(tools::file_ext(a[[2]])) else "html"; '
    'p <- c(pdf = "pdf|beamer|latex", docx = "word|docx", md = "_md|md_|github|markdown"); '
    'd <- c(pdf = "pdf_document", docx = "word_document", md = "md_document"); '
    "f <- if (e %in% names(p)) c(grep(p[[e]], f, value = TRUE), d[[e]]) else "
    'c(grep("pdf|beamer|latex|word|docx|odt|rtf|powerpoint|md_document|github", f, value = TRUE, invert = TRUE), '
    '"html_document"); '
    "o <- if (length(a) > 1) file.path(getwd(), a[[2]]); "
    "if (length(a) > 1) dir.create(dirname(o), recursive = TRUE, showWarnings = FALSE); "
    "setwd(dirname(a[[1]])); "
    "rmarkdown::render(basename(a[[1]]), output_format = f[[1]], output_file = o)"
)
"""Renders the first argument into the second, in the author's own format for such a file when there is one.

Without a second argument the document is rendered as a page beside the first: its code makes the display file.
"""

DOCUMENTS = frozenset({".html", ".htm", ".pdf", ".docx", ".md"})
"""Endings of display files that R Markdown writes itself; any other display file is made by the author's code."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def command(description: Description) -> list[str]:
    """Return the argument list that makes the display file from the main file, run in `/erc`.

    Raises `Rejected` when one of the two paths leaves the workspace or cannot be a file name for its program.
    """
    main, display = argument(description.main, "main"), argument(description.display, "display")
    match description.kind:
        case Kind.RMARKDOWN:
            _no_option(description.main)
            rendered = [display] if PurePosixPath(display).suffix.lower() in DOCUMENTS else []
            return ["Rscript", "--vanilla", "-e", RENDER, main, *rendered]
        case Kind.R_SCRIPT:
            return ["Rscript", "--vanilla", main]
        case Kind.NOTEBOOK:
            return _notebook(main, display)
        case Kind.PYTHON_SCRIPT:
            return ["python3", main]


def argument(path: str, role: str) -> str:
    """Return a path of the workspace so that no program takes it for an option; raises `Rejected` when it is unsafe."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or _CONTROL.search(path):
        raise Rejected(
            f"The path of the {role} file is not usable",
            f"{json.dumps(path)} must be a relative path within the workspace. Change `{role}` in erc.yml.",
            code=f"{role}_path_unsafe",
        )
    return f"./{path}" if path.startswith("-") else path


def _no_option(main: str) -> None:
    # rmarkdown hands the bare file name to pandoc.
    if PurePosixPath(main).name.startswith("-"):
        raise Rejected(
            "The name of the main file is not usable",
            f"{json.dumps(main)} starts with a dash, which pandoc takes for an option. Rename it.",
            code="main_path_unsafe",
        )


def _notebook(main: str, display: str) -> list[str]:
    # nbconvert takes its input for a glob pattern and its output name for a format string.
    pattern = re.sub(r"([*?[])", r"[\1]", main)
    target = PurePosixPath(display)
    run = ["jupyter", "nbconvert", "--execute", "--ExecutePreprocessor.kernel_name=python3"]
    if target.suffix.lower() not in {".html", ".htm"}:
        return [*run, "--to", "notebook", "--output-dir=/tmp", "--output=executed", pattern]
    name = target.name.replace("{", "{{").replace("}", "}}")
    return [*run, "--to", "html", f"--output-dir=./{target.parent}", f"--output={name}", pattern]
