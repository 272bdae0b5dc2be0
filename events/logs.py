"""What a process says on its standard error: one record a line, whatever is in it, and no secret.

`LOG_FORMAT` is `text` (default) or `json`, one object a line; `LOG_LEVEL` is a level of Python's logging. Libraries
speak from `info` on at most: below it they repeat what passes through them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from erc.events import trace

MESSAGE_CHARACTERS = 4_000
TRACEBACK_CHARACTERS = 12_000
_ID_CHARACTERS = 64
_SHORTEST_SECRET = 8

_SECRET_NAME = re.compile(r"(PASSWORD|TOKEN|SECRET|KEY)$")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MASKS = (
    (re.compile(r"([a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,256}):[^\s/@]{1,1024}@"), r"\1:***@"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,4}[\w.~+/=-]{1,4096}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)((?:token|passw(?:or)?d|secret|api[_-]?key|cookie|erc_session)[\"']?\s{0,4}[=:]\s{0,4}[\"']?)"
            r"(?!\*\*\*)[^\s\"'&,;)}\]]{1,4096}"
        ),
        r"\1***",
    ),
    (re.compile(r"/c/[0-9a-f]{40}/"), "/c/***/"),
)

log = logging.getLogger("erc.process")

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("erc_about", default={})  # noqa: B039 - a mapping nobody changes


def about(ids: Mapping[str, str]) -> contextlib.AbstractContextManager[None]:
    """Add these ids (`job_id`, `compendium_id`, …) to every record of the block."""
    return trace.Holding(_ABOUT, {**_ABOUT.get(), **ids})


class Masker:
    """Hides secrets: those that it is told, and whatever looks like one."""

    def __init__(self, secrets: set[str]) -> None:
        known = sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Masker:
        """Return one that knows the values of `*PASSWORD`, `*TOKEN`, `*SECRET`, `*KEY`, and passwords in `*URL`."""
        found: set[str] = set()
        for name, value in environment.items():
            if _SECRET_NAME.search(name):
                found.add(value)
            elif name.endswith("URL"):
                password = _password(value)
                found |= {password, unquote(password)}
        return cls(found)

    def __call__(self, text: str) -> str:
        """Return the text with `***` for each secret."""
        text = self._known.sub("***", text) if self._known else text
        for pattern, instead in _MASKS:
            text = pattern.sub(instead, text)
        return text


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def escaped(text: str) -> str:
    """Return the text with escapes for what could end a line, steer a terminal or turn the direction of writing."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def bounded(text: str, most: int) -> str:
    """Return at most so many characters, from the beginning and the end, and say how many are left out."""
    if len(text) <= most:
        return text
    head = most // 3
    return f"{text[:head]} [… {len(text) - most} characters left out …] {text[head - most :]}"


class Formatter(logging.Formatter):
    """What both formats share: the parts of a record, masked and bounded."""

    def __init__(self, component: str, mask: Masker) -> None:
        super().__init__()
        self._component, self._mask = component, mask

    def parts(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the fields of a record in the order in which they are said."""
        here = trace.current()
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "component": self._component,
            "message": self._clean(_message(record), MESSAGE_CHARACTERS),
        }
        if here:
            fields |= {"trace_id": here.trace_id, "span_id": here.span_id}
        fields |= {name: value[:_ID_CHARACTERS] for name, value in _ABOUT.get().items()}
        if record.exc_info:
            fields["exception"] = self._clean(self.formatException(record.exc_info), TRACEBACK_CHARACTERS)
        return fields

    def _clean(self, text: str, most: int) -> str:
        return bounded(self._mask(bounded(text, 8 * most)), most)


class JsonFormatter(Formatter):
    """One JSON object a line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.parts(record))


class TextFormatter(Formatter):
    """A line for people; the lines of a traceback follow, indented."""

    def format(self, record: logging.LogRecord) -> str:
        fields = self.parts(record)
        time, level, name, _component, message = list(fields.values())[:5]
        ids = " ".join(
            f"{key}={escaped(value)}" for key, value in fields.items() if key.endswith("_id") and key != "span_id"
        )
        lines = [f"{time} {level.upper()} {name} {escaped(message)}{f' [{ids}]' if ids else ''}"]
        lines += [f"    {escaped(line)}" for line in fields.get("exception", "").splitlines()]
        return "\n".join(lines)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - a record that cannot be formatted is said as far as it goes
        return f"{record.msg} (its arguments cannot be shown: {type(error).__name__})"


FORMATS = {"text": TextFormatter, "json": JsonFormatter}


def set_up(component: str, environment: Mapping[str, str]) -> None:
    """Let everything in this process speak in one format; exits with a sentence when a setting is wrong."""
    name, level = environment.get("LOG_FORMAT") or "text", (environment.get("LOG_LEVEL") or "info").upper()
    if name not in FORMATS:
        sys.exit(f"LOG_FORMAT is {name!r}; it is one of {', '.join(FORMATS)}.")
    if level not in logging.getLevelNamesMapping():
        sys.exit(f"LOG_LEVEL is {level!r}; it is one of debug, info, warning, error, critical.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[name](component, Masker.of(environment)))
    logging.basicConfig(level=max(logging.INFO, logging.getLevelNamesMapping()[level]), handlers=[handler], force=True)
    logging.getLogger("erc").setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, error, where: log.critical("Unexpected end", exc_info=(kind, error, where))
    threading.excepthook = _thread_ended
    sys.unraisablehook = _unraisable


def _thread_ended(end: threading.ExceptHookArgs) -> None:
    if end.exc_value is not None:
        log.error("A thread ended", exc_info=(end.exc_type, end.exc_value, end.exc_traceback))


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    if found.exc_value is not None:
        log.error("%s", found.err_msg or "Ignored", exc_info=(found.exc_type, found.exc_value, found.exc_traceback))
