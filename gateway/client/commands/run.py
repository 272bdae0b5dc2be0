"""`erc run` and `erc update`: from a folder, an archive, a repository or a name to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from erc.gateway.client.client import Client
from erc.gateway.client.failures import ClientError, ExitCode
from erc.gateway.client.naming import Whose, top_of_clone, whose_path, whose_repository
from erc.gateway.client.running import Running, Wish
from erc.gateway.client.runs import named_run
from erc.gateway.client.session import AsJson, Url, connected, told
from erc.gateway.client.sse import Deadline
from erc.gateway.client.terminal import Terminal, one_line
from erc.schemas.git_source import SourceError, looks_like_git, parse_git
from erc.schemas.problem import Problem
from erc.schemas.run import LATEST, RunNameError, parse_name
from erc.schemas.variables import MAX_VALUE, is_variable

_WHAT = (
    "Give a folder with the analysis, a zip, tar or tar.gz of one, a repository "
    "(https://HOST/OWNER/REPO@REF#FOLDER), or the name of a run."
)
_ENV = "A variable of the run; may be repeated. They are kept and shown: no place for secrets. '' takes back all."
Where = Annotated[str, typer.Argument(metavar="DIR|FILE|GIT_URL|NAME", help=_WHAT)]
Name = Annotated[str, typer.Option(metavar="NAME[@VERSION]", help="The name of the run; else one is derived.")]
AutoName = Annotated[bool, typer.Option("--auto-name", help="When the name is another's, add 4 digits to it.")]
Ref = Annotated[str, typer.Option(metavar="REF", help="Branch, tag or commit of a repository.")]
Entrypoint = Annotated[str, typer.Option(metavar="PATH", help="Main file, or its folder, below what is sent.")]
Whole = Annotated[bool, typer.Option("--whole", help="Send the whole repository that DIR lies in, and run DIR.")]
Env = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help=_ENV)]
Force = Annotated[bool, typer.Option("--force", help="Replace whatever has the name.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until the verdict, or only start the job.")]
Repeat = Annotated[bool, typer.Option("--repeat", help="Find out too whether the outputs are deterministic.")]
Timeout = Annotated[float | None, typer.Option(metavar="S", min=0, help="Stop waiting after S seconds (exit code 6).")]


@told
def run(
    where: Where,
    name: Name = "",
    auto_name: AutoName = False,
    ref: Ref = "",
    entrypoint: Entrypoint = "",
    whole: Whole = False,
    env: Env = None,
    force: Force = False,
    wait: Wait = True,
    repeat: Repeat = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
    url: Url = "",
) -> ExitCode:
    """Send a workspace, run its analysis, compare the result with what was published, and tell the verdict.

    A folder is sent as it is; nothing is written into it. What tools leave behind (.git, __pycache__, .venv,
    node_modules, .Rproj.user) is left out, and so is what its .ercignore names, in the manner of .gitignore.

    The run gets a name: --name, else title or id in erc.yml, else the name of the folder or repository. A name with
    other content is a conflict (exit code 5): `erc update` makes the next generation of it.
    """
    asked = _Asked(
        where, name, ref, entrypoint, variables_of(env), whole=whole, force=force, auto_name=auto_name, repeat=repeat
    )
    return _run(asked, Terminal(as_json=as_json), Deadline(timeout), url, wait=wait)


@told
def update(
    where: Where,
    name: Name = "",
    ref: Ref = "",
    entrypoint: Entrypoint = "",
    whole: Whole = False,
    env: Env = None,
    force: Force = False,
    wait: Wait = True,
    timeout: Timeout = None,
    as_json: AsJson = False,
    url: Url = "",
) -> ExitCode:
    """Make what you give the next generation of a run that is there, and end the job of the one before.

    A name alone asks its repository again. A run that is not there is not found (exit code 4).
    """
    asked = _Asked(where, name, ref, entrypoint, variables_of(env), whole, force, update=True)
    return _run(asked, Terminal(as_json=as_json), Deadline(timeout), url, wait=wait)


@dataclass(frozen=True)
class _Asked:
    """What the command line says."""

    where: str
    name: str
    ref: str
    entrypoint: str
    variables: dict[str, str] | None = None
    whole: bool = False
    force: bool = False
    update: bool = False
    auto_name: bool = False
    repeat: bool = False

    def wish(self, client: Client) -> Wish:
        """Return what is to be run under which name; raises ClientError for what is nothing that can be."""
        path = Path(self.where)
        if path.exists():
            if self.ref:
                raise _usage("--ref is for repositories", "A folder is sent as it is.")
            return self._of_whole(path) if self.whole else self._named(whose_path(path), self.where, path=path)
        if self.whole:
            raise _usage("--whole is for folders", "A repository is brought with its address alone.")
        return self.of_repository() if looks_like_git(self.where) else self._again(client)

    def _of_whole(self, path: Path) -> Wish:
        """Return the wish for the repository that a path lies in, run where the path is; its name is the path's."""
        top = top_of_clone(path)
        if top is None:
            raise _usage(f"“{one_line(self.where)}” is in no repository", "Without --whole the folder alone is sent.")
        below = (path.resolve() / self.entrypoint.strip("/")).relative_to(top).as_posix()
        entered = replace(self, entrypoint="" if below == "." else below)
        return entered._named(whose_path(path), self.where, path=top)  # noqa: SLF001 - its own kind

    def of_repository(self) -> Wish:
        """Return the wish for an address; what is none is left to the service to refuse."""
        try:
            address = parse_git(self.where, loopback=True)
            at = parse_git(str(replace(address, ref=self.ref)), loopback=True) if self.ref else address
        except SourceError as error:
            if self.ref:
                raise _usage("This is no address of a repository", str(error)) from error
            return self._named(Whose("", []), self.where, address=self.where)
        text = str(at) if self.ref else self.where
        return self._named(whose_repository(at), text, address=text)

    def _named(self, whose: Whose, source: str, *, path: Path | None = None, address: str = "") -> Wish:
        try:
            name, version = parse_name(self.name) if self.name else (whose.name, LATEST)
        except RunNameError as error:
            raise _usage("The name cannot be used", str(error)) from error
        return Wish(
            name,
            version,
            whose,
            source,
            path,
            address,
            entrypoint=self.entrypoint.strip("/"),
            variables=self.variables,
            update=self.update,
            force=self.force,
            auto_name=self.auto_name,
        )

    def _again(self, client: Client) -> Wish:
        """Return the wish for a name: the same compendium again, or for an update its repository again."""
        try:
            parse_name(self.where)
        except RunNameError as error:
            raise _usage(f"“{self.where}” does not exist", _WHAT) from error
        if self.name:
            raise _usage("--name is for what is brought", f"“{self.where}” names a run already.")
        found = named_run(client, self.where)
        if self.update:
            return self._updated(self.where, found.source)
        if self.ref or self.entrypoint:
            raise _usage("A run that is run again stays as it is", "Use erc update for another branch or main file.")
        whose = Whose(found.origin, [found.name])
        entrypoint = found.entrypoint
        return Wish(
            *(found.name, found.version, whose, found.source),
            again=found,
            entrypoint=entrypoint,
            variables=self.variables,
            force=self.force,
        )

    def _updated(self, name: str, source: str) -> Wish:
        if not looks_like_git(source):
            raise _usage(f"{name} was made of “{source}”", "Name the folder or the archive: erc update DIR")
        return replace(self, where=source, name=name).of_repository()


