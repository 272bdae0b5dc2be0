"""Spans for a collector: nothing without its address, the same ids with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from erc.events import trace
from erc.events.spans import OtelSpans
from erc.events.trace import Trace

PARENT = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
PROGRAM = """
import json, sys
from erc.events import telemetry, trace
with telemetry.process("test"), trace.span("work", "consumer", trace.Trace.begin()):
    print(json.dumps([trace.traceparent(), "opentelemetry.sdk" in sys.modules]))
"""


def _run(**environment: str) -> list[object]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return list(json.loads(run.stdout))


def test_without_a_collector_the_ids_flow_and_nothing_is_loaded() -> None:
    place, loaded = _run()
    assert Trace.parse(str(place))
    assert not loaded


def test_with_a_collector_it_gets_the_span_under_the_same_ids() -> None:
    got: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    place = Trace.parse(str(_run(OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_EXPORTER_OTLP_COMPRESSION="none")[0]))
    server.shutdown()
    server.server_close()
    assert place
    resource = ExportTraceServiceRequest.FromString(got[0]).resource_spans[0]
    span = resource.scope_spans[0].spans[0]
    assert (span.name, span.trace_id.hex(), span.span_id.hex()) == ("work", place.trace_id, place.span_id)
    assert {it.key: it.value.string_value for it in resource.resource.attributes}["service.name"] == "erc-test"


def test_spans_nest_across_processes_and_keep_the_texts_of_errors() -> None:
    kept = InMemorySpanExporter()
    with trace.RECORDING.by(OtelSpans("test", SimpleSpanProcessor(kept))):
        with trace.span("POST", "server", PARENT):
            trace.note("POST /api/v1/job", {"http.response.status_code": 200})
            place = trace.traceparent()
        with pytest.raises(ValueError, match="hostile"), trace.span("take", "consumer", Trace.parse(place)):
            raise ValueError("hostile text")
    request, delivery = kept.get_finished_spans()
    assert request.name == "POST /api/v1/job"
    assert request.kind is SpanKind.SERVER
    assert request.parent and f"{request.parent.span_id:016x}" == PARENT.span_id
    assert f"{request.context.trace_id:032x}" == f"{delivery.context.trace_id:032x}" == PARENT.trace_id
    assert delivery.parent and delivery.parent.span_id == request.context.span_id
    assert delivery.status.status_code is StatusCode.ERROR
    assert not delivery.events
    assert "hostile" not in delivery.to_json()


def test_a_trace_that_is_not_sampled_stays_so() -> None:
    kept = InMemorySpanExporter()
    quiet = Trace(PARENT.trace_id, PARENT.span_id, sampled=False)
    with trace.RECORDING.by(OtelSpans("test", SimpleSpanProcessor(kept))), trace.span("x", "server", quiet):
        here = trace.current()
    assert here
    assert (here.trace_id, here.sampled) == (PARENT.trace_id, False)
    assert here.span_id != PARENT.span_id
    assert not kept.get_finished_spans()
