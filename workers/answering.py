"""Answers questions about blobs beside the commands, each in a limited child process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from erc.events.limited import Limited
from erc.schemas.ids import Digest
from erc.workers.process import Context

AT_A_TIME = 2
"""Questions that one process answers at a time."""


async def answering(context: Context, what: str, reader: Limited, function: Callable[..., Digest], *roles: str) -> None:
    """Answer a kind of question by `function(store, …)`, with the blobs of these roles, until the process ends."""
    store = context.settings.home / "blobs"

    async def answer(about: Mapping[str, Digest]) -> Digest:
        return await reader.call(function, store, *(about[role] for role in roles))

    await context.asking.answer(what, answer, AT_A_TIME)
