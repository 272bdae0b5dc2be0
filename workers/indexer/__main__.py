"""`python -m erc.workers.indexer`."""

from __future__ import annotations

import asyncio

from erc.events.faults import Faults
from erc.workers.indexer.handler import Indexer
from erc.workers.indexer.store import SearchDocuments
from erc.workers.process import Context, follow


def main() -> None:
    """Index until SIGTERM or SIGINT."""
    follow("indexer", _build)


async def _build(context: Context) -> Indexer:
    indexer = Indexer(SearchDocuments(context.database), Faults.from_environment("indexer"))
    context.beside(indexer.rebuild_when_asked(asyncio.sleep))
    return indexer


if __name__ == "__main__":
    main()
