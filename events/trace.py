"""One trace spans a request, its commands and its events: W3C Trace Context, carried by `traceparent`.

The ids always flow; spans are recorded only when `use` was given something that records them.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

_GRAMMAR = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?")
_LONGEST = 512
_SAMPLED = 0x01

Kind = Literal["server", "consumer"]


@dataclass(frozen=True, slots=True)
class Trace:
    """A place in a trace: the trace's id (32 hexadecimal digits) and the id of the span (16)."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @classmethod
    def parse(cls, text: str | None) -> Trace | None:
        """Read a `traceparent`; None for whatever is not one, as the standard asks."""
        found = _GRAMMAR.fullmatch(text) if text and len(text) <= _LONGEST else None
        if found is None:
            return None
        version, trace_id, span_id, flags, more = found.groups()
        if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not span_id.strip("0"):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))

    @classmethod
    def begin(cls) -> Trace:
        """Return the root of a new trace."""
        chance = secrets.token_hex(24)
        return cls(chance[:32], chance[32:])

    def child(self) -> Trace:
        """Return a new span of the same trace."""
        return Trace(self.trace_id, secrets.token_hex(8), self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


V = TypeVar("V")


class Holding(Generic[V]):
    """Lets a variable have a value for the time of a block. Every request is in some: no generator is needed."""

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[V], value: V) -> None:
        self._variable, self._value = variable, value

    def __enter__(self) -> None:
        self._token = self._variable.set(self._value)

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)


_CURRENT: ContextVar[Trace | None] = ContextVar("erc_trace", default=None)


def current() -> Trace | None:
    """Return where this task is, or None outside every trace."""
    return _CURRENT.get()


def traceparent() -> str | None:
    """Return the `traceparent` of what this task sends."""
    here = _CURRENT.get()
    return str(here) if here else None


def within(origin: str | None) -> str | None:
    """Return the `traceparent` for what belongs to the trace of `origin`, whoever brings it about.

    This is the current one while that is of the same trace or `origin` is none, else `origin` itself.
    """
    here, there = _CURRENT.get(), Trace.parse(origin)
    if there is None or (here and here.trace_id == there.trace_id):
        return str(here) if here else None
    return str(there)


def at(place: Trace | None) -> contextlib.AbstractContextManager[None]:
    """Be at this place for the time of the block."""
    return Holding(_CURRENT, place)


class Spans(Protocol):
    """Records spans."""

    def span(self, name: str, kind: Kind, parent: Trace | None) -> contextlib.AbstractContextManager[None]:
        """Be in a new span, of the parent's trace or of a new one, for the time of the block."""
        ...

    def note(self, name: str, attributes: Mapping[str, str | int]) -> None:
        """Name the current span and add to what it says."""
        ...

    def close(self) -> None:
        """Send what has not been sent, within a second."""
        ...


class NoSpans:
    """Records nothing; the ids flow."""

    def span(self, _name: str, _kind: Kind, parent: Trace | None) -> contextlib.AbstractContextManager[None]:
        return at(parent.child() if parent else Trace.begin())

    def note(self, _name: str, _attributes: Mapping[str, str | int]) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Have nothing to send."""


class Recording:
    """What records the spans of this process."""

    def __init__(self) -> None:
        self.spans: Spans = NoSpans()

    @contextlib.contextmanager
    def by(self, spans: Spans) -> Iterator[None]:
        """Record by `spans` for the time of the block, then close them."""
        before, self.spans = self.spans, spans
        try:
            yield
        finally:
            self.spans = before
            spans.close()


RECORDING = Recording()


def span(name: str, kind: Kind, parent: Trace | None) -> contextlib.AbstractContextManager[None]:
    """Be in a new span, of the parent's trace or of a new one, for the time of the block."""
    return RECORDING.spans.span(name, kind, parent)


def note(name: str, attributes: Mapping[str, str | int]) -> None:
    """Name the current span and add to what it says; attributes hold ids, states and numbers only."""
    RECORDING.spans.note(name, attributes)
