"""What every process sets up first: its log, and spans when a collector's address is set."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
from collections.abc import Iterator
from typing import cast

from erc.events import logs, trace

log = logging.getLogger("erc.process")

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SPANS = "erc.events.spans"
_COLLECT_AFTER = (20_000, 20, 50)
"""Python looks for cycles after so many new objects: a request or an event makes thousands, hardly one in a cycle."""


@contextlib.contextmanager
def process(component: str) -> Iterator[None]:
    """Be the process `component` for the time of the block; what it recorded is sent at the end."""
    logs.set_up(component, os.environ)
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    log.info("Started")
    with trace.RECORDING.by(_spans(component)):
        yield
    log.info("Ended")


def warm() -> None:
    """Import what `process` will need, so that forks share it."""
    if _has_collector():
        importlib.import_module(_SPANS)


def _spans(component: str) -> trace.Spans:
    if not _has_collector():
        return trace.NoSpans()
    return cast("trace.Spans", importlib.import_module(_SPANS).exported(component))


def _has_collector() -> bool:
    return any(os.environ.get(name) for name in _ENDPOINTS) and os.environ.get("OTEL_SDK_DISABLED") != "true"
