"""Which file is run, and which file shows its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from erc.events.errors import Rejected
from erc.schemas.metadata import KINDS, Kind
from erc.workers.metadata.domain.files import Files, folder_of, joined, stem, suffix

DOCUMENTS = (Kind.RMARKDOWN, Kind.NOTEBOOK)
HTML = (".html", ".htm")
RESULTS = (*HTML, ".png", ".svg", ".pdf", ".csv", ".txt")
"""What a script may show its result in; the first is preferred."""
_FIGURES = (*HTML, ".png", ".svg", ".pdf")
_MAIN_ORDER = (Kind.RMARKDOWN, Kind.NOTEBOOK, Kind.R_SCRIPT, Kind.PYTHON_SCRIPT)
_NO_MAIN = {"setup.py", "conftest.py", "noxfile.py", "__init__.py", "install.r", "server.r", "ui.r", "global.r"}


def main_candidates(files: Files) -> list[str]:
    """Return the files that may be the main file, the best first.

    `main.*` come first (R Markdown, notebook, R, Python), then what is nearest to the top, there documents before
    scripts, then by name.
    """
    paths = [path for path in files.with_suffix(*KINDS) if _name(path) not in _NO_MAIN]
    return sorted(paths, key=_rank)


def choose_main(named: str, files: Files) -> tuple[str, Kind]:
    """Return the main file and its kind; `named` is what erc.yml says, or ''.

    Raises Rejected with the code `main_missing` when there is none, `main_unsupported` when it cannot be run.
    """
    if named:
        if named not in files.manifest:
            raise Rejected(
                "The main file is not in the workspace",
                f"erc.yml names “{named}” as `main`. Add the file, or name another one.",
                code="main_missing",
            )
        if suffix(named) not in KINDS:
            raise Rejected(
                "The main file cannot be run",
                f"erc.yml names “{named}” as `main`. Name an R Markdown file (.Rmd), a notebook (.ipynb), an R script "
                "(.R) or a Python script (.py).",
                code="main_unsupported",
            )
        return named, KINDS[suffix(named)]
    candidates = main_candidates(files)
    if not candidates:
        raise Rejected(
            "The workspace has no main file",
            "Add an R Markdown file (.Rmd), a notebook (.ipynb), an R script (.R) or a Python script (.py), or name "
            "it as `main` in erc.yml.",
            code="main_missing",
        )
    main = candidates[0]
    if rivals := [path for path in candidates[1:] if _rank(path)[0] == _rank(main)[0]]:
        files.warn(
            f"“{main}” was taken as the main file; name another as `main` in erc.yml if one of these is: {_few(rivals)}"
        )
    return main, KINDS[suffix(main)]


def display_candidates(kind: Kind, main: str, files: Files) -> list[str]:
    """Return the published files that may show the result, by name."""
    return [path for path in files.with_suffix(*(HTML if kind in DOCUMENTS else RESULTS)) if path != main]


def choose_display(named: str, kind: Kind, main: str, outputs: Sequence[str], files: Files) -> str:
    """Return the display file; `named` is what erc.yml says, `outputs` is what the code writes by its own words.

    Raises Rejected with the code `display_missing` when a script's result cannot be guessed, `main_is_display` when
    erc.yml names one file twice.
    """
    if named == main:
        raise Rejected(
            "The main file and the display file are the same",
            f"erc.yml names “{main}” as both. Name as `display` the file which a run makes.",
            code="main_is_display",
        )
    if named:
        if named not in files.manifest:
            files.warn(f"erc.yml names “{named}” as `display`, but it is not in the workspace: nothing can be compared")
        return named
    return _document_display(main, files) if kind in DOCUMENTS else _script_display(main, outputs, files)


def _document_display(main: str, files: Files) -> str:
    folder = folder_of(main)
    tried = ["display.html", joined(folder, "display.html"), joined(folder, stem(main) + ".html")]
    if found := _first(tried, files):
        return found
    published = display_candidates(Kind.RMARKDOWN, main, files)
    if len(published) == 1:
        return published[0]
    display = joined(folder, "display.html" if _is_named(main, "main") else stem(main) + ".html")
    others = f"; if it is one of these, name it as `display` in erc.yml: {_few(published)}" if published else ""
    files.warn(f"There is no published display file, so “{display}”, which a run makes, has no counterpart{others}")
    return display


def _script_display(main: str, outputs: Sequence[str], files: Files) -> str:
    folder = folder_of(main)
    for name in ("display", stem(main)):
        tried = [joined(place, name + ending) for ending in RESULTS for place in (folder, "")]
        if found := _first(tried, files, but=main):
            return found
    written = [path for name in outputs if suffix(name) in RESULTS and (path := joined(folder, name)) and path != main]
    if found := _first(sorted(written, key=_result_rank), files):
        return _guessed(found, [path for path in written if path in files.manifest], files)
    figures = [path for path in files.with_suffix(*_FIGURES) if path != main]
    if len(figures) == 1:
        return _guessed(figures[0], figures, files)
    if written:
        display = min(written, key=_result_rank)
        files.warn(f"There is no published display file, so “{display}”, which a run makes, has no counterpart")
        return display
    raise Rejected(
        "The workspace has no display file",
        f"Name as `display` in erc.yml the file that a run of “{main}” makes, such as a figure or a table"
        + (f". It may be one of these: {_few(figures)}" if figures else "."),
        code="display_missing",
    )


def _guessed(display: str, candidates: Iterable[str], files: Files) -> str:
    rivals = sorted(set(candidates) - {display})
    others = f"; also published: {_few(rivals)}" if rivals else ""
    files.warn(
        f"“{display}” was taken as the display file; name another as `display` in erc.yml if it is wrong{others}"
    )
    return display


def _first(paths: Iterable[str], files: Files, but: str = "") -> str:
    return next((path for path in paths if path in files.manifest and path != but), "")


def _rank(path: str) -> tuple[int, int, int, str]:
    kind, depth = KINDS[suffix(path)], path.count("/")
    if _is_named(path, "main"):
        return (0, depth, _MAIN_ORDER.index(kind), path)
    return (1, depth, 0 if kind in DOCUMENTS else 1, path)


def _result_rank(path: str) -> int:
    return RESULTS.index(suffix(path))


def _is_named(path: str, name: str) -> bool:
    return stem(path).lower() == name


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower()


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 10} more" if len(paths) > 10 else ""
    return ", ".join(paths[:10]) + more
