"""An author's `Dockerfile`: a few instructions are understood and taken over; nothing of it is ever passed through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from erc.schemas.environment import Decision
from erc.schemas.variables import is_variable
from erc.workers.builder.domain.detect.asked import Asked, refused, shown
from erc.workers.builder.domain.detect.dockerfile_from import take_from
from erc.workers.builder.domain.detect.dockerfile_run import take_run
from erc.workers.builder.domain.detect.requirements import refuse_contradictions, within
from erc.workers.builder.domain.detect.sources import Sources

MAX_INSTRUCTIONS = 500
MAX_LINE = 20_000
_MEND = "Remove the line, or list what is needed under `environment` in erc.yml; then the Dockerfile is left aside."
_DIRECTIVE = re.compile(r"#\s{0,10}(syntax|escape|check)\s{0,10}=", re.IGNORECASE)
_OURS = re.compile(r"LABEL org\.erc\.(suite|stage)=")
_ENV = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,99})=(\"[^\"]{0,1000}\"|'[^']{0,1000}'|\S{0,1000})(?:\s{1,100}|$)")
_SILENT = {
    "WORKDIR": "the workspace is mounted at /erc, where the run begins",
    "CMD": "the service runs the main file",
    "ENTRYPOINT": "the service runs the main file",
    "EXPOSE": "a run has no network",
    "VOLUME": "the workspace is mounted at /erc",
    "USER": "a run has a user of its own",
    "LABEL": "labels change nothing in a run",
    "MAINTAINER": "labels change nothing in a run",
    "STOPSIGNAL": "a run is ended by the service",
    "HEALTHCHECK": "a run is watched by the service",
    "SHELL": "commands are not run by a shell of the file's choice",
    "ARG": "arguments of a build are not used",
}


class Instruction(NamedTuple):
    """One instruction: its word in capitals, the rest in one line, and the number of its first line."""

    word: str
    rest: str
    line: int


def is_ours(text: str) -> bool:
    """Return whether a Dockerfile was written by this service: its plan is made again from the other files."""
    return _OURS.search(text) is not None


def read_dockerfile(sources: Sources, path: str) -> Asked:
    """Return what the instructions ask for; raises Rejected, with the line, for what could reach beyond an environment.

    `FROM` of the known images, `RUN` of package installers, `ENV` and `COPY` are taken over. What changes nothing is
    decided so; other commands are left out with a note.
    """
    text, asked = sources.text(path), Asked(path)
    if is_ours(text):
        asked.note(f"{path} was written by this service; the plan is made again from the other files.")
        return asked
    reader = _Reader(sources, asked)
    for number, instruction in enumerate(_instructions(text, path), 1):
        if number > MAX_INSTRUCTIONS:
            raise refused(path, instruction.line, f"it has more than {MAX_INSTRUCTIONS} instructions", _MEND)
        reader.take(instruction)
    if not reader.based:
        raise refused(path, 1, "it has no FROM", _MEND, "dockerfile_refused")
    refuse_contradictions(asked.pip)
    return asked


class _Reader:
    def __init__(self, sources: Sources, asked: Asked) -> None:
        self._sources, self._asked = sources, asked
        self.based = False
        self._copied: dict[str, str] = {}
        self._takers: dict[str, Callable[[Instruction], None]] = {
            "FROM": self._from,
            "RUN": self._run,
            "ENV": self._env,
            "COPY": self._copy,
            "ADD": self._copy,
        }

    def take(self, instruction: Instruction) -> None:
        taker = self._takers.get(instruction.word)
        if taker:
            taker(instruction)
        elif reason := _SILENT.get(instruction.word):
            self._decide(f"{instruction.word} is not taken over", f"It need not be: {reason}.", instruction.line)
        else:
            self.refuse(instruction.line, f"{shown(instruction.word)} is not read here")

    def refuse(self, line: int, what: str) -> None:
        raise refused(self._asked.path, line, what, _MEND, "dockerfile_refused")

    def _decide(self, choice: str, reason: str, line: int) -> None:
        self._asked.decisions.append(
            Decision(subject="file", choice=choice, reason=reason, path=self._asked.path, line=line)
        )

    def _from(self, instruction: Instruction) -> None:
        if self.based:
            self.refuse(instruction.line, "it has a second FROM, and only one stage is read")
        self.based = True
        if problem := take_from(self._asked, instruction.rest, instruction.line):
            self.refuse(instruction.line, problem)

    def _run(self, instruction: Instruction) -> None:
        if instruction.rest.startswith("--"):
            self.refuse(instruction.line, f"RUN {shown(instruction.rest.split()[0])} is an option of the build")
        take_run(self._sources, self._asked, instruction.rest, instruction.line, self._found)

    def _env(self, instruction: Instruction) -> None:
        rest = instruction.rest
        pairs = [(match[1], match[2].strip("\"'")) for match in _ENV.finditer(rest)]
        if not pairs:
            name, _, value = rest.partition(" ")
            pairs = [(name, value.strip().strip("\"'"))]
        for name, value in pairs[:100]:
            if "$" in value or not is_variable(name, value):
                self._asked.note(f"{self._asked.path}:{instruction.line}: ENV {shown(name)} is not taken over.")
            else:
                self._asked.variables[name] = value

    def _copy(self, instruction: Instruction) -> None:
        words = [word for word in _arguments(instruction.rest) if not word.startswith("--ch")]
        if option := next((word for word in words if word.startswith("--")), ""):
            self.refuse(instruction.line, f"{instruction.word} {shown(option)} reaches beyond the workspace")
        if address := next((word for word in words if re.match(r"[a-z+]{1,20}://|git@", word, re.IGNORECASE)), ""):
            self.refuse(instruction.line, f"{instruction.word} {shown(address)} fetches from elsewhere")
        for word in words[:-1]:
            self._copied[word.rpartition("/")[2]] = word
        self._decide(
            f"{instruction.word} is not needed", "The whole workspace is mounted at /erc in a run.", instruction.line
        )

    def _found(self, name: str) -> str:
        """Return the file of the workspace that a command means, also where the Dockerfile copied it to; '' if none."""
        folder = self._asked.path.rpartition("/")[0]
        base = name.rpartition("/")[2]
        tried = [(folder, name), ("", name), (folder, self._copied.get(base, "")), ("", self._copied.get(base, ""))]
        if name.startswith("/"):
            tried += [(folder, base), ("", base)]
        return next((path for place, one in tried if (path := within(place, one)) and path in self._sources), "")


def _arguments(rest: str) -> list[str]:
    """Return the words of an instruction in either form, `a b` or `["a", "b"]`."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list):
            return [word for word in words if isinstance(word, str)]
    return rest.split()


