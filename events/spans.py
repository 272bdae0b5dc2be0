"""Spans for a collector, by OpenTelemetry over OTLP/HTTP. Imported only when an endpoint is set: it takes 0.2 s."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from erc.events.trace import Kind, Trace, at

CLOSE_SECONDS = 1.0
"""How long the end of a process waits for a collector that does not answer."""

_KINDS = {"server": otel.SpanKind.SERVER, "consumer": otel.SpanKind.CONSUMER}
_TRACE_CONTEXT = TraceContextTextMapPropagator()


class OtelSpans:
    """Records spans; an exception makes a span an error, but its text stays here."""

    def __init__(self, component: str, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": f"erc-{component}"}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("erc")

    @contextlib.contextmanager
    def span(self, name: str, kind: Kind, parent: Trace | None) -> Iterator[None]:
        before = _TRACE_CONTEXT.extract({"traceparent": str(parent)} if parent else {}, Context())
        with self._tracer.start_as_current_span(
            name, before, _KINDS[kind], record_exception=False, set_status_on_exception=False
        ) as begun:
            about = begun.get_span_context()
            here = Trace(
                otel.format_trace_id(about.trace_id), otel.format_span_id(about.span_id), about.trace_flags.sampled
            )
            try:
                with at(here):
                    yield
            except BaseException:
                begun.set_status(otel.StatusCode.ERROR)
                raise

    def note(self, name: str, attributes: Mapping[str, str | int]) -> None:
        here = otel.get_current_span()
        here.update_name(name)
        here.set_attributes(attributes)

    def close(self) -> None:
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)


def exported(component: str) -> OtelSpans:
    """Return spans that go to where the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and its like) say."""
    return OtelSpans(component, BatchSpanProcessor(OTLPSpanExporter()))
