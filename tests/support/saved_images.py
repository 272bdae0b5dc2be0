"""Archives as `docker save` writes them, made by hand."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

LAYER = "1" * 64
CONFIG = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {}}).encode()
NAME = f"{hashlib.sha256(CONFIG).hexdigest()}.json"
LIST = [{"Config": NAME, "RepoTags": ["erc-base:bookworm"], "Layers": [f"{LAYER}/layer.tar"]}]
FILES: dict[str, bytes] = {
    NAME: CONFIG,
    f"{LAYER}/layer.tar": b"l" * 1500,
    "manifest.json": json.dumps(LIST).encode(),
    "repositories": b'{"erc-base": {"bookworm": "x"}}',
}


def packed(files: dict[str, bytes], *more: tarfile.TarInfo) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
        for entry in more:
            archive.addfile(entry)
    buffer.seek(0)
    return buffer


def entry(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, link
    return about