def _instructions(text: str, path: str) -> Iterator[Instruction]:
    """Yield the instructions; lines that a backslash ends go on, comments within them are dropped."""
    rows: list[str] = []
    start = 0
    for number, row in enumerate([*text.split("\n"), ""], 1):
        bare = row.strip()
        if bare.startswith("#") or (not bare and rows):
            if not rows and _DIRECTIVE.match(bare):
                raise refused(path, number, f"{shown(bare)} chooses another reader", _MEND, "dockerfile_refused")
            if bare:
                continue
        start = start if rows else number
        rows.append(bare.removesuffix("\\").strip())
        if bare.endswith("\\"):
            continue
        whole = " ".join(row for row in rows if row)
        rows = []
        if whole:
            yield _instruction(whole, start, path)


def _instruction(whole: str, line: int, path: str) -> Instruction:
    if len(whole) > MAX_LINE:
        raise refused(path, line, f"an instruction has more than {MAX_LINE} characters", _MEND, "dockerfile_refused")
    if re.search(r"<<-?[\"']?[A-Za-z_]", whole):
        raise refused(path, line, "a text within the file (`<<`) is not read", _MEND, "dockerfile_refused")
    word, _, rest = whole.partition(" ")
    return Instruction(word.upper(), rest.strip(), line)
