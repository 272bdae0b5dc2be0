"""One attempt: signed, to checked addresses, without redirects, with one text for all that does not answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.receiver import SILENCE, Receiver, receiver
from support.service import free_port

from erc.gateway.identifiers import new_id
from erc.gateway.notifier.sender import NO_ANSWER, Sender
from erc.schemas.webhook import Webhook

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY = bytes(range(32))
NAME = "hooks.example.org"


def hook(address: str) -> Webhook:
    secret = f"whsec_{base64.b64encode(KEY).decode()}"
    return Webhook(id=new_id(), owner="ada", address=address, secret=secret, created=NOW)


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server with a certificate for `name` and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.fixture
def listening() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


async def test_an_event_arrives_signed_as_standard_webhooks_says(listening: Receiver) -> None:
    sender = Sender(lambda: NOW, 5, loopback=True)
    outcome = await sender.send(hook(listening.url), "job:x:1:job.changed.v1", b'{"a":1}')
    await sender.close()
    assert outcome.delivered
    [received] = listening.received
    headers = received.headers
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["idempotency-key"] == "job:x:1:job.changed.v1"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert "." not in headers["webhook-id"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    code = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{code}"


async def test_the_name_is_checked_in_the_certificate_and_the_checked_address_is_called(tmp_path: Path) -> None:
    server, client = certified(tmp_path, NAME)
    asked: list[str] = []

    async def resolving(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with receiver(server) as listening:
        port = listening.url.rpartition(":")[2].partition("/")[0]
        sender = Sender(lambda: NOW, 5, loopback=True, resolving=resolving, context=client)
        assert (await sender.send(hook(f"https://{NAME}:{port}/x"), "e", b"{}")).delivered
        assert await sender.send(hook(f"https://other.example.org:{port}/x"), "e", b"{}") == NO_ANSWER
        await sender.close()
        assert [request.headers["host"] for request in listening.received] == [f"{NAME}:{port}"]
    assert asked == [NAME, "other.example.org"], "each attempt resolves once"


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["::ffff:127.0.0.1"], [], ["x"]]
)
async def test_no_connection_is_made_unless_every_address_is_public(listening: Receiver, addresses: list[str]) -> None:
    async def resolving(host: str, port: int) -> Sequence[str]:
        return addresses

    sender = Sender(lambda: NOW, 5, resolving=resolving)
    assert await sender.send(hook(listening.url.replace("127.0.0.1", NAME)), "e", b"{}") == NO_ANSWER
    await sender.close()
    assert listening.received == []


async def test_a_redirect_is_a_failure_and_is_not_followed(listening: Receiver) -> None:
    listening.answers.extend([301, 302, 307, 308])
    with receiver() as inside:
        listening.location = inside.url
        sender = Sender(lambda: NOW, 5, loopback=True)
        outcomes = [await sender.send(hook(listening.url), "e", b"{}") for _ in range(4)]
        await sender.close()
        assert inside.received == []
    assert [outcome.text for outcome in outcomes] == ["answered 301", "answered 302", "answered 307", "answered 308"]
    assert not any(outcome.delivered or outcome.gone for outcome in outcomes)


async def test_a_receiver_that_wants_no_more_says_410(listening: Receiver) -> None:
    listening.answers.append(410)
    sender = Sender(lambda: NOW, 5, loopback=True)
    assert (await sender.send(hook(listening.url), "e", b"{}")).gone
    await sender.close()


async def test_whatever_does_not_answer_is_told_in_the_same_words(listening: Receiver) -> None:
    listening.answers.append(SILENCE)
    sender = Sender(lambda: NOW, 0.3, loopback=True)
    silent = await sender.send(hook(listening.url), "e", b"{}")
    refused = await sender.send(hook(f"http://127.0.0.1:{free_port()}/"), "e", b"{}")
    unknown = await sender.send(hook("https://no-such-name.invalid/"), "e", b"{}")
    no_tls = await sender.send(hook(listening.url.replace("http:", "https:")), "e", b"{}")
    odd = await sender.send(hook("http://127.0.0.1:99999/"), "e", b"{}")
    await sender.close()
    strict = Sender(lambda: NOW, 0.3)
    blocked = await strict.send(hook(listening.url), "e", b"{}")
    await strict.close()
    assert {silent.text, refused.text, unknown.text, no_tls.text, odd.text, blocked.text} == {"no answer"}


async def test_proxies_of_the_environment_are_not_used(listening: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        sender = Sender(lambda: NOW, 5, loopback=True)
        assert (await sender.send(hook(listening.url), "e", b"{}")).delivered
        await sender.close()
        assert proxy.received == []
