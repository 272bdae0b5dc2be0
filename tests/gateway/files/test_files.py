"""Files over HTTP: looked up, never joined; whole, in parts, made smaller; for those who may see them."""

from __future__ import annotations

import asyncio
import io
import tarfile
import tracemalloc
import zipfile
from itertools import product
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert

from erc.events.outbox import create_engine
from erc.gateway.app import create_app
from erc.gateway.files.headers import disposition
from erc.gateway.transition import Advance
from erc.schemas import tables
from erc.schemas.media import media_type
from erc.schemas.workspace import Entry, Manifest

CSV = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number) for number in range(100))


def picture(kind: str, size: tuple[int, int] = (60, 30), mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 0).save(buffer, kind)
    return buffer.getvalue()


FILES = {
    "main.R": b"plot(1)\n",
    "Dockerfile": b"FROM scratch\n",
    ".erc/metadata_o2r_1.json": b"{}",
    "data/a b.csv": CSV,
    'data/ä "x"; X-Evil: 1.txt': b"odd",
    "paper.html": b"<script>1</script>",
    "evil.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "page.mht": b"MIME-Version: 1.0",
    "figure.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "code.js": b"alert(1)",
    "thing.unknown": b"\0\1",
    "figure.png": picture("PNG"),
    "photo.JPG": picture("JPEG"),
    "moving.gif": picture("GIF", mode="P"),
    "old.bmp": picture("BMP"),
    "new.webp": picture("WEBP"),
    "lying.png": b"GIF89a no picture at all",
}


@pytest.fixture
async def compendium(gateway) -> Any:
    return await gateway.compendium(manifest=workspace(gateway, FILES), candidate=False)


def workspace(gateway, files: dict[str, bytes]) -> str:
    blobs = gateway.services.blobs
    entries = [
        Entry(path=path, digest=blobs.put(data), size_bytes=len(data), media_type=media_type(path))
        for path, data in files.items()
    ]
    return blobs.put(Manifest(entries).document())


@pytest.fixture
async def anybody(gateway) -> Any:
    async with gateway.client() as client:
        yield client


async def test_the_tree_has_the_fields_and_types_of_the_o2r_service(anybody, compendium) -> None:
    tree = (await anybody.get(f"/api/v1/compendium/{compendium.id}/data/")).json()
    address = f"/api/v1/compendium/{compendium.id}/data"
    assert (tree["path"], tree["name"], tree["type"]) == (address, compendium.id, "directory")
    assert tree["size"] == sum(map(len, FILES.values()))
    nodes = {node["name"]: node for node in tree["children"]}
    assert nodes["main.R"] == {
        "path": f"{address}/main.R",
        "name": "main.R",
        "size": 8,
        "extension": ".r",
        "type": "script/x-R",
    }
    assert nodes[".erc"]["children"][0]["name"] == "metadata_o2r_1.json"
    assert {name: nodes[name]["type"] for name in ("Dockerfile", "thing.unknown", "figure.png")} == {
        "Dockerfile": "text/plain",
        "thing.unknown": "text/plain",
        "figure.png": "image/png",
    }
    view = (await anybody.get(f"/api/v1/compendium/{compendium.id}")).json()
    assert view["files"] == tree


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("main.R", "script/x-R; charset=utf-8", "attachment"),
        ("Dockerfile", "text/plain; charset=utf-8", "inline"),
        ("data/a b.csv", "text/csv; charset=utf-8", "inline"),
        ("figure.png", "image/png", "inline"),
        ("thing.unknown", "application/octet-stream", "attachment"),
    ],
)
async def test_a_file_comes_with_its_type_and_can_harm_nobody(anybody, compendium, name, kind, shown) -> None:
    answer = await anybody.get(f"/api/v1/compendium/{compendium.id}/data/{name}")
    assert (answer.status_code, answer.content) == (200, FILES[name])
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].startswith(shown)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("name", ["paper.html", "evil.xhtml", "page.mht", "figure.svg", "code.js"])
async def test_what_may_do_something_in_a_browser_is_on_another_origin(gateway, anybody, compendium, name) -> None:
    answer = await anybody.get(f"/api/v1/compendium/{compendium.id}/data/{name}")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("http://127.0.0.1:81/c/")


