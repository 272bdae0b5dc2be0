"""The words of the contract of the web API: what holds for all its operations."""

from __future__ import annotations

from typing import Any

from erc.gateway.errors import MEDIA_TYPE

INFO = {
    "title": "ERC reproducibility service",
    "version": "1.0.0",
    "license": {"name": "Apache-2.0"},
    "description": """\
The web API of a reproducibility service for Executable Research Compendia. It has the paths, documents, states and
error texts of the o2r web API, version 1, and adds to them; see `docs/api.md` for what is different.

**Who asks.** Send a token as `Authorization: Bearer …`, or the cookie of a session. Much can be read without either.
What you may not know of is not found (404).

**Problems** are RFC 9457 documents (`application/problem+json`). `title` says what is wrong, `detail` how to mend it,
`code` is for programs, and `error` repeats the title where clients of the o2r service look for it.

**Lists** hold `results`, `total` and `next`. Give `next` as `cursor` to go on: what is added meanwhile shifts nothing.
`start` and `limit` work too. The headers `X-Total-Count` and `Link` say the same.

**Repeats.** A POST with an `Idempotency-Key` has one effect and one answer, however often it is sent within a day.

**Waiting.** With `Prefer: respond-async` an upload is answered at once by 202.

**Change.** Within version 1 only fields, parameters and operations are added. Ignore what you do not know.
""",
}

TAGS = {
    "Compendia": "Papers with their code, data and environment; candidates until they are published.",
    "Sources": "Archives that are sent in pieces, so that a break costs one piece.",
    "Metadata": "What a compendium says about itself.",
    "Files": "The files of compendia and jobs.",
    "Jobs": "Runs of an analysis, in ten steps, with a verdict.",
    "Runs": "Compendia and jobs that are referred to by a name and a version.",
    "Environments": "What a workspace needs to run, and why.",
    "Links": "Public links, which show a candidate to whoever has one.",
    "Substitutions": "The code of one compendium with the data of another.",
    "Shipments": "Compendia packed for a repository or for you.",
    "Search": "Compendia and jobs by words.",
    "Bindings": "Figures bound to the code that makes them.",
    "Events": "What happens, live and as a log. The AsyncAPI document describes the events.",
    "Webhooks": "Events sent to an address of yours.",
    "Users": "People, their levels and their sign-ins.",
    "Tokens": "Personal access tokens, and programs that are signed in by somebody with a browser.",
    "Service": "The service about itself.",
    "Operation": "For administrators: streams, dead letters, rebuilding.",
}

SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A personal access token, or the operator's."},
    "session": {"type": "apiKey", "in": "cookie", "name": "erc_session", "description": "A signed-in browser."},
}

PLACES = {
    "id": "Its id.",
    "number": "The number of a revision.",
    "binding": "The id of a binding.",
    "name": "The name of a run.",
    "step": "The name of a step.",
    "upload": "The id of an upload.",
    "what": "`index` or `events`.",
}

_REFUSALS = {
    400: "What was sent cannot be read or used.",
    401: "Nobody is signed in, or the token is not known.",
    403: "This is not allowed to who asks.",
    404: "There is nothing of this name that the asker may know of.",
    405: "This cannot be done with it.",
    406: "It cannot be had in this form.",
    408: "The body came too slowly.",
    409: "Its present state does not allow this.",
    410: "It is gone.",
    412: "It was changed meanwhile.",
    413: "Too much was sent.",
    415: "This kind of body is not read.",
    416: "The file has no such part.",
    422: "What was sent can be read but does not hold together.",
    428: "It must be said which version is meant.",
    429: "Too much was asked for. `Retry-After` says when to come again, `detail` what to do.",
    500: "Something went wrong here. It was logged.",
    501: "This is not there yet.",
    502: "Somebody else's service gave no usable answer.",
    503: "The service is not available for a moment. Please try again.",
    504: "Somebody else's service gave no answer in time.",
}

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}

RESPONSES: dict[str, Any] = {
    str(status): {"description": text, "content": _PROBLEM} for status, text in _REFUSALS.items()
}

HEADERS: dict[str, Any] = {
    "Location": {"description": "Address of what was made.", "schema": {"type": "string"}},
    "X-Total-Count": {
        "description": "How many there are in all; above 1,000 as of some seconds ago.",
        "schema": {"type": "integer"},
    },
    "Link": {"description": 'Address of the next page: `<…>; rel="next"`.', "schema": {"type": "string"}},
    "Upload-Offset": {"description": "How many bytes have come.", "schema": {"type": "integer"}},
    "ETag": {"description": "The version of what was answered.", "schema": {"type": "string"}},
}
