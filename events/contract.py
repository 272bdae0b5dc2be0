"""What subscribers may rely on, as a part of the AsyncAPI document: servers, channels, retention, order, duplicates."""

from __future__ import annotations

from typing import Any

from erc.events.catalog import EVENTS, WebhookTested
from erc.events.streams import DEDUPLICATION, MIB, stream_configs

SHARED = ("compendium", "job")
"""The aggregates whose events leave the service."""


def shared_events() -> list[str]:
    """Return the types of the events that subscribers get."""
    return sorted(name for name, event in EVENTS.items() if event.AGGREGATE in SHARED)


def promises() -> str:
    """Return the promises in words (Markdown)."""
    kept = {config.name: config for config in stream_configs()}
    public_mib = int(kept["PUBLIC"].max_bytes or 0) // MIB
    window_minutes = int(DEDUPLICATION.total_seconds()) // 60
    return _PROMISES.format(public_mib=public_mib, window_minutes=window_minutes)


def servers() -> dict[str, Any]:
    """Return the servers; the hosts are examples."""
    return {
        "nats": {"host": "nats.example.org:4222", "protocol": "nats", "description": "JetStream, user `subscriber`"},
        "api": {"host": "erc.example.org", "protocol": "https", "description": "The web API"},
        "receiver": {"host": "receiver.example.org", "protocol": "https", "description": "The address of a webhook"},
    }


def channels() -> dict[str, Any]:
    """Return the channels of subscribers: the stream PUBLIC, server-sent events, pages, webhooks."""
    found: dict[str, Any] = {}
    for name in shared_events():
        aggregate, kind = EVENTS[name].AGGREGATE, name.split(".")[1]
        found[f"public-{aggregate}-{kind}"] = {
            "address": f"erc.public.{{compendium}}.{aggregate}.{kind}",
            "description": "On the stream PUBLIC. Only events of published compendia, from the publication on.",
            "servers": [{"$ref": "#/servers/nats"}],
            "parameters": {"compendium": {"description": "the compendium_id"}},
            "messages": {"event": _message(name)},
        }
    messages = {name.replace(".", "-"): _message(name) for name in shared_events()}
    for name, (address, description) in _OVER_HTTP.items():
        found[name] = {
            "address": address,
            "description": description,
            "servers": [{"$ref": "#/servers/api"}],
            "messages": messages,
        }
    tested = WebhookTested.TYPE
    found["webhook"] = {
        "address": None,
        "description": _WEBHOOK,
        "servers": [{"$ref": "#/servers/receiver"}],
        "messages": {**messages, tested.replace(".", "-"): _message(tested)},
    }
    return found


def webhook_headers() -> dict[str, Any]:
    """Return the JSON Schema of a webhook's headers."""
    texts = {
        "Idempotency-Key": "The event's `id`, the same in every attempt",
        "webhook-id": "An id made from the event's, without dots, the same in every attempt",
        "webhook-timestamp": "Unix time of the attempt in seconds; refuse one that is five minutes off",
        "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`, "
        "keyed with the decoded base64 behind `whsec_` of the secret; several are separated by blanks",
    }
    properties = {name: {"type": "string", "description": text} for name, text in texts.items()}
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


_PROMISES = """\
Commands and events on NATS JetStream, CloudEvents 1.0 in structured mode. Every message has the header `Nats-Msg-Id`,
which is the event's `id`; a repeat has the same id.

**Subscribers** get the events of compendia and jobs on four ways: the stream PUBLIC, server-sent events, pages of the
event log, and webhooks. Whichever they choose, this holds.

- **Order.** `sequence` counts the events of an aggregate (`subject`) without gaps; on every way they come in this
  order. The events of one compendium and its jobs come in the order of the stream.
- **Loss.** None. What a job or compendium did is committed together with its event.
- **Duplicates.** A repeat has the same `id`. The stream drops repeats within {window_minutes} minutes. After an outage
  longer than that a repeat may be in the stream; pages never hold one. Webhooks are sent at least once. Keep the last
  `sequence` of each `subject`, or the ids you have handled, and drop what you know.
- **Retention.** PUBLIC keeps {public_mib} MiB; what subscribers read of it drops the oldest then. The event log keeps
  everything: whoever was away for longer than the stream reaches back goes on with pages.
- **Visibility.** Candidates are seen by their owner and by editors only, on every way, also in replays.
- **Publication** sends `compendium.published.v1`. It opens the compendium's history on PUBLIC and for everybody else:
  earlier events are never sent again. Its `snapshot` is the SHA-256 of the document at
  `/api/v1/compendium/{{id}}/snapshot`, which holds the state at that moment, with the `sequence` of the compendium and
  of each job: the next event of each is number `sequence` + 1.
- **Deletion** sends `compendium.deleted.v1`, the compendium's last event. For a published one it is on PUBLIC, and
  events of its jobs are no longer. Those who saw its events before still see them in the log.
- **Change.** Within a version of a type fields are added only. Enumerations are open: a new status, step or verdict may
  come. Ignore fields, values and types that you do not know. What breaks gets a new version.
- **Privacy.** Events hold ids, digests and states, never titles, names or texts.
"""

_SSE = (
    "Server-sent events (`Accept: text/event-stream`). `data` is the event; `id` is the place in the stream. A reader "
    "that comes back with `Last-Event-ID` goes on exactly there. When the place is kept no longer the stream says so "
    "with an event `reset`, whose data names where to read the present state. Filters: `compendium`, `job`, `user`, "
    "`type`."
)
_PAGES = (
    "Pages of the event log (`Accept: application/json`), as far back as the service goes: `after` is a cursor "
    "(`next` of the page before, 0 for the beginning), `limit` is 1 to 1000. The answer holds `events`, `next` and "
    "`more`. A page may be empty while `more` is true. At the end, ask again later with the same `next`. The same "
    "filters; `type` may be several with commas between."
)
_OVER_HTTP = {"sse": ("/api/v1/events", _SSE), "pages": ("/api/v1/events", _PAGES)}
_WEBHOOK = (
    "One event in a POST, in order for each webhook, at least once. 2xx within 15 s says that it arrived. Anything "
    "else, a redirect too, is repeated with growing pauses, up to 16 attempts or 24 hours; then the event is given up, "
    "the delivery log says so, and the next one is sent. When three events in a row were given up, or the receiver "
    "answers 410, the webhook is switched off; a test that arrives switches it on again. A webhook gets what its owner "
    "owns and what is public. Headers: `#/components/schemas/WebhookHeaders`."
)
