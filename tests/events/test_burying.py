"""What a delivery says of itself: a dead letter that could not be written takes nothing out of the stream."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from nats.errors import TimeoutError as NatsTimeout

from erc.events.intake import NatsDelivery
from erc.schemas.problem import Problem

PROBLEM = Problem(code="no", title="It cannot be")


class Words:
    """A message and a connection that remember what was said to them."""

    def __init__(self, *, takes_letters: bool) -> None:
        self.said: list[str] = []
        self._takes_letters = takes_letters
        metadata = SimpleNamespace(num_delivered=5, sequence=SimpleNamespace(stream=7))
        self.raw_message = SimpleNamespace(subject="erc.command.x", data=b"{}", metadata=metadata, headers=None)

    async def ack(self) -> None:
        self.said.append("ack")

    async def reject(self) -> None:
        self.said.append("reject")

    def jetstream(self) -> Words:
        return self

    async def publish(self, _subject: str, _body: bytes, headers: Any) -> None:
        if not self._takes_letters:
            raise NatsTimeout
        self.said.append(headers["Nats-Msg-Id"])


@pytest.mark.parametrize(
    ("takes_letters", "said"), [(True, ["dead:erc.command.x:7", "reject", "ack"]), (False, [])], ids=["there", "away"]
)
async def test_only_what_is_buried_is_taken_out_of_its_stream(takes_letters: bool, said: list[str]) -> None:
    words: Any = Words(takes_letters=takes_letters)
    delivery = NatsDelivery(words, words)
    await delivery.bury(PROBLEM)
    await delivery.acknowledge()
    assert words.said == said
