"""Who may see an event: asked for every event and every reader, from what the gateway remembers of each compendium."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from erc.gateway.auth import Action, Answer, Principal, Thing, authorise
from erc.gateway.store.visibility import Seen

MOST = 20_000

Load = Callable[[Collection[str]], Awaitable[dict[str, Seen]]]


class Unknown(Exception):  # noqa: N818
    """A compendium that is not remembered (any more)."""

    def __init__(self, compendium: str) -> None:
        super().__init__(compendium)
        self.compendium = compendium


class Rights:
    """Remembers `most` compendia as they are seen. An event of a compendium makes it forget that one."""

    def __init__(self, load: Load, most: int = MOST) -> None:
        self._load, self._most = load, most
        self._known: dict[str, Seen | None] = {}
        self._loading = asyncio.Lock()

    async def know(self, wanted: Collection[str], changed: Collection[str] = ()) -> None:
        """Load what is not known of these compendia, and again those that changed. Raises Unavailable.

        What is wanted here at once must be fewer than `most`.
        """
        if not changed and all(identifier in self._known for identifier in wanted):
            return
        # One after the other, so that an answer from before a change never takes the place of one from after it.
        async with self._loading:
            missing = {identifier for identifier in wanted if identifier not in self._known or identifier in changed}
            found = await self._load(missing) if missing else {}
            for identifier in wanted:
                before = self._known.pop(identifier, None)
                self._known[identifier] = found.get(identifier) if identifier in missing else before
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]

    def seen(self, compendium: str) -> Seen | None:
        """Return a compendium, None when there is and was none. Raises Unknown when it must be loaded first."""
        try:
            return self._known[compendium]
        except KeyError:
            raise Unknown(compendium) from None

    def forget(self) -> None:
        """Forget everything."""
        self._known.clear()


def may_see(principal: Principal, seen: Seen, time: Callable[[], datetime], starter: str | None = None) -> bool:
    """Return whether somebody may see what happened to a compendium; `starter` is whose job it is about.

    `time` is asked only where it matters.
    """
    thing = seen.now if seen.published is None else seen.at(time())
    if authorise(principal, Action.VIEW, thing) is Answer.ALLOWED:
        return True
    return starter is not None and authorise(principal, Action.VIEW, Thing(starter, thing.candidate)) is Answer.ALLOWED
