"""The builder's table of bases in memory, for tests of images without a database."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from erc.schemas.ids import Digest
from erc.workers.builder.domain.rules import KeptBase


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
