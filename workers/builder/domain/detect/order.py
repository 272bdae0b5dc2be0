"""Which files are read in which order, and which are left aside because another one goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from erc.events.errors import Rejected
from erc.schemas.environment import Decision
from erc.workers.builder.domain.detect.apt import read_apt
from erc.workers.builder.domain.detect.asked import Asked
from erc.workers.builder.domain.detect.conda import read_environment_yml
from erc.workers.builder.domain.detect.dockerfile import read_dockerfile
from erc.workers.builder.domain.detect.erc_yml import read_erc_yml
from erc.workers.builder.domain.detect.locks import read_poetry_lock, read_pylock, read_uv_lock
from erc.workers.builder.domain.detect.other import HINTED, hint_of, read_julia_project, read_post_build
from erc.workers.builder.domain.detect.pipfile import read_pipfile, read_pipfile_lock
from erc.workers.builder.domain.detect.python_project import read_pyproject, read_setup_cfg, read_setup_py
from erc.workers.builder.domain.detect.r_files import read_description, read_install_r
from erc.workers.builder.domain.detect.r_locks import read_packrat_lock, read_renv_lock, read_session_info
from erc.workers.builder.domain.detect.requirements import read_requirements
from erc.workers.builder.domain.detect.runtime import read_python_version, read_runtime
from erc.workers.builder.domain.detect.sources import Sources

FOLDERS = ("binder", ".binder")
ERC_YML = "erc.yml"
JULIA = ("Project.toml", "JuliaProject.toml")


class File(NamedTuple):
    """A file that is read: its name, its reader, and the languages whose packages it can list."""

    name: str
    read: Callable[[Sources, str], Asked]
    languages: tuple[str, ...] = ()


FILES = (
    File("Dockerfile", read_dockerfile),
    File("runtime.txt", read_runtime),
    File(".python-version", read_python_version),
    File("pylock.toml", read_pylock, ("python",)),
    File("uv.lock", read_uv_lock, ("python",)),
    File("poetry.lock", read_poetry_lock, ("python",)),
    File("Pipfile.lock", read_pipfile_lock, ("python",)),
    File("requirements.txt", read_requirements, ("python",)),
    File("renv.lock", read_renv_lock, ("r",)),
    File("packrat/packrat.lock", read_packrat_lock, ("r",)),
    File("packrat.lock", read_packrat_lock, ("r",)),
    File("DESCRIPTION", read_description, ("r",)),
    File("install.R", read_install_r, ("r",)),
    File("environment.yml", read_environment_yml, ("python", "r")),
    File("environment.yaml", read_environment_yml, ("python", "r")),
    File("Pipfile", read_pipfile, ("python",)),
    File("pyproject.toml", read_pyproject, ("python",)),
    File("setup.cfg", read_setup_cfg, ("python",)),
    File("setup.py", read_setup_py, ("python",)),
    *(File(name, read_session_info) for name in ("sessionInfo.txt", "session_info.txt", "session-info.txt")),
    *(File(name, read_session_info) for name in ("sessioninfo.txt", "SessionInfo.txt", "R_session.txt")),
    File("apt.txt", read_apt),
    File("postBuild", read_post_build),
    *(File(name, read_julia_project) for name in JULIA),
    *(File(name, hint_of) for name in HINTED),
)
"""After `erc.yml`. Of the files that list the packages of a language, the first is taken and the others left aside;
`DESCRIPTION` and `install.R` are taken together."""


@dataclass
class Collected:
    """What all files ask for, in the order of reading."""

    asked: list[Asked] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    by_language: dict[str, str] = field(default_factory=dict)
    """The file whose list of packages counts, by language."""
    explicit: set[str] = field(default_factory=set)
    """Languages of which erc.yml lists all packages."""


def collect(sources: Sources) -> Collected:
    """Return what the files ask for; raises Rejected for one that counts and cannot be used."""
    collected = Collected()
    explicit = _erc_yml(sources, collected)
    folder = environment_folder(sources, collected)
    for file in FILES:
        path = f"{folder}/{file.name}" if folder else file.name
        if path not in sources:
            continue
        if explicit and file.name == "Dockerfile":
            _left_aside(collected, path, ERC_YML)
        elif _taken_already(collected, file):
            _wishes_only(sources, collected, file, path)
        else:
            _take(collected, file.read(sources, path), path)
    return collected


def environment_folder(sources: Sources, collected: Collected) -> str:
    """Return the folder whose files describe the environment: `binder`, `.binder`, or the top (''); never both."""
    found = [folder for folder in FOLDERS if any(_of_folder(sources, folder))]
    if len(found) > 1:
        raise Rejected(
            "There are two folders that describe the environment",
            "The workspace has binder/ and .binder/, and only one of them can count. Remove the other one.",
            code="two_environment_folders",
        )
    if found:
        _decide(collected, f"{found[0]}/ is read", "Files at the top do not describe the environment then.", found[0])
        for file in FILES:
            if file.name in sources:
                _left_aside(collected, file.name, f"{found[0]}/")
    return found[0] if found else ""


def _of_folder(sources: Sources, folder: str) -> Iterator[str]:
    return (file.name for file in FILES if f"{folder}/{file.name}" in sources)


def _erc_yml(sources: Sources, collected: Collected) -> bool:
    """Take the `environment` of erc.yml; return whether there is one."""
    if ERC_YML not in sources:
        return False
    asked = read_erc_yml(sources, ERC_YML)
    given = any((asked.suite, asked.python, asked.r, asked.date, asked.speaks, asked.apt, asked.variables))
    if given:
        collected.explicit = set(asked.speaks)
        _take(collected, asked, ERC_YML)
    return given


def _taken_already(collected: Collected, file: File) -> bool:
    taken = [collected.by_language.get(language, "") for language in file.languages]
    if file.name == "install.R" and taken[0].endswith("DESCRIPTION"):
        return False
    return bool(taken) and all(taken)


def _wishes_only(sources: Sources, collected: Collected, file: File, path: str) -> None:
    """Leave a file aside but for the versions that it asks for; that it cannot be read harms nobody then."""
    try:
        asked = file.read(sources, path)
    except Rejected:
        asked = Asked(path)
    collected.asked.append(Asked(path, python=asked.python, r=asked.r, date=asked.date, r_versions=asked.r_versions))
    _left_aside(collected, path, collected.by_language[file.languages[0]])


def _take(collected: Collected, asked: Asked, path: str) -> None:
    for language in sorted(asked.speaks):
        first = collected.by_language.setdefault(language, path)
        if first != path and not (first.endswith("DESCRIPTION") and path.endswith("install.R")):
            _drop(asked, language)
            _decide(collected, f"what {path} lists for {_NAMES[language]} is left aside", f"{first} goes first.", path)
    collected.asked.append(asked)
    _decide(collected, f"{path} is read", summary(asked), path)
    collected.decisions += asked.decisions


def _drop(asked: Asked, language: str) -> None:
    if language == "python":
        asked.pip, asked.complete = [], False
    else:
        asked.r_packages = []


_NAMES = {"python": "Python", "r": "R"}


def summary(asked: Asked) -> str:
    """Return in one sentence what a file asks for."""
    counts = [
        (len(asked.pip), "Python package"),
        (len(asked.r_packages), "R package"),
        (len(asked.r_versions), "version of R packages"),
        (len(asked.apt), "package of the distribution"),
        (len(asked.variables), "variable"),
        (len(asked.scripts), "script"),
    ]
    wishes = [("Python", asked.python), ("R", asked.r), ("suite", asked.suite), ("day", asked.date)]
    said = [f"{name} {wish.value}" for name, wish in wishes if wish]
    said += [_counted(number, noun) for number, noun in counts if number]
    return f"It asks for {', '.join(said)}." if said else "It asks for nothing that is not there anyway."


def _counted(number: int, noun: str) -> str:
    head, _, rest = noun.partition(" of ")
    plural = head if number == 1 else f"{head}s"
    return f"{number} {plural}{f' of {rest}' if rest else ''}"


def _left_aside(collected: Collected, path: str, first: str) -> None:
    _decide(collected, f"{path} is left aside", f"{first} goes first.", path)


def _decide(collected: Collected, choice: str, reason: str, path: str) -> None:
    collected.decisions.append(Decision(subject="file", choice=choice, reason=reason, path=path))
