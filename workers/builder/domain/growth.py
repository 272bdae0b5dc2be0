"""One pinned Python package more: it alone is installed, on the environment that has all the others. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from erc.schemas.environment import Plan
from erc.workers.builder.domain.dockerfile import (
    BEGUN,
    Instruction,
    RuntimeManifest,
    brought,
    epoch,
    installing,
    run,
    stage_label,
)
from erc.workers.builder.domain.packages import normalised
from erc.workers.builder.domain.phases import Phase

LABEL_GROUND = "org.erc.ground"
"""On an image that stands on an earlier environment: the id of that one's image."""
MOST_LAYERS = 60
"""How many layers an earlier environment may have: engines take no more than about 120."""
FINAL = frozenset({"build_timeout", "image_too_large"})
"""Codes of what would fail as well if it were built whole."""

_COLLECTED = "/opt/erc-more"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST = 100
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==[A-Za-z0-9.+!_-]+(?:\s+--hash=\S+)*\s*")
_FILES = "find . ! -type d | LC_ALL=C sort"


def grounds(plan: Plan) -> Iterator[Plan]:
    """Give the plans that lack one of the plan's Python packages and are else the same, at most 100.

    There is none unless all its packages are pinned (`name==version`): only then is what is there already what would
    be installed anew. Nor is there one for a plan that builds sources, runs scripts while it is built, or has
    variables, which would choose where packages come from.
    """
    lines = plan.requirements.splitlines(keepends=True)
    found = [_PINNED.fullmatch(line) for line in lines]
    if not 1 < len(lines) <= _MOST or plan.scripts or plan.variables:
        return
    if any(package.source for package in plan.packages):
        return
    names = [normalised(match[1]) for match in found if match]
    if len(set(names)) < len(lines):
        return
    for number, name in enumerate(names):
        packages = [one for one in plan.packages if one.system != "pip" or normalised(one.name) != name]
        requirements = "".join(lines[:number] + lines[number + 1 :])
        yield plan.model_copy(update={"packages": packages, "requirements": requirements})


def grown_manifest(plan: Plan, ground: str, *, ca_bundle: bool = False) -> RuntimeManifest:
    """Return the instructions that add what a plan has more to the image `ground` of one of its grounds.

    They fail where another package than one came, or anything that was there changed or went: the environment then
    has to be built whole. What they leave is in every file what the whole build leaves.
    """
    seconds = epoch(plan)
    commands = [
        # Without the packages' own programs, which may be called as those that are used here.
        f"export PATH={_PATH} SOURCE_DATE_EPOCH={seconds} && touch {BEGUN} && cd /opt/erc",
        f"{_FILES} > /tmp/had",
        *installing(plan),
        f"{_FILES} > /tmp/have",
        f"find . ! -type d -newer {BEGUN} | LC_ALL=C sort > /tmp/new",
        "LC_ALL=C comm -13 /tmp/had /tmp/have > /tmp/come",
        'test -z "$(LC_ALL=C comm -23 /tmp/had /tmp/have)"',
        'test "$(LC_ALL=C comm -23 /tmp/new /tmp/come)" = ./installed.txt',
        'test "$(grep -c "[.]dist-info/REQUESTED$" /tmp/come)" = 1',
        f"find . -type d -newer {BEGUN} > /tmp/folders && mkdir {_COLLECTED}",
        f"tar -c --no-recursion -T /tmp/folders | tar -x -C {_COLLECTED}",
        # Moved and not copied, as the engine's time goes by the files that a step leaves.
        f"tar -c --no-recursion --remove-files -T /tmp/new | tar -x -C {_COLLECTED}",
        f'test "$(find {_COLLECTED} ! -type d | wc -l)" = "$(wc -l < /tmp/new)"',
        # There alone, as nothing else is taken: there is no need to look through the whole image.
        f"find {_COLLECTED} -exec touch --no-create --no-dereference --date=@{seconds} {{}} +",
    ]
    return RuntimeManifest(
        (
            Instruction(Phase.BASE, f"FROM {ground} AS more"),
            Instruction(Phase.PYTHON_PACKAGES, f"LABEL {stage_label(plan, ground)}"),
            *brought(ca_bundle=ca_bundle),
            run(Phase.PYTHON_PACKAGES, commands),
            Instruction(Phase.BASE, f"FROM {ground}"),
            Instruction(Phase.ASSEMBLY, f"CMD {json.dumps(plan.command)}"),
            Instruction(Phase.ASSEMBLY, f"COPY --from=more {_COLLECTED} /opt/erc"),
        )
    )
