"""`RUN` of an author's Dockerfile: which packages its commands install."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from itertools import pairwise

from erc.workers.builder.domain.detect.apt import apt_package
from erc.workers.builder.domain.detect.asked import Asked, RNeed, refused, shown
from erc.workers.builder.domain.detect.python_project import add
from erc.workers.builder.domain.detect.r_files import take_installs
from erc.workers.builder.domain.detect.requirements import read_requirements
from erc.workers.builder.domain.detect.sources import Sources
from erc.workers.builder.domain.packages import is_r_name

Found = Callable[[str], str]
"""Returns the file of the workspace that a command means, '' when there is none."""

_BREAKS = frozenset({"&&", ";", "||", "|", "&"})
_HARMLESS = frozenset(
    {"rm", "mkdir", "echo", "true", "set", "export", "ldconfig", "locale-gen", "update-locale", "touch"}
)
_VALUED = frozenset({"-o", "-c", "-t", "--target-release", "--option", "-r", "--repos", "-n", "--ncpus", "-l", "-i"})
_PIP_VALUED = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--timeout", "--default-timeout"}
    | {"--no-binary", "--only-binary", "--root-user-action", "--target", "-t", "--prefix", "--cache-dir", "--retries"}
    | {"--progress-bar", "--upgrade-strategy", "--platform", "--python-version", "--proxy", "--cert", "--log"}
)


def take_run(sources: Sources, asked: Asked, rest: str, line: int, found: Found) -> None:
    """Take over what the commands of a RUN install; raises Rejected for a package name that is none."""
    for command in _commands(rest):
        _command(sources, asked, command, line, found)


def _commands(rest: str) -> Iterator[list[str]]:
    """Yield the simple commands; what cannot be split into words is one command of one word."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            yield words
            return
    try:
        splitter = shlex.shlex(rest, posix=True, punctuation_chars="&;|")
        splitter.whitespace_split, splitter.commenters = True, ""
        tokens = list(splitter)
    except ValueError:
        yield [rest]
        return
    command: list[str] = []
    for token in tokens:
        if token in _BREAKS or set(token) <= {"&", ";", "|"}:
            yield command
            command = []
        else:
            command.append(token)
    yield command


def _command(sources: Sources, asked: Asked, words: list[str], line: int, found: Found) -> None:
    while words and (words[0] in {"sudo", "exec", "env"} or re.match(r"[A-Za-z_]\w{0,100}=", words[0])):
        words = words[1:]
    if not words or words[0] in _HARMLESS:
        return
    program, rest = words[0].rpartition("/")[2], words[1:]
    if re.fullmatch(r"python3?(\.\d+)?", program) and rest[:2] == ["-m", "pip"]:
        program, rest = "pip", rest[2:]
    if program in {"apt-get", "apt", "aptitude"}:
        _apt(asked, rest, line)
    elif re.fullmatch(r"pip3?(\.\d+)?", program) and rest[:1] == ["install"]:
        _pip(sources, asked, rest[1:], line, found)
    elif program in {"R", "Rscript"}:
        _r(sources, asked, rest, line, found)
    elif program in {"install2.r", "install.r", "installBioc.r", "installGithub.r"}:
        _little_r(asked, rest, line)
    else:
        said = shown(" ".join(words))
        asked.note(
            f"{asked.path}:{line}: the command {said} is not run; only installations of packages are taken over."
        )


def _apt(asked: Asked, words: list[str], line: int) -> None:
    bare = _without_options(words, _VALUED)
    if bare[:1] != ["install"]:
        if bare[:1] not in (["update"], ["clean"], ["autoclean"], ["autoremove"], ["upgrade"], ["dist-upgrade"], []):
            asked.note(f"{asked.path}:{line}: apt-get {shown(bare[0])} is not taken over.")
        return
    for word in bare[1:]:
        asked.apt.append(apt_package(word, asked.path, line, f"apt-get install in {asked.path}:{line}"))


def _without_options(words: list[str], valued: frozenset[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and not word.startswith("-"):
            kept.append(word)
        skip = not skip and word in valued
    return kept


def _pip(sources: Sources, asked: Asked, words: list[str], line: int, found: Found) -> None:
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word in {"-r", "--requirement"} and position < len(words):
            _included(sources, asked, found(words[position]), words[position], line)
            position += 1
        elif word in _PIP_VALUED or word in {"-c", "--constraint"}:
            asked.note(f"{asked.path}:{line}: the option {shown(word)} of pip is not used.")
            position += 1
        elif not word.startswith("-"):
            asked.speaks.add("python")
            add(asked, word, line, f"pip install in {asked.path}:{line}")


def _included(sources: Sources, asked: Asked, path: str, named: str, line: int) -> None:
    if not path:
        raise refused(
            asked.path, line, f"{shown(named)} is not in the workspace", "Add the file.", "dockerfile_refused"
        )
    inner = read_requirements(sources, path)
    asked.speaks.add("python")
    asked.pip += inner.pip
    asked.complete = inner.complete
    for sentence in inner.all_notes():
        asked.note(sentence)


def _r(sources: Sources, asked: Asked, words: list[str], line: int, found: Found) -> None:
    codes = [after for word, after in pairwise(words) if word == "-e"]
    scripts = [word for word in words if not word.startswith("-") and word.lower().endswith(".r")] if not codes else []
    for code in codes:
        take_installs(asked, code, line)
    for script in scripts:
        if path := found(script):
            inner = Asked(path)
            take_installs(inner, sources.text(path), 1)
            asked.r_packages += inner.r_packages
            for sentence in inner.all_notes():
                asked.note(sentence)
    if asked.r_packages:
        asked.speaks.add("r")


def _little_r(asked: Asked, words: list[str], line: int) -> None:
    asked.speaks.add("r")
    for word in _without_options(words, _VALUED):
        bare = word.rpartition("/")[2].partition("@")[0]
        if is_r_name(bare):
            asked.r_packages.append(RNeed(bare, "", asked.path, line, f"RUN in {asked.path}:{line}"))
        else:
            asked.note(f"{asked.path}:{line}: {shown(word)} is not used, as it is not the name of an R package.")
