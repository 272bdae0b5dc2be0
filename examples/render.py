"""Renders the published display files of the examples again, each in its own environment.

    python examples/render.py            writes the display files
    python examples/render.py --check    renders into a temporary folder and says which display files differ

Needs the service's Python environment and a Docker engine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import aiodocker

from erc.schemas.environment import Plan
from erc.schemas.limits import BuildLimits
from erc.schemas.metadata import Kind
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.bases import Bases
from erc.workers.builder.domain.plan import plan
from erc.workers.builder.engine import ImageBuilder
from erc.workers.engine.shelf import Shelf
from erc.workers.docker import LABEL_ENVIRONMENT, connect
from erc.workers.metadata.domain import describe

FOLDER = Path(__file__).resolve().parent
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
NOBODY = 65534

SOUNDINGS = b"depth_m\n" + b"".join(b"%d\n" % (3 + (7 * number) % 23) for number in range(80))


class Example(NamedTuple):
    """How the author came to the display file, which is not always what the workspace does."""

    kind: Kind
    main: str
    display: str
    made: str = ""
    """What the run really makes, where the author renamed it by hand."""
    missing: dict[str, bytes] = {}
    """Files that the author had, but did not publish."""
    also: tuple[str, ...] = ()
    """Further files that the run makes and the author published."""


EXAMPLES = {
    "rmarkdown": Example(Kind.RMARKDOWN, "main.Rmd", "display.html"),
    "notebook": Example(Kind.NOTEBOOK, "main.ipynb", "display.html"),
    "paper-rmarkdown": Example(Kind.RMARKDOWN, "main.Rmd", "display.html", also=("results/coefficients.csv",)),
    "paper-notebook": Example(Kind.NOTEBOOK, "main.ipynb", "display.html"),
    "rscript": Example(Kind.R_SCRIPT, "main.R", "display.png"),
    "random-differs": Example(Kind.RMARKDOWN, "main.Rmd", "display.html"),
    "script-fails": Example(Kind.R_SCRIPT, "main.R", "display.png", missing={"data/soundings.csv": SOUNDINGS}),
    "silent-fails": Example(Kind.PYTHON_SCRIPT, "main.py", "display.png", made="figure_final_2.png"),
}


async def main(names: list[str], *, check: bool) -> int:
    """Render these examples; returns the exit code."""
    differing = 0
    async with await connect() as engine:
        base = await Bases(engine, progress=print).prepare()
        for name in names:
            example = EXAMPLES[name]
            planned = environment(FOLDER / name, example)
            tag = f"erc-example:{planned.key(base.image_id, 'examples')[:16]}"
            if await Shelf(engine).find(tag) is None:
                print(f"{name}: building its environment …")
                bundle = CA_BUNDLE if CA_BUNDLE.exists() else None
                builder = ImageBuilder(engine)
                await builder.build(planned, base.name, tag, quiet, BuildLimits(), bundle)
                await builder.cleared()
            made = await render(engine, tag, planned, FOLDER / name, example)
            differing += sum(keep(FOLDER / name / path, content, check=check) for path, content in made.items())
    return 1 if check and differing else 0


def keep(published: Path, content: bytes, *, check: bool) -> bool:
    """Write a published file unless it is only to be checked; returns whether it differs from what is there."""
    same = published.exists() and published.read_bytes() == content
    shown = published.relative_to(FOLDER)
    print(f"{shown} {'is the same' if same else 'differs'}, {len(content)} bytes")
    if not check:
        published.parent.mkdir(exist_ok=True)
        published.write_bytes(content)
    return not same


def environment(folder: Path, example: Example) -> Plan:
    """Return the plan that the service makes for an example: from its files, and from what its code names."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    manifest = Manifest(
        Entry(path=name, digest="0" * 64, size_bytes=path.stat().st_size) for name, path in files.items()
    )
    found = describe(manifest, lambda entry: files[entry.path].read_bytes())
    if (found.kind, found.main, found.display) != (example.kind, example.main, example.display):
        sys.exit(f"{folder.name}: the service would run {found.main} and compare {found.display}")
    return plan(found, manifest, lambda path: files[path].read_bytes())


async def render(engine: aiodocker.Docker, tag: str, planned: Plan, folder: Path, example: Example) -> dict[str, bytes]:
    """Run the example in a hardened container and return what its author published, by path."""
    user = os.getuid() or NOBODY
    with tempfile.TemporaryDirectory(prefix="erc-example-") as temporary:
        workspace = Path(temporary) / "workspace"
        shutil.copytree(folder, workspace)
        for path in (example.display, *example.also):
            (workspace / path).unlink(missing_ok=True)
        for path, content in example.missing.items():
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).write_bytes(content)
        if os.getuid() == 0:
            Path(temporary).chmod(0o755)
            for owned in [workspace, *workspace.rglob("*")]:
                os.chown(owned, user, user)
        await run(engine, tag, planned.command, workspace, user)
        made = {example.display: example.made or example.display} | {path: path for path in example.also}
        return {path: (workspace / found).read_bytes() for path, found in made.items()}


async def run(engine: aiodocker.Docker, tag: str, command: list[str], workspace: Path, user: int) -> None:
    """Run a command over a workspace without network, rights or a writable root; ends the program when it fails."""
    container = await engine.containers.create({
        "Image": tag,
        "Cmd": command,
        "User": f"{user}:{user}",
        "WorkingDir": "/erc",
        "Env": ["HOME=/tmp"],
        "Labels": {LABEL_ENVIRONMENT: tag},
        "HostConfig": {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 256,
            "Memory": 2 << 30,
            "Tmpfs": {"/tmp": "rw,size=256m,mode=1777"},
            "Mounts": [{"Type": "bind", "Source": str(workspace), "Target": "/erc"}],
        },
    })
    try:
        await container.start()
        if (await container.wait())["StatusCode"] != 0:
            sys.exit("".join(await container.log(stdout=True, stderr=True)))
    finally:
        await container.delete(force=True)


async def quiet(line: str) -> None:
    """Drop a line of a build's log."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("names", nargs="*", default=list(EXAMPLES), help="examples to render; all when none is named")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.names, check=arguments.check)))
