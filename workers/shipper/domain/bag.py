"""A BagIt 1.0 bag (RFC 8493) of a compendium: its SHA-256 manifest is the workspace's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from erc.schemas.ids import Digest
from erc.schemas.shipment import PackRecord
from erc.schemas.workspace import Manifest

IMAGE = "image.tar"


@dataclass(frozen=True)
class BagFile:
    """One file of the bag: where it lies and what it holds, a text made here or a blob."""

    path: str
    size_bytes: int
    digest: Digest
    text: bytes | None = None
    executable: bool = False


def bag_files(record: PackRecord, manifest: Manifest, size: Callable[[Digest], int], date: str) -> list[BagFile]:
    """Return the files of the bag in order, tag files first; `date` is the bagging date as an ISO date."""
    payload = [
        BagFile(f"data/{entry.path}", entry.size_bytes, entry.digest, executable=entry.executable)
        for entry in manifest.entries()
        if entry.path not in record.documents and not (record.image and entry.path == IMAGE)
    ]
    payload += [_text(f"data/{path}", text) for path, text in sorted(record.documents.items())]
    if record.image:
        payload.append(BagFile(f"data/{IMAGE}", size(record.image), record.image))
    payload = [file for file in payload if file.path.removeprefix("data/") not in record.left_out]
    tags = [
        _text("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"),
        _text("bag-info.txt", _info(record, payload, date)),
        _text("manifest-sha256.txt", "".join(f"{file.digest}  {_encoded(file.path)}\n" for file in payload)),
    ]
    tag_manifest = "".join(f"{file.digest}  {file.path}\n" for file in tags)
    return [*tags, _text("tagmanifest-sha256.txt", tag_manifest), *payload]


def _info(record: PackRecord, payload: list[BagFile], date: str) -> str:
    octets = sum(file.size_bytes for file in payload)
    lines = {
        "Bag-Software-Agent": "erc",
        "Bagging-Date": date,
        "Contact-Name": _line(record.contact_name),
        "External-Identifier": _line(record.external_identifier),
        "Bag-Size": f"{octets} B",
        "Payload-Oxum": f"{octets}.{len(payload)}",
        "Is-Executable-Research-Compendium": "true",
    }
    return "".join(f"{label}: {value}\n" for label, value in lines.items() if value)


def _line(text: str) -> str:
    return " ".join(text.split())


def _encoded(path: str) -> str:
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _text(path: str, text: str) -> BagFile:
    data = text.encode()
    return BagFile(path, len(data), hashlib.sha256(data).hexdigest(), data)
