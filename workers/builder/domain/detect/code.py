"""What the code uses beyond the main file: files that it names are read too; nothing is evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from erc.events.errors import Rejected
from erc.schemas.metadata import Dependency, Description, Kind
from erc.workers.builder.domain.detect.requirements import within
from erc.workers.builder.domain.detect.sources import Sources, json_of, mapping, words
from erc.workers.builder.domain.suites import Wish
from erc.workers.code.notebook import read_notebook, read_sources
from erc.workers.code.python_script import DISTRIBUTIONS, read_python
from erc.workers.code.rmarkdown import chunks, read_rmarkdown
from erc.workers.code.rscript import read_r

REQUIREMENTS = "requirements.txt"
MAX_FILES = 300
MAX_NAMES = 5000
SHOWN = 5
_NAME = re.compile(
    r"(?<![A-Za-z0-9_./-])[A-Za-z0-9_.][A-Za-z0-9_./-]{0,200}\.(?:R|r|Rmd|rmd|Rnw|qmd|ipynb|py)(?![A-Za-z0-9_])"
)
_IMPORT = re.compile(r"(?<![\w.])(?:from|import)[ ]{1,10}([A-Za-z_.][\w., ]{0,200})")
_R_FILES = frozenset({".r", ".rmd", ".rmarkdown", ".rnw", ".qmd"})
_PYTHON_FILES = frozenset({".py", ".ipynb"})
_DOCUMENTS = frozenset({".rmd", ".rmarkdown", ".qmd"})
_FOREIGN = frozenset({"renv", "packrat", "node_modules", "site-packages", "venv", "__pycache__", "tests", "docs"})


@dataclass
class Used:
    """What the code uses: dependencies in the order of reading, the languages of the files, the files not read."""

    dependencies: list[Dependency] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    unread: list[str] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    """The words of the import statements that were seen."""
    modules: list[str] = field(default_factory=list)
    """The Python files of the workspace."""
    python_chunk: str = ""
    """Where the first chunk of Python in a document begins: `main.Rmd:12`; empty when there is none."""
    python: Wish | None = None
    """The version that the main notebook was last run with."""

    def of(self, language: str) -> list[Dependency]:
        """Return the dependencies of one language."""
        return [dependency for dependency in self.dependencies if dependency.language.lower() == language]

    def notes(self) -> list[str]:
        """Return a hint about files of code that nothing names."""
        if not self.unread:
            return []
        named = ", ".join(self.unread[:SHOWN]) + (", …" if len(self.unread) > SHOWN else "")
        return [f"What other files of code use is not installed, as no file that is run names them: {named}."]


def used_by_code(description: Description, sources: Sources) -> Used:
    """Return what the description found, and what the files use that are named by the main file or one of these."""
    # The description also lists what the requirements at the top say, which is read as a file here.
    stated = [one for one in description.dependencies if one.source.rpartition(":")[0] != REQUIREMENTS]
    used = Used(dependencies=stated)
    used.languages = {dependency.language.lower() for dependency in stated}
    code = [entry.path for entry in sources.manifest.entries() if _language(entry.path) and not _is_foreign(entry.path)]
    used.modules = [entry.path for entry in sources.manifest.entries() if entry.path.endswith(".py")]
    by_name: dict[str, list[str]] = {}
    for path in code:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    read = _follow(description, sources, by_name, used)
    known = read | {dependency.source.rpartition(":")[0] for dependency in description.dependencies}
    if description.kind in {Kind.RMARKDOWN, Kind.R_SCRIPT}:
        known |= {path for path in code if path.lower().endswith(".r")}
    known |= {dependency.source.rpartition(":")[0] for dependency in used.dependencies}
    used.unread = [path for path in code if path not in known and not _is_module(path, used.imported)]
    if description.kind is Kind.NOTEBOOK:
        used.python = _kernel(sources, description.main)
    return used


def _follow(description: Description, sources: Sources, by_name: dict[str, list[str]], used: Used) -> set[str]:
    waiting, seen = [description.main], {description.main}
    while waiting and len(seen) <= MAX_FILES:
        path = waiting.pop(0)
        text = sources.code(path)
        if text is None:
            continue
        if path != description.main:
            _take(used, text, path)
        _chunks(used, text, path)
        text = "\n".join(read_sources(text)) if _suffix(path) == ".ipynb" else text
        for names in _IMPORT.findall(text):
            used.imported.update(re.split(r"[., ]+", names))
        for name in list(dict.fromkeys(_NAME.findall(text)))[:MAX_NAMES]:
            for found in _meant(path, name, by_name):
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
    return seen


def _chunks(used: Used, text: str, path: str) -> None:
    """Remember the first chunk of Python, which needs Python even when it imports nothing."""
    if used.python_chunk or _suffix(path) not in _DOCUMENTS:
        return
    if found := next((chunk for chunk in chunks(text) if chunk.language == "python"), None):
        used.python_chunk = f"{path}:{found.line}"
        used.languages.add("python")


def _meant(path: str, name: str, by_name: dict[str, list[str]]) -> list[str]:
    """Return the file that code means by a name: from its folder, from the top, else the only one of this name."""
    candidates = by_name.get(name.rpartition("/")[2], [])
    exact = {within(path.rpartition("/")[0], name), within("", name)}
    found = [candidate for candidate in candidates if candidate in exact]
    return found or (candidates if len(candidates) == 1 else [])


def _take(used: Used, text: str, path: str) -> None:
    """Add what one file uses."""
    language, suffix = _language(path), _suffix(path)
    try:
        if suffix in _DOCUMENTS:
            found = read_rmarkdown(text, path)
        elif suffix == ".ipynb":
            found = read_notebook(text, path)
        elif suffix == ".py":
            found = read_python(text, path)
        else:
            found = read_r(_sweave(text) if suffix == ".rnw" else text, path)
    except Rejected:
        # A notebook of another language, which a run of this one does not run either.
        return
    used.languages.add(language)
    for dependency in found.dependencies:
        name = (
            DISTRIBUTIONS.get(dependency.name, dependency.name) if dependency.language == "python" else dependency.name
        )
        used.dependencies.append(dependency.model_copy(update={"name": name}))


def _sweave(text: str) -> str:
    """Return the R code of a Sweave document, on the lines where it stands."""
    rows, inside = [], False
    for row in text.split("\n"):
        if row.startswith("<<") and row.rstrip().endswith(">>="):
            inside = True
            rows.append("")
            continue
        inside = inside and not row.startswith("@")
        rows.append(row if inside else "")
    return "\n".join(rows)


def _kernel(sources: Sources, main: str) -> Wish | None:
    text = sources.code(main)
    if text is None:
        return None
    try:
        info = mapping(mapping(json_of(text, main).get("metadata")).get("language_info"))
    except Rejected:
        return None
    version = words(info.get("version"))
    return Wish(version, main, loose=True) if re.fullmatch(r"[23]\.[0-9]{1,2}\.[0-9]{1,3}", version) else None


def _is_module(path: str, imported: set[str]) -> bool:
    """Return whether a file is one that is imported, which the description followed."""
    pure = PurePosixPath(path)
    return pure.suffix == ".py" and bool({pure.stem, *pure.parent.parts} & imported or pure.name == "__init__.py")


def _suffix(path: str) -> str:
    """Return the suffix with its dot in lower case; '' where there is none."""
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{suffix}".lower()


def _language(path: str) -> str:
    suffix = _suffix(path)
    return "r" if suffix in _R_FILES else "python" if suffix in _PYTHON_FILES else ""


def _is_foreign(path: str) -> bool:
    return any(part.startswith(".") or part in _FOREIGN for part in path.split("/")[:-1])
