"""Documents about people: who asks, accounts, personal tokens, programs that wait to be signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from erc.gateway.auth import Scope
from erc.gateway.documents.document import Document
from erc.gateway.identity.devices import GRANT
from erc.gateway.identity.tokens import MOST_DAYS, NAME_CHARACTERS, USUAL_DAYS


class WhoAmI(Document):
    """Who asks, as the service knows them now."""

    orcid: str = Field(description="The public id: an ORCID iD, or one of another provider.")
    name: str
    level: int = Field(ge=0, le=1000)
    scopes: list[Scope] | None = Field(description="What the token may be used for; null for a session.")


class UserList(Document):
    """Ids of accounts, the oldest first."""

    results: list[str]


class UserView(Document):
    """An account. Level and last visit are only for themselves and for editors."""

    id: str
    name: str
    level: int | None = Field(default=None, ge=0, le=1000)
    lastseen: datetime | None = None


class TokenWanted(Document):
    """A personal access token that is asked for; `read` is always among its scopes."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
    scopes: Annotated[list[Scope], Field(max_length=len(Scope))] = Field(default_factory=list)
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = USUAL_DAYS


class TokenListed(Document):
    """A personal access token; what it says is never shown again."""

    id: str
    name: str
    scopes: list[Scope]
    created: datetime
    expires: datetime
    used: datetime | None


class TokenMade(TokenListed):
    """A new personal access token, shown this once."""

    token: str


class TokenList(Document):
    """The asker's own tokens, the newest first."""

    results: list[TokenListed]


class Revoked(Document):
    """A token that is to end (RFC 7009)."""

    token: Annotated[str, Field(min_length=1, max_length=500)]


class DeviceWanted(Document):
    """A program that wants to be signed in (RFC 8628)."""

    client_id: Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)] = Field(
        description="What the program is called; the person sees it."
    )
    scope: Annotated[str, Field(max_length=200)] = Field(
        default="read write", description="What it wants to do, words with spaces between: read write ship admin."
    )


class DeviceCodes(Document):
    """What the program keeps, and what the person types where."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceAsked(Document):
    """A program that asks for its token."""

    grant_type: str = Field(json_schema_extra={"enum": [GRANT]})
    device_code: Annotated[str, Field(min_length=1, max_length=200)]
    client_id: Annotated[str, Field(max_length=NAME_CHARACTERS)] = ""


class DeviceToken(Document):
    """The token of a program that was signed in: a personal access token of the person who allowed it."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