def variables_of(said: list[str] | None) -> dict[str, str] | None:
    """Return the variables that `--env` sets, None when it was not given; raises ClientError (usage)."""
    if not said:
        return None
    found: dict[str, str] = {}
    for one in filter(None, said):
        name, sign, value = one.partition("=")
        if not sign or not is_variable(name, value):
            detail = (
                "Write it as KEY=VALUE: a name of letters, digits and _ that programs do not trust (PATH, HOME, LD_… "
                f"are such), and a value of one line, at most {MAX_VALUE} characters."
            )
            raise _usage(f"“{one_line(name)[:60]}” cannot be set", detail)
        found[name] = value
    return found


def _run(asked: _Asked, terminal: Terminal, deadline: Deadline, url: str, *, wait: bool) -> ExitCode:
    if not Path(asked.where).exists() and not looks_like_git(asked.where):
        _refuse_unless_name(asked.where)
    with connected(url) as client:
        return Running(client, terminal, deadline, replace(asked.wish(client), repeat=asked.repeat)).go(wait=wait)


def _refuse_unless_name(text: str) -> None:
    try:
        parse_name(text)
    except RunNameError as error:
        raise _usage(f"“{text}” does not exist", _WHAT) from error


def _usage(title: str, detail: str) -> ClientError:
    return ClientError(Problem(code="usage", title=title, detail=detail), ExitCode.USAGE)
