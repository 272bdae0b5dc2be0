"""Reads the widgets of a notebook (ipywidgets): what is kept of each, instead of the name that it has in one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
MOST = 20_000
"""How many widgets are read for one notebook."""

_NAMED = "IPY_MODEL_"
_DEPTH = 32
_VERSIONS = {"_model_module_version", "_view_module_version"}


class Widgets:
    """The widgets that a notebook keeps in its metadata."""

    def __init__(self, metadata: Any) -> None:
        """Take the notebook's metadata, whatever they are."""
        kept = _within(metadata, "widgets", STATE, "state")
        self._kept: Mapping[str, Any] = kept if isinstance(kept, dict) else {}
        self._left = MOST

    def resolved(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the forms of an output with the state of its widget in the place of its name, where it is kept."""
        name = _within(data.get(VIEW), "model_id")
        if not isinstance(name, str) or name not in self._kept:
            return dict(data)
        try:
            state = self._state(name, {}, 0)
        except _TooManyError:
            return dict(data)
        return {media: value for media, value in data.items() if media != VIEW} | {STATE: state}

    def _state(self, name: str, seen: dict[str, int], depth: int) -> Any:
        """Return a widget's values and, within them, those of the widgets that it names; twice the same is told."""
        if name in seen:
            return {"widget": seen[name]}
        if depth > _DEPTH or self._left <= 0:
            raise _TooManyError
        self._left -= 1
        seen[name] = len(seen)
        model = self._kept.get(name)
        if not isinstance(model, dict):
            return {"widget": "is not kept"}
        return {key: self._value(model[key], seen, depth) for key in sorted(model) if key != "model_module_version"}

    def _value(self, value: Any, seen: dict[str, int], depth: int) -> Any:
        if isinstance(value, str) and value.startswith(_NAMED):
            return self._state(value.removeprefix(_NAMED), seen, depth + 1)
        if depth > _DEPTH:
            raise _TooManyError
        if isinstance(value, list):
            return [self._value(one, seen, depth + 1) for one in value]
        if isinstance(value, dict):
            return {key: self._value(one, seen, depth + 1) for key, one in _steady(value)}
        return value


class _TooManyError(Exception):
    """A notebook's widgets are too many or too deep to be read."""


def _steady(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value[key]) for key in sorted(value) if key not in _VERSIONS)


def _within(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
