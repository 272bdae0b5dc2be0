"""What real environments are built with, and the one line at the end: `built=… executed=… refused=… failed=…`."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from erc.events.blobs import FileBlobStore
from erc.schemas.ids import Digest
from erc.workers.builder.domain.rules import KeptBase
from erc.workers.builder.images import EngineImages
from erc.workers.builder.settings import BuilderSettings

COUNTED: pytest.StashKey[Counter[str]] = pytest.StashKey()


@dataclass
class Rows:
    """Bases in memory."""

    kept: dict[str, KeptBase] = field(default_factory=dict)

    async def base(self, name: str) -> KeptBase | None:
        return self.kept.get(name)

    async def keep_base(self, name: str, kept: KeptBase) -> None:
        self.kept[name] = kept

    @contextlib.asynccontextmanager
    async def building(self, key: Digest) -> AsyncIterator[None]:
        assert len(key) == 64
        yield


@pytest.fixture(scope="session")
def rows() -> Rows:
    return Rows()


@pytest.fixture
async def images(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EngineImages]:
    settings = BuilderSettings.read()
    blobs = FileBlobStore(tmp_path_factory.mktemp("blobs"))
    images = EngineImages(settings.engine, replace(settings.rules, save_image=False), rows, blobs, settings.user)
    yield images
    await images.close()


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    return pytestconfig.stash.setdefault(COUNTED, Counter())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say as the last line what came of all, where anything was tried."""
    counted, reporter = config.stash.get(COUNTED, Counter()), config.pluginmanager.get_plugin("terminalreporter")
    if counted and reporter is not None:
        failed = len(reporter.stats.get("failed", [])) + len(reporter.stats.get("error", []))
        words = " ".join(f"{name}={counted[name]}" for name in ("built", "executed", "refused"))
        reporter.write_line(f"{words} failed={failed}")
