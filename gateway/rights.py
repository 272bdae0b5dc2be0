"""The table of `auth` in words, for the contract of the web API."""

from __future__ import annotations

from erc.gateway.auth import ADMIN, EDITOR, EVERYBODY, KNOWN, NOBODY, OF_THE_SERVICE, OF_THINGS, Action, Rule

_LEVELS = {0: "everybody who signed in", KNOWN: "known users", EDITOR: "editors", ADMIN: "administrators"}


_WORDS = {
    "create_job": (Action.RUN, 1),
    "create_shipment": (Action.SHIP, 1),
    "substitute": (Action.SUBSTITUTE, 1),
    "edit_others": (Action.EDIT, 1),
    "delete_candidate": (Action.DELETE, 0),
    "delete_compendium": (Action.DELETE, 1),
    "manage_links": (Action.SHARE, 0),
}


def rights(action: Action) -> dict[str, str]:
    """Return who may do this: to a candidate and to what is published, or at all."""
    if action in OF_THE_SERVICE:
        return {"allowed": _sentence(OF_THE_SERVICE[action])}
    candidate, published = OF_THINGS[action]
    return {"candidate": _sentence(candidate, hidden=True), "published": _sentence(published)}


def needs_sign_in(action: Action) -> bool:
    """Return whether nobody may do this without signing in."""
    rules = (OF_THE_SERVICE[action],) if action in OF_THE_SERVICE else OF_THINGS[action]
    return all(rule.others > EVERYBODY and not rule.link for rule in rules)


def levels() -> dict[str, int]:
    """Return the least level of somebody else's for what can be done, by the o2r service's words."""
    at = {name: OF_THINGS[action][state].others for name, (action, state) in _WORDS.items()}
    service = {"create_compendium": Action.CREATE, "manage_users": Action.SET_LEVEL, "view_status": Action.INSPECT}
    return at | {"view_candidates": EDITOR} | {name: OF_THE_SERVICE[action].others for name, action in service.items()}


def _sentence(rule: Rule, *, hidden: bool = False) -> str:
    """Return who a rule lets; what is hidden is known to its owner and to editors alone, whatever the rule says."""
    others = max(rule.others, EDITOR) if hidden else rule.others
    if others == EVERYBODY:
        return "everybody"
    allowed = [] if rule.owner in {NOBODY, others} else [_owner(rule.owner)]
    if others != NOBODY:
        allowed.append(_LEVELS.get(others, f"users of level {others}"))
    if rule.link:
        allowed.append("whoever has its public link")
    return ", ".join(allowed)


def _owner(level: int) -> str:
    return f"its owner with level {level}" if level > 0 else "its owner"
