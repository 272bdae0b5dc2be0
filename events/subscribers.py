"""What subscribers of other institutions read: a mirror of the stream PUBLIC in an account of their own.

Sequence numbers are those of PUBLIC. The accounts are in `deploy/nats_accounts.conf`.
"""

from __future__ import annotations

from datetime import timedelta

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    DiscardPolicy,
    ExternalStream,
    StorageType,
    StreamConfig,
    StreamConsumerLimits,
    StreamInfo,
    StreamSource,
)
from nats.js.errors import NotFoundError

from erc.events.errors import Unavailable
from erc.events.streams import MIB

STREAM = "PUBLIC"
FORGOTTEN = timedelta(minutes=10)
"""A consumer that nobody reads goes after this time."""


def mirror_config() -> StreamConfig:
    """Return the mirror."""
    return StreamConfig(
        name=STREAM,
        mirror=StreamSource(name=STREAM, external=ExternalStream(api="erc.api", deliver="erc.mirror.public")),
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_bytes=512 * MIB,
        consumer_limits=StreamConsumerLimits(inactive_threshold=FORGOTTEN.total_seconds()),
    )


async def provision_mirror(own: JetStreamContext, theirs: JetStreamContext) -> None:
    """Create or update the mirror; one of a PUBLIC that exists no longer is made anew. Raises Unavailable."""
    try:
        origin = await own.stream_info(STREAM)
        try:
            if _is_older(await theirs.stream_info(STREAM), origin):
                await theirs.delete_stream(STREAM)
            await theirs.update_stream(mirror_config())
        except NotFoundError:
            await theirs.add_stream(mirror_config())
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable(f"NATS refused the mirror for subscribers: {error}") from error


def _is_older(mirror: StreamInfo, origin: StreamInfo) -> bool:
    made_before = bool(mirror.created and origin.created and mirror.created < origin.created)
    return made_before or mirror.state.last_seq > origin.state.last_seq
