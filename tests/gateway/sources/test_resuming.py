"""Archives in pieces: what came stays, what breaks is sent again, and nobody learns what others have."""

from __future__ import annotations

import asyncio
import hashlib
import os

import pytest
from sqlalchemy import text

from erc.gateway.store.abandoned import SqlCare
from erc.gateway.store.quotas import Quotas
from erc.schemas.limits import Quota

ARCHIVE = os.urandom(2_500_000)
PIECE = 1 << 20


async def test_an_archive_in_pieces_becomes_a_source_and_then_a_compendium(gateway, sender) -> None:
    ada = await sender("ada")
    begun = await ada.announce(ARCHIVE, archive="tar")
    assert (begun.status_code, begun.json()["offset"], begun.json()["chunk"]) == (201, 0, PIECE)
    upload = begun.json()["upload"]
    for offset in range(0, len(ARCHIVE), PIECE):
        piece = ARCHIVE[offset : offset + PIECE]
        answer = await ada.piece(upload, offset, piece)
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(offset + len(piece)))
    done = await ada.complete(upload)
    digest = hashlib.sha256(ARCHIVE).hexdigest()
    assert (done.status_code, done.json()["source"]) == (200, f"source://sha256:{digest}")
    assert gateway.services.blobs.read(digest) == ARCHIVE
    assert not list((gateway.services.settings.home / "staging").iterdir())
    created = await ada.create(done.json()["source"])
    assert created.status_code == 202
    compendium = await gateway.services.records.compendium(created.json()["id"])
    assert (compendium.upload, compendium.size_bytes) == (digest, len(ARCHIVE))


async def test_what_was_sent_before_is_not_sent_again(sender) -> None:
    ada = await sender("ada")
    source = await ada.send(b"an archive")
    again = await ada.announce(b"an archive")
    assert (again.status_code, again.json()) == (200, {"source": source, "existed": True})


async def test_nobody_learns_what_others_have_nor_uses_it(sender) -> None:
    ada, bob = await sender("ada"), await sender("bob")
    source = await ada.send(b"an archive")
    upload = (await ada.announce(b"another archive")).json()["upload"]
    assert (await bob.announce(b"an archive")).status_code == 201
    assert (await bob.announce(b"another archive")).json()["offset"] == 0
    refused = await bob.create(source)
    unknown = await bob.create("source://sha256:" + "0" * 64)
    assert (refused.status_code, refused.json()) == (unknown.status_code, unknown.json())
    assert refused.status_code == 404
    for answer in (
        await bob.client.get(f"/api/v1/sources/{upload}"),
        await bob.piece(upload, 0, b"x"),
        await bob.complete(upload),
    ):
        assert (answer.status_code, answer.json()["title"]) == (404, "no upload with this id")


async def test_after_a_break_it_goes_on_where_it_was(sender) -> None:
    ada = await sender("ada")
    upload = (await ada.announce(ARCHIVE)).json()["upload"]
    await ada.piece(upload, 0, ARCHIVE[:PIECE])
    lost = await ada.piece(upload, 0, ARCHIVE[:PIECE])
    assert (lost.status_code, lost.json()["offset"], lost.headers["upload-offset"]) == (409, PIECE, str(PIECE))
    seen = await ada.client.get(f"/api/v1/sources/{upload}")
    assert (seen.json()["offset"], seen.json()["size"]) == (PIECE, len(ARCHIVE))
    again = await ada.announce(ARCHIVE)
    assert (again.json()["upload"], again.json()["offset"]) == (upload, PIECE)


