"""YAML as a value, built from the parser's events, so that nothing is constructed and nothing can explode."""

from __future__ import annotations

import re
from typing import Any

import yaml

MAX_DEPTH = 64
MAX_NODES = 10_000
_STANDARD = "tag:yaml.org,2002:"
_TRUE, _FALSE, _NULL = {"true", "True", "TRUE"}, {"false", "False", "FALSE"}, {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?[0-9]{1,10}\.[0-9]{1,10}")


class YamlError(ValueError):
    """What is wrong with a YAML text, with line and column where they are known."""


def read_yaml(text: str, *, tags: bool) -> Any:
    """Return the one document of the text as dicts, lists, strings, numbers, booleans and None.

    Keys are strings. A number is one only when its text is canonical (`1`, not `007` or `1.10`), so that nothing is
    lost. With `tags`, a value with an unknown tag (`!expr`) is its text; else it is an error, as are anchors, aliases,
    duplicate keys, more than one document, depth above 64 and more than 10,000 values. Raises YamlError.
    """
    builder = _Builder(tags)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _error(error.problem or error.context or "it cannot be parsed", error.problem_mark) from error
    except yaml.reader.ReaderError as error:
        raise YamlError(f"character {error.position}: {error.reason}") from error
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, IndexError) as error:
        raise YamlError("it cannot be parsed") from error
    return builder.root


def _error(problem: str, mark: Any) -> YamlError:
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    return YamlError(where + problem)


class _Open:
    """A collection that is being read; in a mapping `key` is the key that waits for its value."""

    def __init__(self, value: dict[str, Any] | list[Any]) -> None:
        self.value = value
        self.key: str | None = None


class _Builder:
    def __init__(self, tags: bool) -> None:
        self.root: Any = None
        self._tags = tags
        self._open: list[_Open] = []
        self._nodes = self._documents = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _error("there is more than one document", event.start_mark)
        elif isinstance(event, yaml.AliasEvent):
            raise _error("aliases are not allowed; write the value again", event.start_mark)
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()

    def _node(self, event: yaml.NodeEvent) -> None:
        self._nodes += 1
        if event.anchor is not None:
            raise _error("anchors are not allowed", event.start_mark)
        if self._nodes > MAX_NODES:
            raise _error(f"there are more than {MAX_NODES} values", event.start_mark)
        self._check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
            return
        if len(self._open) >= MAX_DEPTH:
            raise _error(f"it is nested deeper than {MAX_DEPTH} levels", event.start_mark)
        opened = _Open({} if isinstance(event, yaml.MappingStartEvent) else [])
        self._place(opened.value, event)
        self._open.append(opened)

    def _check_tag(self, event: Any) -> None:
        known = event.tag is None or event.tag == "!" or event.tag.startswith(_STANDARD)
        if not self._tags and (not known or "python/" in (event.tag or "")):
            raise _error(f"the tag {event.tag[:100]} is not allowed", event.start_mark)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        here = self._open[-1] if self._open else None
        if here is not None and isinstance(here.value, dict) and here.key is None:
            if event.value in here.value:
                raise _error(f"the key “{event.value[:100]}” is there twice", event.start_mark)
            here.key = event.value
            return
        resolved = event.style is None and event.tag is None
        self._place(_resolve(event.value) if resolved else event.value, event)

    def _place(self, value: Any, event: yaml.NodeEvent) -> None:
        if not self._open:
            self.root = value
            return
        here = self._open[-1]
        if isinstance(here.value, list):
            here.value.append(value)
        elif here.key is None:
            raise _error("a key must be a plain text", event.start_mark)
        else:
            here.value[here.key] = value
            here.key = None


def _resolve(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if _DECIMAL.fullmatch(text) and str(float(text)) == text:
        return float(text)
    return text
