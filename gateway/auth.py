"""Who may do what to what: one table and one pure function, asked by every read and every write."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

KNOWN = 100
EDITOR = 500
ADMIN = 1000
OPERATOR = "operator"
"""The name of whoever runs the installation: no account, its rights come from the machine."""


class Scope(StrEnum):
    """What a personal access token may be used for."""

    READ = "read"
    WRITE = "write"
    SHIP = "ship"
    ADMIN = "admin"


@dataclass(frozen=True)
class Principal:
    """Somebody who asks.

    `name` is the public id (an ORCID iD, or one of another provider), `level` one of the o2r service: 0 everybody,
    50 may substitute, 100 known, 500 editor, 1000 administrator. `scopes` limits the holder of a token; None: no limit.
    `link` is the id of the public link that the request came by, `opens` the compendium that it opens. `label` is what
    people call them; two principals are the same whatever they are called.
    """

    name: str
    level: int = 0
    scopes: frozenset[Scope] | None = None
    link: str = ""
    opens: str = ""
    label: str = field(default="", compare=False)

    @property
    def anonymous(self) -> bool:
        """Whether nobody signed in."""
        return not self.name

    def has(self, scope: Scope | None) -> bool:
        """Return whether the token, if there is one, is good for this; none is where the scope is None."""
        return self.scopes is None or scope in self.scopes


ANONYMOUS = Principal("")


class Action(StrEnum):
    """What somebody wants to do."""

    CREATE = "create a compendium"
    PLAN = "plan an environment"
    VIEW = "view"
    READ_METADATA = "read the metadata"
    EDIT = "edit the metadata"
    RUN = "run a job"
    REPEAT = "repeat the run of a job"
    CANCEL = "cancel"
    NAME_RUN = "run under a name"
    SEE_RUN = "look at a named run"
    LIST_RUNS = "list named runs"
    DELETE = "delete"
    SHIP = "ship"
    PUBLISH = "publish"
    SHARE = "manage the public link"
    SUBSTITUTE = "substitute data"
    BIND = "bind a figure to its code"
    FOLLOW = "look at a shipment"
    DEPOSIT = "change or publish a shipment"
    SUBSCRIBE = "subscribe by a webhook"
    TEST = "test a webhook"
    LIST_LINKS = "list the public links"
    SEE_LEVEL = "see the level of a user"
    SET_LEVEL = "set the level of a user"
    CLOSE_ACCOUNT = "close an account"
    SEE_TOKENS = "see personal tokens and sessions"
    END_TOKEN = "end personal tokens and sessions"  # noqa: S105 - a sentence, not a secret
    MAKE_TOKEN = "make a personal token"  # noqa: S105
    INSPECT = "look at the streams"
    OPERATE = "operate the service"


@dataclass(frozen=True)
class Thing:
    """What it is done to: a compendium, or something that belongs to one and shares its visibility."""

    owner: str
    candidate: bool
    id: str = ""
    """The compendium's id, which a public link may open."""


class Answer(StrEnum):
    """What comes of it. A candidate of somebody else must not be known: it is not found."""

    ALLOWED = "allowed"
    SIGN_IN = "user is not authenticated"
    FORBIDDEN = "user level does not allow this"
    TOKEN = "the token has not the scope for this"  # noqa: S105 - a sentence, not a secret
    NOT_FOUND = "not found"


NOBODY = 1 << 30
EVERYBODY = -1
"""Levels that no one has, and that one has without signing in."""


@dataclass(frozen=True)
class Rule:
    """The least level of the owner, of somebody else, and whether a public link does; and the scope a token needs.

    No token does where the scope is None.
    """

    owner: int
    others: int
    link: bool = False
    scope: Scope | None = Scope.WRITE


_READ = Rule(EVERYBODY, EVERYBODY, link=True, scope=Scope.READ)
_OWN_OR_EDITOR = Rule(0, EDITOR)
_ANYBODY_KNOWN = Rule(KNOWN, KNOWN)

