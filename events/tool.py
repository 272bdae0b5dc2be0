"""The verbs of `python -m erc.events` that a person uses when nothing else runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from erc.events.bus import StreamPublisher, connect
from erc.events.errors import Unavailable
from erc.events.eventlog import PostgresEventLog
from erc.events.inspection import Inspection
from erc.events.refill import Keeper
from erc.events.relay import BATCH, PostgresOutbox
from erc.events.streams import Lease


async def status(nats_url: str, database_url: str) -> None:
    """Print every stream and consumer, and the outbox when its database is known.

    Raises Unavailable when something is missing.
    """
    client = await connect(nats_url, "erc-status")
    try:
        inspection = Inspection(client)
        for stream in await inspection.streams():
            share = f"{stream.size_bytes:>12,} of {stream.most_bytes:,} bytes" if stream.present else "is not there"
            _say(f"stream    {stream.name:24} {stream.messages:>9,} messages {share} {stream.incarnation}")
        for consumer in await inspection.consumers():
            said = f"{consumer.pending:>9,} wait, {consumer.unacknowledged} in work, {consumer.waiting} ask"
            name = f"{consumer.stream}/{consumer.name}"
            _say(f"consumer  {name:24} {said if consumer.present else 'is not there'}")
        missing = await inspection.missing()
    finally:
        await client.close()
    if database_url:
        await _outbox_status(database_url)
    if missing:
        raise Unavailable(f"Missing: {', '.join(missing)}. The relay makes them, or python -m erc.events provision.")


async def _outbox_status(database_url: str) -> None:
    outbox = PostgresOutbox(database_url, "status")
    try:
        row = (
            await outbox.rows("SELECT count(*) AS number, min(created) AS oldest FROM event WHERE position IS NULL")
        )[0]
        relay = await outbox.rows("SELECT instance, now() - seen AS silent FROM relay")
    finally:
        await outbox.close()
    since = f", the oldest since {row['oldest']:%Y-%m-%d %H:%M:%S %Z}" if row["oldest"] else ""
    _say(f"outbox    {row['number']:,} messages wait{since}")
    for leader in relay:
        _say(f"relay     {leader['instance']} was heard {leader['silent'].total_seconds():.1f} s ago")


async def replay(database_url: str, after: int, aggregate: str) -> None:
    """Print the event log behind a position, one JSON document a line: position, stream and the message's body."""
    outbox = PostgresOutbox(database_url, "replay")
    try:
        while rows := await outbox.rows(_REPLAY, after, aggregate, BATCH):
            for row in rows:
                body = json.loads(row["body"])
                _say(json.dumps({"position": row["position"], "stream": row["stream"], "message": body}))
            after = rows[-1]["position"]
    finally:
        await outbox.close()


_REPLAY = (
    "SELECT position, stream, body FROM event WHERE position > $1 AND $2 IN ('', aggregate_id, body->>'subject') "
    "ORDER BY position LIMIT $3"
)


async def rebuild(database_url: str, nats_url: str, streams: Sequence[str], lease: Lease) -> None:
    """Make these streams anew and fill them from the event log. Raises Unavailable, also while a relay runs."""
    client = await connect(nats_url, "erc-rebuild")
    outbox = PostgresOutbox(database_url, "rebuild")
    try:
        inspection = Inspection(client, lease)
        keeper = Keeper(inspection, PostgresEventLog(outbox), StreamPublisher(client), lambda: 0.0)
        await keeper.make_anew(streams)
        for name, seen in (await inspection.seen()).items():
            if name in streams:
                _say(f"{name} holds {seen.messages:,} messages")
    finally:
        await outbox.close()
        await client.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