async def test_a_name_is_said_whole_and_adds_no_parameters(anybody, compendium) -> None:
    answer = await anybody.get(f'/api/v1/compendium/{compendium.id}/data/data/ä "x"; X-Evil: 1.txt')
    assert answer.content == b"odd"
    plain = "_ _x__ X-Evil: 1.txt"
    encoded = "%C3%A4%20%22x%22%3B%20X-Evil%3A%201.txt"
    assert answer.headers["content-disposition"] == f"inline; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def test_a_name_adds_no_headers() -> None:
    assert disposition("attachment", "a\r\nX-Evil: 1\0") == (
        "attachment; filename=\"a__X-Evil: 1_\"; filename*=UTF-8''a%0D%0AX-Evil%3A%201%00"
    )


_UP = ["..", "%2e%2e", "%252e%252e", "..;", "..%00", "..\\", "..%5c", "%c0%ae%c0%ae", "．．", ".%2e"]
_ENDS = ["", "/", "/.", "%2f", "\\", "%5c", "%00", "?", "#", "%"]
TRAVERSALS = [
    *("/".join([up] * depth) + "/etc/passwd" for up, depth in product(_UP, (1, 2, 5, 9))),
    *(f"{up}/main.R{end}" for up, end in product(_UP, _ENDS)),
    *(
        f"{lead}{path}"
        for lead, path in product(("/", "//", "%2f", "\\", "./", "file:"), ("etc/passwd", "proc/self/environ"))
    ),
    *(f"main.R{end}" for end in ("/", "/.", "/..", "%00", "%00.png", " ", ".", "::$DATA", "%20", "\\", "%0a")),
    *(f"data/{name}" for name in ("", ".", "..", "../main.R", "%2e%2e/main.R", "a%20b.csv/", "//a b.csv", "./a b.csv")),
    *("con" * count for count in (1, 400, 2000)),
    *("\u202e" + name for name in ("main.R", "gpj.exe", "a")),
    *(f"{digest}" for digest in ("0" * 64, "sha256/00/00/" + "0" * 64, "partial/0")),
    *(f"MAIN.R{number}" for number in range(20)),
]


def test_there_are_two_hundred_bad_paths() -> None:
    assert len(set(TRAVERSALS)) >= 200


async def test_a_path_is_looked_up_and_never_walked(gateway, anybody, compendium) -> None:
    job = await gateway.job(compendium)
    await gateway.services.records.move_job(job.id, lambda before: _with_outputs(before, compendium.manifest))
    candidate = await gateway.compendium(owner="ada", manifest=compendium.manifest)
    for path in TRAVERSALS:
        for place in (f"compendium/{compendium.id}", f"job/{job.id}", f"compendium/{candidate.id}"):
            answer = await anybody.get(f"/api/v1/{place}/data/{path}", follow_redirects=False)
            known = answer.status_code == 200 and answer.content in FILES.values()
            listed = answer.status_code == 200 and answer.headers["content-type"].startswith("application/json")
            assert answer.status_code in {302, 307, 404} or known or listed, (path, answer.status_code)
            assert b"root:" not in answer.content
            if place.endswith(candidate.id):
                assert answer.status_code != 200, path


def _with_outputs(job, manifest):
    return Advance(job.model_copy(update={"outputs": manifest, "version": job.version + 1}))


async def test_files_of_a_candidate_are_for_those_who_may_see_it(gateway, anybody) -> None:
    candidate = await gateway.compendium(manifest=workspace(gateway, FILES))
    base = f"/api/v1/compendium/{candidate.id}"
    for path in (f"{base}/data/", f"{base}/data/main.R", f"{base}.zip?image=false", f"{base}.tar?image=false"):
        assert (await anybody.get(path)).status_code == 404
        async with gateway.operator() as operator:
            answer = await operator.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"


