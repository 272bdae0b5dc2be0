"""Workspace set-up against sending the workspace to the engine as a build context."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bench.report import Figure

from erc.events.blobs import FileBlobStore
from erc.schemas.workspace import Entry, Manifest
from erc.workers.executor.domain import Owner
from erc.workers.trees import Trees

FILES, SIZE = 10_000, 1 << 30


def _workspace(blobs: FileBlobStore, folder: Path) -> Manifest:
    """Make 10,000 files of 1 GiB in all, as blobs and as a folder of links to them."""
    entries, piece = [], os.urandom(SIZE // FILES)
    for number in range(FILES):
        data = number.to_bytes(8, "big") + piece[8:]
        entry = Entry(path=f"data/{number % 100:02}/{number}.bin", digest=blobs.put(data), size_bytes=len(data))
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(blobs.path(entry.digest), target)
        entries.append(entry)
    return Manifest(entries)


def _build_context(folder: Path) -> float:
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /erc\n")
    begun = time.perf_counter()
    run = subprocess.run(
        ["docker", "build", "--quiet", "--no-cache", str(folder)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    seconds = time.perf_counter() - begun
    subprocess.run(["docker", "rmi", run.stdout.strip().splitlines()[-1]], check=True, capture_output=True)
    return seconds


def figures(home: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=home) as name:
        root = Path(name)
        blobs, folder = FileBlobStore(root / "blobs"), root / "context"
        manifest = _workspace(blobs, folder)
        digest = manifest.digest
        owner = Owner(61234, 61234) if os.geteuid() == 0 else Owner(os.geteuid(), os.getegid())
        colds, warms = [], []
        for number in range(3):
            trees = Trees(blobs, root / f"trees-{number}", owner)
            begun = time.perf_counter()
            trees.materialise(digest, lambda: manifest)
            colds.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            for _ in range(100):
                trees.materialise(digest, lambda: manifest)
            warms.append((time.perf_counter() - begun) / 100)
            shutil.rmtree(root / f"trees-{number}")
        context = _build_context(folder)
    cold, warm = context / statistics.median(colds), context / statistics.median(warms)
    floor = f"build context {context:.1f} s"
    return [
        Figure(
            "1 GiB / 10,000 files, new manifest, against a build context", cold, "× faster", "≥ 20 ×", cold >= 20, floor
        ),
        Figure("the same, known manifest", warm, "× faster", "≥ 1,000 ×", warm >= 1000, floor),
    ]
