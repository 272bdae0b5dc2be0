"""Who may do what to what: one pure function, asked by every read and every write."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

EDITOR = 500
ADMIN = 1000


@dataclass(frozen=True)
class Principal:
    """Somebody who asks, with a level of the o2r service: 0 everybody, 100 known, 500 editor, 1000 administrator."""

    name: str
    level: int = 0

    @property
    def anonymous(self) -> bool:
        """Whether nobody signed in."""
        return not self.name


ANONYMOUS = Principal("")


class Action(StrEnum):
    """What somebody wants to do."""

    CREATE = "create a compendium"
    VIEW = "view"
    RUN = "run a job"
    CANCEL = "cancel"
    DELETE = "delete"
    SHIP = "ship"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe by a webhook"
    TEST = "test a webhook"
    INSPECT = "look at the streams"
    OPERATE = "operate the service"


@dataclass(frozen=True)
class Thing:
    """What it is done to: a compendium, or something that belongs to one and shares its visibility."""

    owner: str
    candidate: bool


class Answer(StrEnum):
    """What comes of it. A candidate of somebody else must not be known: it is not found."""

    ALLOWED = "allowed"
    SIGN_IN = "user is not authenticated"
    FORBIDDEN = "user level does not allow this"
    NOT_FOUND = "not found"


def authorise(principal: Principal, action: Action, thing: Thing | None) -> Answer:
    """Return whether this may be done; `thing` is None for what is to be made (CREATE, SUBSCRIBE) or is not there.

    INSPECT and OPERATE are about the service as a whole and need no thing.
    """
    if action in {Action.INSPECT, Action.OPERATE}:
        return _signed_in(principal, level=ADMIN)
    if action in {Action.CREATE, Action.SUBSCRIBE}:
        return _signed_in(principal, level=100)
    if thing is None or not _visible(principal, thing):
        return Answer.NOT_FOUND
    if action is Action.VIEW:
        return Answer.ALLOWED
    if principal.anonymous:
        return Answer.SIGN_IN
    owns = principal.name == thing.owner
    allowed = {
        Action.RUN: True,
        Action.SHIP: owns or principal.level >= 100,
        Action.CANCEL: owns or principal.level >= EDITOR,
        Action.PUBLISH: owns or principal.level >= EDITOR,
        Action.TEST: owns or principal.level >= ADMIN,
        Action.DELETE: (owns or principal.level >= EDITOR) if thing.candidate else principal.level >= ADMIN,
    }[action]
    return Answer.ALLOWED if allowed else Answer.FORBIDDEN


def _visible(principal: Principal, thing: Thing) -> bool:
    return not thing.candidate or principal.name == thing.owner or principal.level >= EDITOR


def _signed_in(principal: Principal, level: int) -> Answer:
    if principal.anonymous:
        return Answer.SIGN_IN
    return Answer.ALLOWED if principal.level >= level else Answer.FORBIDDEN
