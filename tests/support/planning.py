"""Plans of small workspaces, from their files to the plan, as the workers make them.

As a program (`python tests/support/planning.py`, with `PYTHONPATH=.import`) it writes the golden plans of the examples
again; look at the difference before you keep it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

from erc.schemas.environment import Plan
from erc.schemas.workspace import Entry, Manifest
from erc.workers.builder.domain.plan import plan
from erc.workers.metadata.domain import describe

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "workers" / "builder" / "domain" / "golden"
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())


def manifest_of(files: Mapping[str, bytes]) -> Manifest:
    """Return the manifest of files that are in memory."""
    return Manifest(
        Entry(path=path, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data)) for path, data in files.items()
    )


def plan_of(files: Mapping[str, bytes]) -> Plan:
    """Return the plan of a workspace; raises Rejected as the workers do."""
    manifest = manifest_of(files)
    description = describe(manifest, lambda entry: files[entry.path])
    return plan(description, manifest, files.__getitem__)


def example(folder: Path) -> dict[str, bytes]:
    """Return the files of an example by their paths."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def golden(folder: Path) -> str:
    """Return the text of the golden plan of an example."""
    return plan_of(example(folder)).model_dump_json(indent=2, exclude_defaults=True) + "\n"


def main() -> int:
    """Write the golden plans again and name those that changed."""
    GOLDEN.mkdir(exist_ok=True)
    for folder in EXAMPLES:
        target, text = GOLDEN / f"{folder.name}.json", golden(folder)
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
            sys.stdout.write(f"{target.relative_to(ROOT)} changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
