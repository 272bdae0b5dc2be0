from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.servers import postgres

from erc.deploy.embedded import as_role
from erc.migrations.__main__ import upgrade
from erc.schemas.tables import WRITERS


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database on a PostgreSQL of its own; the password of each role is its process's name."""
    with postgres(tmp_path_factory.mktemp("postgres")) as server:
        upgrade(server.url, {name: name for name in WRITERS})
        yield server.url


@pytest.fixture
def url_of(database_url: str) -> object:
    return lambda process: as_role(database_url, f"erc_{process}", process)
