"""What a subject says: `erc.command.<worker>.<pool>.<verb>.<id>` or `erc.event.<aggregate>.<id>.<type>`."""

from __future__ import annotations

from functools import cache

from erc.events.catalog import COMMANDS, EVENTS


def ids_of(subject: str) -> dict[str, str]:
    """Return the id in a subject under the name of its field, as in `{"job_id": …}`; nothing for other subjects."""
    match subject.split("."):
        case ["erc", "command", worker, _pool, verb, identifier]:
            field = _fields().get(f"{worker}.{verb}")
        case ["erc", "event", aggregate, identifier, _kind]:
            field = _fields().get(aggregate)
        case _:
            return {}
    return {field: identifier} if field else {}


@cache
def _fields() -> dict[str, str]:
    events = {event.AGGREGATE: event.ID_FIELD for event in EVENTS.values()}
    return events | {name: command.ID_FIELD for name, command in COMMANDS.items()}
