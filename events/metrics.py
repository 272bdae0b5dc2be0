"""What every process counts, in Prometheus' default registry; labels are names from short lists, never ids."""

from __future__ import annotations

import logging
import os
import sys

from prometheus_client import Counter, Gauge, Histogram, start_http_server

__all__ = ["DELIVERY", "HTTP", "JOBS_ENDED", "PUBLISHED", "RELAY_WAITS", "SSE", "STEP", "UPLOADS", "UPLOAD_BYTES"]

log = logging.getLogger("erc.process")

_MOMENTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG = (0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 7200)

HTTP = Histogram(
    "erc_http_request_seconds",
    "Time until a request was answered; for a stream of events, until it began.",
    ["method", "route", "status"],
    buckets=_MOMENTS,
)
SSE = Gauge("erc_sse_clients", "Readers of event streams.", ["route"])
UPLOADS = Gauge("erc_uploads_in_progress", "Forms that are being received.")
UPLOAD_BYTES = Counter("erc_upload_bytes", "Bytes received in forms.")
STEP = Histogram("erc_step_seconds", "Time that a job's step took.", ["step", "outcome"], buckets=_LONG)
JOBS_ENDED = Counter("erc_jobs_ended", "Jobs that ended.", ["verdict"])
DELIVERY = Histogram(
    "erc_delivery_seconds",
    "Time that a delivery was held, by what was said of it.",
    ["consumer", "outcome"],
    buckets=_LONG,
)
PUBLISHED = Counter("erc_relay_published", "Messages that a stream took.", ["stream"])
RELAY_WAITS = Counter("erc_relay_waits", "Rounds of the relay that ended because a server did not answer.")

LOOPBACK = "127.0.0.1"


def address(component: str) -> tuple[str, int] | None:
    """Return where a process serves its metrics: `<COMPONENT>_METRICS_HOST` (loopback) and `…_METRICS_PORT`.

    None when no port is set; ends the process with a sentence when it is no port.
    """
    name = f"{component.upper()}_METRICS_PORT"
    text = os.environ.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65536:
        log.critical("%s is %r; a port is a number from 1 to 65535.", name, text)
        sys.exit(1)
    return os.environ.get(f"{component.upper()}_METRICS_HOST") or LOOPBACK, int(text)


def serve(component: str) -> None:
    """Serve this process's metrics when a port is set; ends the process with a sentence when the port is taken."""
    place = address(component)
    if place is None:
        return
    host, port = place
    try:
        start_http_server(port, host)
    except OSError as error:
        log.critical("The metrics of the %s cannot be served at %s:%d: %s.", component, host, port, error.strerror)
        sys.exit(1)
