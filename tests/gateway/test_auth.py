"""Who may do what to what."""

from __future__ import annotations

import pytest

from erc.gateway.auth import ANONYMOUS, OF_THINGS, Action, Answer, Principal, Thing, authorise

OWNER, OTHER, EDITOR, ADMIN = (
    Principal("ada", 100),
    Principal("bob", 100),
    Principal("eve", 500),
    Principal("root", 1000),
)
CANDIDATE, PUBLISHED = Thing("ada", candidate=True), Thing("ada", candidate=False)


OPERATORS = {Action.INSPECT, Action.OPERATE}


@pytest.mark.parametrize("action", sorted(OF_THINGS))
@pytest.mark.parametrize("principal", [ANONYMOUS, OTHER])
def test_a_candidate_of_somebody_else_is_not_known(principal: Principal, action: Action) -> None:
    assert authorise(principal, action, CANDIDATE) is Answer.NOT_FOUND


@pytest.mark.parametrize("principal", [OWNER, EDITOR, ADMIN])
def test_owner_and_editors_see_a_candidate(principal: Principal) -> None:
    assert authorise(principal, Action.VIEW, CANDIDATE) is Answer.ALLOWED


def test_everybody_sees_what_is_published_and_nobody_what_is_not_there() -> None:
    assert authorise(ANONYMOUS, Action.VIEW, PUBLISHED) is Answer.ALLOWED
    assert authorise(ADMIN, Action.VIEW, None) is Answer.NOT_FOUND


def test_only_an_administrator_deletes_what_is_published() -> None:
    answers = {p.name: authorise(p, Action.DELETE, PUBLISHED) for p in (ANONYMOUS, OWNER, EDITOR, ADMIN)}
    assert answers == {
        "": Answer.SIGN_IN,
        "ada": Answer.FORBIDDEN,
        "eve": Answer.FORBIDDEN,
        "root": Answer.ALLOWED,
    }


@pytest.mark.parametrize("action", sorted(OPERATORS))
def test_only_an_administrator_operates_the_service(action: Action) -> None:
    answers = {p.name: authorise(p, action, None) for p in (ANONYMOUS, OWNER, EDITOR, ADMIN)}
    assert answers == {
        "": Answer.SIGN_IN,
        "ada": Answer.FORBIDDEN,
        "eve": Answer.FORBIDDEN,
        "root": Answer.ALLOWED,
    }


@pytest.mark.parametrize("action", [Action.CREATE, Action.SUBSCRIBE])
def test_creating_and_subscribing_need_a_known_user(action: Action) -> None:
    assert authorise(ANONYMOUS, action, None) is Answer.SIGN_IN
    assert authorise(Principal("new", 0), action, None) is Answer.FORBIDDEN
    assert authorise(OWNER, action, None) is Answer.ALLOWED


@pytest.mark.parametrize("thing", [CANDIDATE, PUBLISHED])
def test_owner_and_editors_publish(thing: Thing) -> None:
    assert {authorise(who, Action.PUBLISH, thing) for who in (OWNER, EDITOR, ADMIN)} == {Answer.ALLOWED}
    assert authorise(OTHER, Action.PUBLISH, PUBLISHED) is Answer.FORBIDDEN
    assert authorise(ANONYMOUS, Action.PUBLISH, PUBLISHED) is Answer.SIGN_IN


def test_a_webhook_is_tested_by_its_owner_and_administrators() -> None:
    answers = [authorise(who, Action.TEST, CANDIDATE) for who in (OWNER, EDITOR, ADMIN)]
    assert answers == [Answer.ALLOWED, Answer.FORBIDDEN, Answer.ALLOWED]
