"""The gateway's metrics: what this process counts, and what the database and the streams say when they are asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from erc.events import metrics
from erc.events.errors import Unavailable
from erc.events.streams import WORKERS
from erc.events.survey import Survey
from erc.gateway.store.figures import Figures
from erc.schemas.job import Job, JobStatus, StepStatus

log = logging.getLogger("erc.gateway")

T = TypeVar("T")

CACHE_SECONDS = 5.0
_OVER = {StepStatus.SUCCESS, StepStatus.FAILURE, StepStatus.SKIPPED}


def observe(before: Job, after: Job) -> None:
    """Count what a job's transition ended: steps with the time they took, and the job."""
    for name, step in after.steps.items():
        if step.status in _OVER and before.steps[name].status not in _OVER and step.start and step.end:
            seconds = (step.end - step.start).total_seconds()
            metrics.STEP.labels(name.value, step.status.value).observe(seconds)
    if after.terminal and not before.terminal and after.verdict:
        metrics.JOBS_ENDED.labels(after.verdict.value).inc()
        log.info("The job ended: %s", after.verdict.value)


class MetricsPage:
    """The page that Prometheus reads; the servers are asked at most once in five seconds, whoever asks."""

    def __init__(
        self,
        figures: Callable[[], Awaitable[Figures]],
        survey: Callable[[], Awaitable[Survey]],
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._figures, self._survey, self._now, self._clock = figures, survey, now, clock
        self._lock = asyncio.Lock()
        self._asked: tuple[float, Sequence[Metric]] | None = None

    async def text(self) -> bytes:
        """Return the page; a server that does not answer is `0` in `erc_source_up`, its figures are left out."""
        async with self._lock:
            if self._asked is None or self._clock() - self._asked[0] > CACHE_SECONDS:
                self._asked = (self._clock(), await self._ask())
        asked = CollectorRegistry()
        asked.register(_Fixed(self._asked[1]))
        return generate_latest(REGISTRY) + generate_latest(asked)

    async def _ask(self) -> Sequence[Metric]:
        figures, survey = await _answer("PostgreSQL", self._figures), await _answer("NATS", self._survey)
        up = {"postgresql": figures, "nats": survey}
        families = [
            _family("source_up", "1 when a server answered.", "source", {k: v is not None for k, v in up.items()})
        ]
        if figures:
            families += _of_tables(figures)
        if survey:
            families += _of_streams(survey)
        if figures and survey:
            families += _of_queues(figures, survey, self._now())
        return families


async def _answer(name: str, ask: Callable[[], Awaitable[T]]) -> T | None:
    try:
        return await ask()
    except Unavailable as error:
        log.warning("Metrics without %s: %s", name, error)
        return None


class _Fixed(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _family(name: str, about: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"erc_{name}", about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _single(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"erc_{name}", about, value=value)


def _of_tables(it: Figures) -> list[Metric]:
    jobs = {status.value: it.jobs.get(status.value, 0) for status in JobStatus}
    return [
        _single("relay_unsent", "Messages in the outbox that no stream has taken.", it.unsent.number),
        _single("relay_oldest_unsent_seconds", "Age of the oldest of them.", it.unsent.oldest_seconds),
        _family("jobs", "Jobs by their status.", "status", {**jobs}),
        _family("worker_slots", "What the workers that are alive can do at once.", "worker", {**it.slots}),
    ]


def _of_queues(it: Figures, survey: Survey, now: datetime) -> list[Metric]:
    """Commands wait in PostgreSQL for a slot, then in the stream for a worker."""
    depth, oldest = {}, {}
    for worker in WORKERS:
        waits, published = it.waiting.get(worker), survey.oldest.get(worker)
        ages = [waits.oldest_seconds if waits else 0.0, (now - published).total_seconds() if published else 0.0]
        depth[worker] = survey.undelivered(worker) + (waits.number if waits else 0)
        oldest[worker] = max(0.0, *ages)
    return [
        _family("queue_depth", "Commands that nobody has begun.", "worker", {**depth}),
        _family("queue_oldest_seconds", "Age of the oldest command that is not done.", "worker", oldest),
    ]


def _of_streams(it: Survey) -> list[Metric]:
    streams = it.streams
    dead = sum(stream.messages for stream in streams if stream.name == "DEAD")
    return [
        _family("stream_messages", "Messages in a stream.", "stream", {s.name: s.messages for s in streams}),
        _family("stream_bytes", "Bytes that a stream holds.", "stream", {s.name: s.size_bytes for s in streams}),
        _family("stream_limit_bytes", "Bytes that it may hold.", "stream", {s.name: s.limit_bytes for s in streams}),
        *_of_consumers(it),
        _single("dead_letters", "Messages in the dead-letter stream.", dead),
    ]


def _of_consumers(it: Survey) -> Iterator[Metric]:
    parts = {
        "pending": "Messages that a consumer has not been given.",
        "unanswered": "Messages that it was given and has not answered.",
        "redelivered": "Those of them that came again.",
    }
    for part, about in parts.items():
        family = GaugeMetricFamily(f"erc_consumer_{part}", about, labels=["stream", "consumer"])
        for consumer in it.consumers:
            family.add_metric([consumer.stream, consumer.name], getattr(consumer, part))
        yield family
