"""What real environments are built with, and the one line at the end: `built=… executed=… refused=… failed=…`."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from support.base_rows import Rows

from erc.events.blobs import FileBlobStore
from erc.workers.builder.images import EngineImages
from erc.workers.builder.settings import BuilderSettings

COUNTED: pytest.StashKey[Counter[str]] = pytest.StashKey()


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
        first = " ".join(f"{name}={counted[name]}" for name in ("built", "executed", "refused"))
        # Those whose code fails without what they declare, as it must; and those whose code does not.
        reporter.write_line(f"{first} failed={failed} needed={counted['needed']} needless={counted['needless']}")
