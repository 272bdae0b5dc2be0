"""What the workspace's code says, taken together: from the main file to the files that it calls."""

from __future__ import annotations

from collections.abc import Iterable

from erc.schemas.metadata import Dependency, Kind
from erc.workers.code import requirements_txt
from erc.workers.code.found import Found
from erc.workers.code.notebook import read_notebook
from erc.workers.code.python_script import DISTRIBUTIONS, read_python
from erc.workers.code.rmarkdown import read_header, read_rmarkdown
from erc.workers.code.rscript import header_of, read_r
from erc.workers.metadata.domain.files import NOTEBOOK_BYTES, Files, folder_of, joined

MAX_FILES = 300
"""Code files that are read beside the main file."""
MAX_DEPENDENCIES = 2000
MAX_MODULES = 1000
"""Imported names of one file that are looked up in the workspace."""


def read_code(kind: Kind, main: str, files: Files) -> Found:
    """Return what the main file and the code around it say; dependencies each once, by name.

    R: every other `.R` file counts. Python: the local modules that are imported, however indirectly, and
    `requirements.txt` before them.
    """
    found = _read_main(kind, main, files)
    if kind in {Kind.RMARKDOWN, Kind.R_SCRIPT}:
        for path in _bounded([path for path in files.with_suffix(".r") if path != main], files):
            if (text := files.text(path)) is not None:
                found.merge(read_r(text, path))
    local = _read_modules(main, found, files)
    imports = [dependency for dependency in found.dependencies if dependency.name not in local]
    found.dependencies = _each_once([*_required(main, files, found), *map(_as_package, imports)])
    for warning in found.warnings:
        files.warn(warning)
    return found


def _read_main(kind: Kind, main: str, files: Files) -> Found:
    text = files.text(main, NOTEBOOK_BYTES) if kind is Kind.NOTEBOOK else files.text(main)
    if text is None:
        return Found()
    if kind is Kind.RMARKDOWN:
        return read_rmarkdown(text, main)
    if kind is Kind.NOTEBOOK:
        return read_notebook(text, main)
    if kind is Kind.PYTHON_SCRIPT:
        return read_python(text, main)
    found = read_header(header_of(text), main)
    found.merge(read_r(text, main))
    return found


def _bounded(paths: list[str], files: Files) -> list[str]:
    if len(paths) > MAX_FILES:
        files.warn(f"The workspace has {len(paths)} files of code; {MAX_FILES} were read for dependencies")
    return paths[:MAX_FILES]


def _read_modules(main: str, found: Found, files: Files) -> set[str]:
    """Add what the imported local modules say, and return the names of all local modules."""
    python = set(files.with_suffix(".py"))
    folders = {folder_of(main), "", "src"}
    starts = frozenset(folders)
    waiting = _local_files(found.modules, folders, python)
    seen = {main}
    while waiting and len(seen) <= MAX_FILES:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if (text := files.text(path)) is not None:
            module = read_python(text, path)
            found.merge(module)
            folders.add(folder_of(path))
            waiting += _local_files(module.modules, {folder_of(path), *starts}, python)
    return _module_names(folders, python)


def _local_files(modules: Iterable[str], folders: set[str], python: set[str]) -> list[str]:
    """Return the files that these modules may mean, with the packages around them."""
    result = []
    for module in list(dict.fromkeys(modules))[:MAX_MODULES]:
        for folder in folders:
            path = joined(folder, module)
            while path:
                result += [name for name in (f"{path}.py", f"{path}/__init__.py") if name in python]
                path = folder_of(path)
    return result


def _module_names(folders: set[str], python: set[str]) -> set[str]:
    names = set()
    for folder in folders:
        prefix = f"{folder}/" if folder else ""
        names |= {
            path[len(prefix) :].partition("/")[0].removesuffix(".py") for path in python if path.startswith(prefix)
        }
    return names


def _required(main: str, files: Files, found: Found) -> list[Dependency]:
    path = files.beside(main, requirements_txt.NAME)
    text = files.text(path) if path else None
    if text is None:
        return []
    required = requirements_txt.read_requirements(text, path)
    found.warnings += required.warnings
    return required.dependencies


def _as_package(dependency: Dependency) -> Dependency:
    if dependency.language != "python":
        return dependency
    return dependency.model_copy(update={"name": DISTRIBUTIONS.get(dependency.name, dependency.name)})


def _each_once(dependencies: list[Dependency]) -> list[Dependency]:
    kept: dict[tuple[str, str], Dependency] = {}
    for dependency in dependencies:
        python = dependency.language == "python"
        name = requirements_txt.canonical(dependency.name) if python else dependency.name
        kept.setdefault((dependency.language, name), dependency)
    return list(kept.values())[:MAX_DEPENDENCIES]