async def test_pieces_for_the_same_place_at_once_are_taken_once(sender) -> None:
    ada = await sender("ada")
    upload = (await ada.announce(ARCHIVE)).json()["upload"]
    answers = await asyncio.gather(*[ada.piece(upload, 0, ARCHIVE[:1000]) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 7
    assert (await ada.client.get(f"/api/v1/sources/{upload}")).json()["offset"] == 1000


async def test_other_bytes_than_announced_are_thrown_away(gateway, sender) -> None:
    ada = await sender("ada")
    upload = (await ada.announce(b"announced")).json()["upload"]
    await ada.piece(upload, 0, b"otherwise")
    refused = await ada.complete(upload)
    assert (refused.status_code, refused.json()["code"]) == (400, "digest_mismatch")
    assert gateway.services.blobs.size(hashlib.sha256(b"otherwise").hexdigest()) is None
    assert (await ada.complete(upload)).status_code == 404
    assert (await ada.announce(b"announced")).json()["offset"] == 0


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"digest": "x"}, 400),
        ({"digest": "A" * 64}, 400),
        ({"size": 0}, 400),
        ({"size": -1}, 400),
        ({"size": "7"}, 400),
        ({"size": 1 << 60}, 413),
        ({"archive": "rar"}, 400),
        ({"digest": None}, 400),
    ],
)
async def test_what_cannot_be_announced_is_refused(sender, changes: dict[str, object], status: int) -> None:
    refused = await (await sender("ada")).announce(b"x", **changes)
    assert refused.status_code == status
    assert refused.json()["detail"]


async def test_pieces_that_cannot_be_taken_are_refused_and_change_nothing(sender) -> None:
    ada = await sender("ada")
    upload = (await ada.announce(b"0123456789")).json()["upload"]
    assert (await ada.complete(upload)).json()["code"] == "upload_incomplete"
    assert (await ada.piece(upload, 0, b"01234567890")).status_code == 413
    assert (await ada.piece(upload, 5, b"5")).status_code == 409
    assert (await ada.client.patch(f"/api/v1/sources/{upload}", content=b"0")).status_code == 400
    for offset in ("-1", "x", "1" * 30, "0.0"):
        headers = {"Upload-Offset": offset}
        assert (await ada.client.patch(f"/api/v1/sources/{upload}", content=b"0", headers=headers)).status_code == 400
    assert (await ada.client.get(f"/api/v1/sources/{upload}")).json()["offset"] == 0
    large = (await ada.announce(ARCHIVE)).json()["upload"]
    assert (await ada.piece(large, 0, ARCHIVE[: PIECE + 1])).status_code == 413


async def test_who_may_not_create_may_not_send(gateway, sender) -> None:
    document = {"digest": "0" * 64, "size": 1}
    assert (await gateway.client().post("/api/v1/sources", json=document)).status_code == 401
    assert (await (await sender("new", level=0)).announce(b"x")).status_code == 403


async def test_quotas_count_what_was_sent_and_what_is_on_its_way(gateway, sender) -> None:
    gateway.services.quotas = Quotas(gateway.services.records.database, Quota(candidates=3, size_bytes=1000, jobs=2))
    ada = await sender("ada")
    source = await ada.send(b"a" * 400)
    await ada.announce(b"b" * 400)
    full = await ada.announce(b"c" * 400)
    assert (full.status_code, full.json()["code"]) == (403, "quota_bytes")
    assert (await ada.create(source)).status_code == 202
    assert (await ada.announce(b"d" * 150)).status_code == 201


async def test_no_more_uploads_than_allowed_are_under_way(sender) -> None:
    ada = await sender("ada")
    answers = [await ada.announce(bytes([number])) for number in range(9)]
    assert [answer.status_code for answer in answers] == [201] * 8 + [409]
    assert answers[-1].json()["code"] == "too_many_uploads"


async def test_what_nobody_completes_or_uses_is_gone_after_a_day(gateway, sender) -> None:
    ada = await sender("ada")
    services = gateway.services
    unused, used = await ada.send(b"unused"), await ada.send(b"used")
    await ada.create(used)
    upload = (await ada.announce(b"half")).json()["upload"]
    await ada.piece(upload, 0, b"ha")
    async with services.records.database.transaction() as transaction:
        for statement in (
            "UPDATE source SET used = now() - interval '25 hours'",
            "UPDATE source_upload SET created = now() - interval '25 hours'",
        ):
            await transaction.connection.execute(text(statement))
    staged = services.settings.home / "staging" / upload
    assert services.staging.sweep(86_400, staged.stat().st_mtime + 80_000) == 0
    assert services.staging.sweep(86_400, staged.stat().st_mtime + 90_000) == 1
    care = SqlCare(services.records.database, services.queue)
    await care.trim((await services.records.database.rows(text("SELECT now() AS now")))[0]["now"])
    assert (await ada.create(unused)).status_code == 404
    assert (await ada.create(used)).status_code == 202
    assert (await ada.complete(upload)).status_code == 404