async def test_parts_are_given_and_what_is_known_is_not_sent_again(anybody, compendium) -> None:
    path = f"/api/v1/compendium/{compendium.id}/data/data/a b.csv"
    whole = await anybody.get(path)
    assert int(whole.headers["content-length"]) == len(CSV)
    head = await anybody.head(path)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(CSV)))
    assert (await anybody.get(path, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    part = await anybody.get(path, headers={"Range": "bytes=2-5", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, CSV[2:6])
    assert part.headers["content-range"] == f"bytes 2-5/{len(CSV)}"
    assert (await anybody.get(path, headers={"Range": "bytes=2-5", "If-Range": '"other"'})).status_code == 200
    several = await anybody.get(path, headers={"Range": "bytes=0-1,-2"})
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert int(several.headers["content-length"]) == len(several.content)
    assert several.content.count(b"Content-Range: ") == 2
    none = await anybody.get(path, headers={"Range": "bytes=99999-"})
    assert (none.status_code, none.headers["content-range"]) == (416, f"bytes */{len(CSV)}")
    abuse = await anybody.get(path, headers={"Range": "bytes=" + ",".join(["0-"] * 1000)})
    assert abuse.status_code == 416


@pytest.mark.parametrize("name", ["figure.png", "photo.JPG", "moving.gif", "old.bmp", "new.webp"])
async def test_a_picture_is_made_as_wide_as_asked_for(anybody, compendium, name) -> None:
    path = f"/api/v1/compendium/{compendium.id}/data/{name}"
    for width, height in ((20, 10), (120, 60)):
        answer = await anybody.get(path, params={"size": width})
        assert answer.status_code == 200, answer.text
        assert Image.open(io.BytesIO(answer.content)).size == (width, height)
        again = await anybody.get(path, params={"size": width}, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert (await anybody.get(path)).content == FILES[name]


async def test_of_a_text_come_the_first_lines_and_other_files_are_as_they_are(anybody, compendium) -> None:
    base = f"/api/v1/compendium/{compendium.id}/data"
    assert (await anybody.get(f"{base}/data/a b.csv?size=2")).content == b"a,b\n0,0\n"
    assert (await anybody.get(f"{base}/data/a b.csv?size=5000")).content == CSV
    assert (await anybody.get(f"{base}/thing.unknown?size=1")).content == FILES["thing.unknown"]


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "", "4097", "99999999999", "100;touch x", "１", "%07"])
async def test_a_bad_size_is_refused(anybody, compendium, size) -> None:
    answer = await anybody.get(f"/api/v1/compendium/{compendium.id}/data/figure.png?size={size}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid size parameter")


async def test_a_lying_picture_is_refused(anybody, compendium) -> None:
    answer = await anybody.get(f"/api/v1/compendium/{compendium.id}/data/lying.png?size=10")
    assert (answer.status_code, answer.json()["code"]) == (415, "picture_unreadable")
    assert (await anybody.get(f"/api/v1/compendium/{compendium.id}/data/lying.png")).status_code == 200


async def test_many_ask_for_the_same_picture_at_once(gateway, anybody, compendium) -> None:
    path = f"/api/v1/compendium/{compendium.id}/data/figure.png?size=33"
    answers = await asyncio.gather(*(anybody.get(path) for _ in range(20)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    kept = [path for path in (gateway.services.settings.home / "cache" / "pictures").rglob("*") if path.is_file()]
    assert len(kept) == 1


async def test_a_zip_holds_the_files_and_says_where_it_is_from(anybody, compendium) -> None:
    path = f"/api/v1/compendium/{compendium.id}.zip?image=false"
    answer = await anybody.get(path)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{compendium.id}.zip"'
    assert "last-modified" in answer.headers
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert archive.comment == f"Created by o2r [http://127.0.0.1/api/v1/compendium/{compendium.id}.zip]".encode()
    tag = answer.headers["etag"]
    rest = await anybody.get(path, headers={"Range": "bytes=1000-", "If-Range": tag})
    assert (rest.status_code, rest.content) == (206, answer.content[1000:])
    head = await anybody.head(path)
    assert (head.headers["etag"], int(head.headers["content-length"])) == (tag, len(answer.content))


async def test_a_tar_comes_plain_or_gzipped(anybody, compendium) -> None:
    base = f"/api/v1/compendium/{compendium.id}"
    moved = await anybody.get(f"{base}.tar.gz?image=false")
    assert (moved.status_code, moved.headers["location"]) == (302, f"{base}.tar?gzip&image=false")
    plain, packed = await anybody.get(f"{base}.tar?image=false"), await anybody.get(moved.headers["location"])
    assert (plain.headers["content-type"], packed.headers["content-type"]) == ("application/x-tar", "application/gzip")
    assert packed.headers["content-disposition"] == f'attachment; filename="{compendium.id}.tar.gz"'
    assert "content-length" not in packed.headers
    for answer in (plain, packed):
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            assert {one.name: archive.extractfile(one).read() for one in archive.getmembers()} == FILES


async def test_the_image_comes_with_it_once_a_job_saved_one(gateway, anybody, compendium) -> None:
    base = f"/api/v1/compendium/{compendium.id}"
    missing = await anybody.get(f"{base}.zip")
    assert missing.status_code == 400
    assert missing.json()["error"] == (
        "Image tarball is missing, so it cannot be included. Please ensure a successful job execution first."
    )
    assert (await anybody.get(f"{base}.zip?image=maybe")).status_code == 400
    made = workspace(gateway, FILES | {"erc.yml": b"id: x\n", "Dockerfile": b"another", "output.txt": b"no"})
    image = gateway.services.blobs.put(b"the image")
    job = await gateway.job(compendium)
    await gateway.services.records.move_job(job.id, lambda before: _planned(before, made))
    await built(gateway, image)
    answer = await anybody.get(f"{base}.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert set(archive.namelist()) == {*FILES, "erc.yml", "image.tar"}
        assert archive.read("image.tar") == b"the image"
        assert archive.read("Dockerfile") == FILES["Dockerfile"]


def _planned(job, manifest):
    changes = {"manifest": manifest, "environment_key": "the-key", "version": job.version + 1}
    return Advance(job.model_copy(update=changes))


async def built(gateway, image: str) -> None:
    engine = create_engine(gateway.owner_url)
    async with engine.begin() as connection:
        await connection.execute(insert(tables.built).values(key="the-key", image_id="sha256:1", image=image))
    await engine.dispose()


async def test_what_is_not_there_is_not_found(gateway, anybody, compendium) -> None:
    for path in ("compendium/nothing", "compendium/nothing/data/", "compendium/nothing.zip", "compendium/nothing.tar"):
        assert (await anybody.get(f"/api/v1/{path}")).status_code == 404
    answer = await anybody.get(f"/api/v1/compendium/{compendium.id}/data/nothing.txt")
    assert (answer.status_code, answer.json()["error"]) == (404, "The file is not there")
    gateway.services.blobs.path(gateway.services.blobs.put(FILES["main.R"])).unlink()
    assert (await anybody.get(f"/api/v1/compendium/{compendium.id}/data/main.R")).status_code == 404
    assert (await anybody.get(f"/api/v1/compendium/{compendium.id}.zip?image=false")).status_code == 404


async def test_a_reader_who_goes_ends_the_sending_and_memory_stays_flat(gateway) -> None:
    large = gateway.services.blobs.put(bytes(1 << 20) for _ in range(64))
    manifest = Manifest([Entry(path=f"{number}.bin", digest=large, size_bytes=64 << 20) for number in range(50)])
    compendium = await gateway.compendium(candidate=False, manifest=gateway.services.blobs.put(manifest.document()))
    sent, gone = 0, asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        if sent > 40 << 20:
            gone.set()
        await asyncio.sleep(0)

    path = f"/api/v1/compendium/{compendium.id}.zip"
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"image=false",
        "headers": [(b"host", b"127.0.0.1")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
    }
    tracemalloc.start()
    await create_app(gateway.services)(scope, receive, send)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 40 << 20 < sent < 44 << 20
    assert peak < 16 << 20
