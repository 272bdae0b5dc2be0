"""Questions that are answered at once, over core NATS: nothing is kept, and what is lost is asked again by a person.

Like every message they carry digests, never what a file holds: both sides read and write the blob store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from pydantic import BaseModel, ConfigDict, ValidationError

from erc.events.errors import NoAnswer, Rejected, Unavailable
from erc.schemas.ids import Digest
from erc.schemas.problem import Problem

log = logging.getLogger("erc.asking")

DESCRIBE, PLAN = "metadata.describe", "builder.plan"
"""What can be asked: the worker and what it does. `describe` takes a manifest, `plan` a manifest and a description."""

Answer = Callable[[Mapping[str, Digest]], Awaitable[Digest]]
"""Answers a question with the blob of a document; raises Rejected or Unavailable."""


class Question(BaseModel):
    """What is asked about: blobs by their role."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    about: dict[str, Digest]


class Reply(BaseModel):
    """The blob of the answer, or the problem; neither when the worker cannot answer now."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    digest: Digest | None = None
    problem: Problem | None = None


class Asking:
    """Asks workers, and answers for one."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._answering: set[asyncio.Task[None]] = set()

    async def ask(self, what: str, about: Mapping[str, Digest], seconds: float) -> Digest:
        """Return the blob of the answer. Raises Rejected when what was asked about is at fault, else Unavailable."""
        body = Question(about=dict(about)).model_dump_json().encode()
        try:
            message = await self._client.request(f"erc.ask.{what}", body, timeout=seconds)
            reply = Reply.model_validate_json(message.data)
        except NoRespondersError as error:
            raise Unavailable(f"No worker answers {what}") from error
        except (NatsError, OSError, TimeoutError, ValidationError) as error:
            raise NoAnswer(f"A worker did not answer {what} in {seconds:g} s: {error}") from error
        if reply.problem:
            raise Rejected(reply.problem.title, reply.problem.detail, reply.problem.code)
        if reply.digest is None:
            raise Unavailable(f"A worker cannot answer {what} now")
        return reply.digest

    async def answer(self, what: str, answer: Answer, most: int) -> None:
        """Answer a kind of question until the connection ends, so many at a time; other processes share the work."""
        slots = asyncio.Semaphore(most)

        async def respond(message: Msg) -> None:
            async with slots:
                reply = await _replied(message.data, answer)
            try:
                await message.respond(reply.model_dump_json().encode())
            except (NatsError, OSError):
                return

        async def received(message: Msg) -> None:
            task = asyncio.ensure_future(respond(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

        await self._client.subscribe(f"erc.ask.{what}", queue=what, cb=received)


async def _replied(body: bytes, answer: Answer) -> Reply:
    try:
        return Reply(digest=await answer(Question.model_validate_json(body).about))
    except Rejected as error:
        return Reply(problem=error.problem)
    except Unavailable as error:
        log.warning("A question waits: %s", error)
    except Exception:
        log.exception("A question cannot be answered")
    return Reply()