OF_THINGS: dict[Action, tuple[Rule, Rule]] = {
    Action.VIEW: (_READ, _READ),
    Action.READ_METADATA: (Rule(EVERYBODY, EVERYBODY, scope=Scope.READ), Rule(EVERYBODY, EVERYBODY, scope=Scope.READ)),
    Action.EDIT: (_OWN_OR_EDITOR, _OWN_OR_EDITOR),
    Action.RUN: (Rule(0, EDITOR, link=True), Rule(0, 0)),
    Action.REPEAT: (_OWN_OR_EDITOR, Rule(0, KNOWN)),
    Action.CANCEL: (_OWN_OR_EDITOR, _OWN_OR_EDITOR),
    Action.NAME_RUN: (_OWN_OR_EDITOR, Rule(0, 0)),
    Action.SEE_RUN: (Rule(0, EDITOR, scope=Scope.READ), Rule(0, EDITOR, scope=Scope.READ)),
    Action.DELETE: (_OWN_OR_EDITOR, Rule(ADMIN, ADMIN)),
    Action.SHIP: (Rule(0, EDITOR, scope=Scope.SHIP), Rule(0, KNOWN, scope=Scope.SHIP)),
    Action.PUBLISH: (_OWN_OR_EDITOR, _OWN_OR_EDITOR),
    Action.SHARE: (Rule(KNOWN, EDITOR), Rule(KNOWN, EDITOR)),
    Action.SUBSTITUTE: (Rule(50, EDITOR), Rule(50, 50)),
    Action.BIND: (_OWN_OR_EDITOR, _OWN_OR_EDITOR),
    Action.FOLLOW: (Rule(0, EDITOR, scope=Scope.READ), Rule(0, EDITOR, scope=Scope.READ)),
    Action.DEPOSIT: (Rule(0, EDITOR, scope=Scope.SHIP), Rule(0, EDITOR, scope=Scope.SHIP)),
    Action.TEST: (Rule(0, ADMIN), Rule(0, ADMIN)),
}
"""For every action on a thing: the rule while it is a candidate, and when it is published."""

OF_THE_SERVICE: dict[Action, Rule] = {
    Action.CREATE: _ANYBODY_KNOWN,
    Action.PLAN: _ANYBODY_KNOWN,
    Action.SUBSCRIBE: _ANYBODY_KNOWN,
    Action.LIST_RUNS: Rule(0, EDITOR, scope=Scope.READ),
    Action.LIST_LINKS: Rule(KNOWN, EDITOR, scope=Scope.READ),
    Action.SEE_LEVEL: Rule(0, EDITOR, scope=Scope.READ),
    Action.SET_LEVEL: Rule(NOBODY, EDITOR, scope=Scope.ADMIN),
    Action.CLOSE_ACCOUNT: Rule(0, ADMIN, scope=Scope.ADMIN),
    Action.SEE_TOKENS: Rule(0, NOBODY, scope=Scope.ADMIN),
    Action.END_TOKEN: Rule(0, NOBODY, scope=Scope.ADMIN),
    Action.MAKE_TOKEN: Rule(0, NOBODY, scope=None),
    Action.INSPECT: Rule(ADMIN, ADMIN, scope=Scope.ADMIN),
    Action.OPERATE: Rule(ADMIN, ADMIN, scope=Scope.ADMIN),
}
"""For every action on the service or on a user, who is then the thing's owner."""


def authorise(principal: Principal, action: Action, thing: Thing | None) -> Answer:
    """Return whether this may be done; `thing` is None for what is to be made or is not there.

    Actions of `OF_THE_SERVICE` need no thing; those on a user take the user as the thing's owner.
    """
    rule = OF_THE_SERVICE.get(action)
    if rule is None:
        if thing is None or not _visible(principal, thing):
            return Answer.NOT_FOUND
        rule = OF_THINGS[action][0 if thing.candidate else 1]
        if rule.link and _opened(principal, thing):
            return Answer.ALLOWED
        if _only_by_link(principal, thing):
            return Answer.NOT_FOUND
    return _of_level(principal, rule, thing)


def _of_level(principal: Principal, rule: Rule, thing: Thing | None) -> Answer:
    owns = thing is not None and not principal.anonymous and principal.name == thing.owner
    needed = rule.owner if owns else rule.others
    if needed > EVERYBODY and principal.anonymous:
        return Answer.SIGN_IN
    if not principal.has(rule.scope):
        return Answer.TOKEN
    level = EVERYBODY if principal.anonymous else principal.level
    return Answer.ALLOWED if level >= needed else Answer.FORBIDDEN


def _visible(principal: Principal, thing: Thing) -> bool:
    return not thing.candidate or _entitled(principal, thing) or _opened(principal, thing)


def _entitled(principal: Principal, thing: Thing) -> bool:
    return not principal.anonymous and (principal.name == thing.owner or principal.level >= EDITOR)


def _opened(principal: Principal, thing: Thing) -> bool:
    return bool(principal.opens) and principal.opens == thing.id


def _only_by_link(principal: Principal, thing: Thing) -> bool:
    return thing.candidate and not _entitled(principal, thing)
