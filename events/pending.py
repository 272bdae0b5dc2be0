"""Whether a command still lies in its stream, waiting for a worker or held by one, or an event on its way back."""

from __future__ import annotations

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from erc.events.errors import Unavailable

_STREAM = "COMMANDS"
_ANSWERS, _READER = "EVENTS", "gateway"


class Pending:
    """Looks into the streams."""

    def __init__(self, client: Client) -> None:
        self._js = client.jetstream(timeout=5)

    async def holds(self, work_id: str) -> bool:
        """Return whether a command for this work will still be delivered, or is being handled.

        One that was delivered as often as it may be, and that nobody took out, counts no more. While events wait to be
        read an answer may be among them, which counts as well. Raises Unavailable.
        """
        try:
            if (await self._js.consumer_info(_ANSWERS, _READER)).num_pending:
                return True
            info = await self._js.stream_info(_STREAM, subjects_filter=f"erc.command.*.*.*.{work_id}")
            return any([await self._comes(subject) for subject in info.state.subjects or {}])
        except NotFoundError:
            return False
        except (NatsError, OSError, TimeoutError) as error:
            raise Unavailable(f"NATS does not answer: {error}") from error

    async def _comes(self, subject: str) -> bool:
        worker, pool = subject.split(".")[2:4]
        last = await self._js.get_last_msg(_STREAM, subject)
        consumer = await self._js.consumer_info(_STREAM, f"{worker}-{pool}")
        delivered = consumer.delivered.stream_seq if consumer.delivered else 0
        return (last.seq or 0) > delivered or bool(consumer.num_ack_pending)
