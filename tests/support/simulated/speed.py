"""What stands in for two libraries during a run, equal to them and faster: SQLAlchemy's statements, PyYAML's parser.

A test plays the same seeds with and without it and finds the same runs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import yaml
from sqlalchemy import Table
from support.simulated import language

from erc.events import outbox
from erc.gateway.store import abandoned, idempotency, queue, records, rows
from erc.schemas import tables
from erc.workers import store
from erc.workers.builder import store as builder_store
from erc.workers.builder.domain import complete, configuration
from erc.workers.indexer import store as indexer_store

LIGHT = SimpleNamespace(**{table.name: language.LightTable(table) for table in tables.metadata.sorted_tables})
_STATEMENTS = {name: getattr(language, name) for name in ("select", "insert", "update", "delete", "func")} | {
    "tables": LIGHT,
    "and_": language.All,
}
_YAML = SimpleNamespace(
    YAMLError=yaml.YAMLError,
    safe_load=lambda text: yaml.load(text, Loader=yaml.CSafeLoader),
    safe_dump=lambda data, **options: yaml.dump(data, Dumper=yaml.CSafeDumper, **options),
)
_PLACES: dict[ModuleType, dict[str, Any]] = {
    **dict.fromkeys(
        (outbox, store, records, rows, queue, idempotency, abandoned, builder_store, indexer_store), _STATEMENTS
    ),
    **{module: {"yaml": _YAML} for module in (complete, configuration)},
}


def light(table: Table) -> Any:
    """Return the stand-in of a table while the stand-ins are in place."""
    return getattr(LIGHT, table.name) if store.select is language.select else table


@contextlib.contextmanager
def faster() -> Iterator[None]:
    """Put the stand-ins in place for a while."""
    before = {
        (module, name): getattr(module, name)
        for module, stand_ins in _PLACES.items()
        for name in stand_ins
        if hasattr(module, name)
    }
    for module, name in before:
        setattr(module, name, _PLACES[module][name])
    try:
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)
