"""The whole service with its blobs in a bucket: an upload, a source in pieces and a repository become workspaces."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.git_server import GitServer, Repository, git_server
from support.servers import S3, s3, s3_program
from support.service import TEXT_PAPER, Service, packed, running

SECRET = "erc-secret-of-tests"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    program = s3_program()
    if program is None:
        pytest.skip("There is no S3 server (versitygw): run `make setup-s3`")
    with s3(tmp_path_factory.mktemp("s3"), program) as running_bucket:
        yield running_bucket


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, bucket: S3) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("sources") / "home"
    home.mkdir()
    secret = home.parent / "secret"
    secret.write_text(bucket.secret_key)
    environment = {
        "BLOBS_URL": f"s3://{bucket.bucket}/erc",
        "BLOBS_ENDPOINT": bucket.url,
        "BLOBS_ACCESS_KEY": bucket.access_key,
        "BLOBS_SECRET_KEY_FILE": str(secret),
        "SOURCES_ALLOW_LOOPBACK": "1",
        "LOG_LEVEL": "debug",
    }
    with running(home, **environment) as service:
        yield service


def ready(service: Service, identifier: str) -> dict[str, Any]:
    deadline = time.monotonic() + 40
    while (found := service.get(f"/api/v1/compendium/{identifier}"))["status"] not in {"ready", "rejected"}:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_an_upload_is_loaded_described_and_handed_out_from_a_bucket(stack: Service) -> None:
    with stack.client() as client:
        made = client.post(
            "/api/v1/compendium",
            data={"content_type": "workspace"},
            files={"compendium": ("a.zip", packed(TEXT_PAPER))},
            headers={"Prefer": "respond-async"},
        )
        identifier = made.json()["id"]
        assert ready(stack, identifier)["status"] == "ready"
        name, content = next(iter(TEXT_PAPER.items()))
        answer = client.get(f"/api/v1/compendium/{identifier}/data/{name}")
        assert answer.content == (content if isinstance(content, bytes) else content.encode())
        assert client.get(f"/api/v1/compendium/{identifier}.zip?image=false").content[:4] == b"PK\x03\x04"
    assert not (stack.home / "blobs").exists()


def test_a_source_in_pieces_becomes_a_workspace(stack: Service) -> None:
    archive = packed(TEXT_PAPER)
    begun = stack.post("/api/v1/sources", {"digest": hashlib.sha256(archive).hexdigest(), "size": len(archive)})
    with stack.client() as client:
        path = f"/api/v1/sources/{begun.get('upload')}"
        if "source" not in begun:
            assert client.patch(path, content=archive, headers={"Upload-Offset": "0"}).status_code == 204
            begun = client.post(f"{path}/complete").json()
        made = client.post("/api/v1/compendium", json={"source": begun["source"]}, headers={"Prefer": "respond-async"})
    assert ready(stack, made.json()["id"])["status"] == "ready"


def test_a_repository_becomes_a_workspace_and_a_hostile_one_a_problem(stack: Service, server: GitServer) -> None:
    files = {name: text if isinstance(text, bytes) else text.encode() for name, text in TEXT_PAPER.items()}
    commit = Repository(server.root, "ada/paper").commit({f"papers/one/{name}": text for name, text in files.items()})
    Repository(server.root, "eve/link").commit({"main.R": b"1"}, links={"passwd": "/etc/passwd"})
    with stack.client() as client:

        def create(source: str) -> str:
            made = client.post("/api/v1/compendium", json={"source": source}, headers={"Prefer": "respond-async"})
            assert made.status_code == 202, made.text
            return str(made.json()["id"])

        found = ready(stack, create(f"{server.url}/ada/paper@main#papers/one"))
        assert (found["status"], found["origin"]["commit"]) == ("ready", commit)
        refused = ready(stack, create(f"{server.url}/eve/link"))
        assert (refused["status"], "passwd" in refused["problem"]["detail"]) == ("rejected", True)


def test_no_log_holds_the_key_of_the_bucket(stack: Service) -> None:
    texts = [path.read_text(errors="replace") for path in (stack.home / "logs").rglob("*") if path.is_file()]
    assert any(texts)
    assert not [text for text in texts if SECRET in text]


@pytest.fixture(scope="module", autouse=True)
def nothing_left(tmp_path_factory: pytest.TempPathFactory, stack: Service) -> Iterator[None]:
    yield
    for folder in ("staging", "fetching"):
        left: list[Path] = list((stack.home / folder).iterdir()) if (stack.home / folder).exists() else []
        assert not left
