"""Long work that another process may do, over core NATS: asked for, followed, given up by either side.

Whoever does it needs no right but to hear what is asked and to answer. Each piece that it says is a request: that the
asker is gone, or wants it no more, is known with the next piece, and that the worker is gone after some silence.
Nothing is kept: what breaks is asked for again by the command behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from pydantic import BaseModel, ConfigDict, ValidationError

from erc.events.errors import NoAnswer, Unavailable

log = logging.getLogger("erc.delegating")

BUILD = "builder.build"
"""What can be delegated: an environment's build."""
MOST_BYTES = 900_000
"""What fits into one message."""
SILENT_SECONDS, SAY_SECONDS, ANSWER_SECONDS = 30.0, 0.5, 10.0
ASKED_TIMES = 3
_LINES_BYTES = 256 << 10

Say = Callable[[str], Awaitable[None]]
"""Hands over one line of what the work says."""
Do = Callable[[str, Say], Awaitable[str]]
"""Does work by its description, and returns what came of it; cancelled when the asker wants it no more."""


class Nobody(Unavailable):
    """Nobody took the work: not one is there, or all are busy."""


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    talk: str
    """Subject of what is said about it."""
    work: str


class _Taken(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    taken: bool


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    lines: list[str] = []
    outcome: str | None = None
    """What came of it: the last that is said."""
    broken: bool = False
    """Whether nothing came of it, by no fault of the work."""


async def delegate(client: Client, what: str, work: str, on_line: Say) -> str:
    """Have another process do some work and return what came of it.

    Raises Nobody when none took it, Unavailable when the one that did went away or broke.
    """
    if len(work.encode()) > MOST_BYTES:
        raise Nobody(f"The description of {what} is too large to be sent")
    said: asyncio.Queue[Msg] = asyncio.Queue()
    talk = f"erc.talk.{secrets.token_hex(16)}"
    subscription = await client.subscribe(talk, cb=said.put)
    try:
        await _taken(client, what, _Asked(talk=talk, work=work).model_dump_json().encode())
        while True:
            piece = await _next(said, what)
            for line in piece.lines:
                await on_line(line)
            if piece.broken:
                raise Unavailable(f"Who did {what} could not do it")
            if piece.outcome is not None:
                return piece.outcome
    finally:
        with contextlib.suppress(NatsError, OSError):
            await subscription.unsubscribe()


async def _taken(client: Client, what: str, body: bytes) -> None:
    for _ in range(ASKED_TIMES):
        try:
            answer = await client.request(f"erc.delegate.{what}", body, timeout=ANSWER_SECONDS)
            if _Taken.model_validate_json(answer.data).taken:
                return
        except (NoRespondersError, ValidationError) as error:
            raise Nobody(f"Nobody takes {what}") from error
        except (NatsError, OSError, TimeoutError) as error:
            # It may have been taken: then it ends by itself, as nobody listens.
            raise NoAnswer(f"Whether somebody takes {what} is not known: {error}") from error
    raise Nobody(f"All who take {what} are busy")


async def _next(said: asyncio.Queue[Msg], what: str) -> _Said:
    try:
        async with asyncio.timeout(SILENT_SECONDS):
            message = await said.get()
        piece = _Said.model_validate_json(message.data)
        if not message.reply.startswith("_INBOX"):
            # Who asks here has the rights of this service: it answers where answers go, and nowhere else.
            raise Unavailable(f"Who took {what} asks for its answer elsewhere")
        await message.respond(b"")
    except TimeoutError as error:
        raise Unavailable(f"Who took {what} has said nothing for {SILENT_SECONDS:g} s") from error
    except (NatsError, OSError, ValidationError) as error:
        raise Unavailable(f"Who took {what} cannot be followed: {error}") from error
    return piece


@contextlib.asynccontextmanager
async def taking(client: Client, what: str, do: Do, slots: int) -> AsyncIterator[None]:
    """Take work of a kind, so much at a time, until the end of the block; then what goes on is given up."""
    going_on: set[asyncio.Task[None]] = set()

    async def received(message: Msg) -> None:
        try:
            asked = _Asked.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("What is asked cannot be read: %s", error)
            return
        free = len(going_on) < slots
        if free:
            task = asyncio.ensure_future(_do(client, asked, do))
            going_on.add(task)
            task.add_done_callback(going_on.discard)
        with contextlib.suppress(NatsError, OSError):
            await message.respond(_Taken(taken=free).model_dump_json().encode())

    await client.subscribe(f"erc.delegate.{what}", queue=what, cb=received)
    try:
        await _flushed(client)
        yield
    finally:
        for task in going_on:
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)


async def _flushed(client: Client) -> None:
    """Return once the server knows of it; a connection that is broken for the moment tells it later."""
    with contextlib.suppress(NatsError, OSError, TimeoutError):
        await client.flush()


async def _do(client: Client, asked: _Asked, do: Do) -> None:
    """Do what was asked while its asker listens, and tell it what came of it."""
    lines: list[str] = []

    async def say(line: str) -> None:
        lines.append(line)

    doing = asyncio.ensure_future(do(asked.work, say))
    try:
        while not doing.done():
            await asyncio.wait({doing}, timeout=SAY_SECONDS)
            await _tell(client, asked.talk, _Said(lines=_cut(lines)))
        while lines:
            await _tell(client, asked.talk, _Said(lines=_cut(lines)))
        await _tell(client, asked.talk, _ended(doing))
    except Unavailable as error:
        log.warning("Given up: %s", error)
    finally:
        doing.cancel()
        await asyncio.wait({doing})


def _ended(doing: asyncio.Future[str]) -> _Said:
    if error := doing.exception():
        log.warning("It could not be done: %s", error, exc_info=None if isinstance(error, Unavailable) else error)
        return _Said(broken=True)
    return _Said(outcome=doing.result())


def _cut(lines: list[str]) -> list[str]:
    """Take as many lines as go into one message from the begin of a list."""
    size, number = 0, 0
    while number < len(lines) and (size := size + len(lines[number].encode())) < _LINES_BYTES:
        number += 1
    taken = lines[: max(number, 1)]
    del lines[: len(taken)]
    return taken


async def _tell(client: Client, talk: str, said: _Said) -> None:
    try:
        await client.request(talk, said.model_dump_json().encode(), timeout=ANSWER_SECONDS)
    except (NatsError, OSError, TimeoutError) as error:
        raise Unavailable("Its asker is gone") from error
