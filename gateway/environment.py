"""Where analyses are run, from what the workers announce. Pure: what nobody announced is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

About = Mapping[str, Any]
"""What a worker process says that it works with."""


def environment_view(announced: Iterable[About]) -> dict[str, Any]:
    """Return the document of `GET /environment`; of several machines each kind is told once."""
    all_ = list(announced)
    manifests, executions = _told(all_, "manifest"), _told(all_, "execution")
    return {
        "architecture": _each(_told(all_, "architecture")),
        "os": _each(_told(all_, "os")),
        "container_runtimes": _each(_told(all_, "container_runtime")),
        "erc": {
            "manifest": dict(manifests[0]) if manifests else {},
            "execution": _execution(executions[0]) if executions else {},
        },
    }


def _execution(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "memory": limits["memory_bytes"],
        "disk": limits["disk_bytes"],
        "cpus": limits["cpus"],
        "processes": limits["processes"],
        "wall_clock_seconds": limits["wall_clock_seconds"],
    }


def _told(announced: Iterable[About], name: str) -> list[Any]:
    return [about[name] for about in announced if name in about]


def _each(values: Iterable[T]) -> list[T]:
    found: list[T] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
