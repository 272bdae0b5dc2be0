"""Sends each webhook the events behind its position, one after the other, as its owner may see them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from erc.events.catalog import WebhookTested
from erc.events.envelope import Envelope
from erc.events.errors import Unavailable
from erc.events.faults import Faults
from erc.gateway.auth import Principal
from erc.gateway.notifier.schedule import Outcome, Patience, Progress, after_attempt, after_test
from erc.gateway.notifier.store import Attempt, Deliveries, Subscription
from erc.gateway.store.event_log import EventLog, Filter, Placed
from erc.schemas.webhook import Webhook

log = logging.getLogger("erc.notifier")

POLL_SECONDS = 1.0
SETTLING_SECONDS = 0.05
"""The hint comes when something was committed: it is published, and has its position, moments later."""
AT_ONCE = 16
PAGE = 20
SKIPPED = 1000
"""A position behind events that nobody asked for is kept when it lies so far behind."""


class Sends(Protocol):
    """Makes one attempt at one event."""

    async def send(self, webhook: Webhook, event_id: str, body: bytes) -> Outcome:
        """Return what came of it."""
        ...


class Notifier:
    """Delivers. `chance` yields numbers from 0 to 1."""

    def __init__(
        self,
        deliveries: Deliveries,
        events: EventLog,
        sender: Sends,
        now: Callable[[], datetime],
        chance: Callable[[], float],
        patience: Patience,
        faults: Faults,
    ) -> None:
        self._deliveries, self._events, self._sender = deliveries, events, sender
        self._now, self._chance, self._patience, self._faults = now, chance, patience, faults
        self._working: dict[str, asyncio.Task[None]] = {}
        self._read: dict[str, int] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def round(self) -> None:
        """Begin with every webhook that is due and not in work. Raises Unavailable."""
        await self._deliveries.adopt()
        last = await self._events.last()
        busy = set(self._working)
        for subscription in await self._deliveries.due(self._now()):
            identifier = subscription.webhook.id
            read = max(self._read.get(identifier, 0), subscription.progress.position)
            if identifier not in busy and (read < last or subscription.test_waits):
                task = asyncio.create_task(self._work(subscription))
                self._working[identifier] = task
                task.add_done_callback(partial(self._ended, identifier))

    async def run(
        self,
        held: Callable[[], Awaitable[bool]],
        woken: Callable[[float], Awaitable[None]],
        stopping: Callable[[], bool],
    ) -> None:
        """Deliver until the end is asked for, while this process is the one that does.

        `woken` waits for a hint, at most so many seconds.
        """
        while not stopping():
            try:
                if await held():
                    await self.round()
            except Unavailable as error:
                log.warning("The notifier waits: %s", error)
            await woken(POLL_SECONDS)
            await asyncio.sleep(SETTLING_SECONDS)

    async def finish(self, seconds: float) -> None:
        """Let attempts in work end within so many seconds; cut the others."""
        working = list(self._working.values())
        if working:
            _, pending = await asyncio.wait(working, timeout=seconds)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    def _ended(self, identifier: str, _task: asyncio.Task[None]) -> None:
        self._working.pop(identifier, None)

    async def _work(self, subscription: Subscription) -> None:
        webhook = subscription.webhook
        try:
            async with self._slots:
                progress = await self._test(subscription) if subscription.test_waits else subscription.progress
                if progress.disabled is None and progress.due <= self._now():
                    await self._deliver(webhook, progress)
        except Unavailable as error:
            log.warning("%s waits: %s", webhook.id, error)
        except Exception:
            log.exception("%s: unexpected", webhook.id)

    async def _deliver(self, webhook: Webhook, progress: Progress) -> None:
        """Send what waits until something does not arrive."""
        owner, wanted = Principal(webhook.owner), _wanted(webhook)
        read, more = max(progress.position, self._read.get(webhook.id, 0)), True
        while more:
            page = await self._events.page(owner, wanted, read, PAGE)
            for event in page.events:
                moved = await self._attempt(webhook, progress, event)
                if moved is None or moved.position != event.position or moved.disabled:
                    return
                progress = moved
            read, more = page.next, page.more
            if read - progress.position >= SKIPPED:
                passed = replace(progress, position=read)
                if not await self._deliveries.record(progress, passed, None):
                    return
                progress = passed
            self._read[webhook.id] = read

    async def _attempt(self, webhook: Webhook, progress: Progress, event: Placed) -> Progress | None:
        made = self._now()
        outcome = await self._sender.send(webhook, str(event.body["id"]), _bytes(event.body))
        self._faults.reach("before_commit")
        after, said = after_attempt(progress, event.position, outcome, self._now(), self._chance(), self._patience)
        attempt = Attempt(event.position, progress.failures + 1, said, made)
        if not await self._deliveries.record(progress, after, attempt):
            return None
        return after

    async def _test(self, subscription: Subscription) -> Progress:
        webhook, before, asked = subscription.webhook, subscription.progress, subscription.asked
        assert asked is not None
        made = self._now()
        envelope = Envelope(
            id=f"webhook:{webhook.id}:test:{int(asked.timestamp() * 1000)}",
            source="erc/notifier",
            type=WebhookTested.TYPE,
            subject=webhook.id,
            time=asked,
            data=WebhookTested(webhook_id=webhook.id).model_dump(),
        )
        outcome = await self._sender.send(webhook, envelope.id, _bytes(envelope.model_dump(mode="json")))
        after = after_test(before, asked, outcome, self._now())
        await self._deliveries.record(before, after, Attempt(0, 1, outcome.text, made))
        return after


def _wanted(webhook: Webhook) -> Filter:
    compendia = {webhook.compendium} if webhook.compendium else set()
    return Filter(compendia=frozenset(compendia), types=frozenset(webhook.types))


def _bytes(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
