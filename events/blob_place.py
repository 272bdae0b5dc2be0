"""Where the blobs are, as the settings `BLOBS_*` say: a folder of the service's home, or a bucket."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from erc.events.blobs import BlobStore, FileBlobStore
from erc.events.errors import Unavailable

CACHE_BYTES = 50 << 30
_SCHEMES = {"s3"}


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3 service and how to get at it. Keys are not shown."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    """Address of the service; empty for Amazon's own."""
    region: str = "us-east-1"
    path_style: bool = True
    """Whether the bucket stands in the path of an address, not in its host name."""
    certificate: str = ""
    """PEM text of a certificate authority that is trusted beside the usual ones."""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class BlobPlace:
    """Where the blobs are; small, so that a limited child can be told."""

    home: Path
    """The service's state folder: `blobs` in it, or `cache/blobs` beside a bucket."""
    bucket: Bucket | None = None
    cache_bytes: int = CACHE_BYTES

    def store(self) -> BlobStore:
        """Return the store; one a process. Raises Unavailable when a package for it is not installed."""
        return _store(self)

    @classmethod
    def read(cls, home: Path, environ: Mapping[str, str] | None = None) -> BlobPlace:
        """Read `BLOBS_*`. Raises Unavailable for settings that cannot be used."""
        env = os.environ if environ is None else environ
        if not env.get("BLOBS_URL"):
            return cls(home)
        return cls(home, _bucket(env), int(env.get("BLOBS_CACHE_BYTES", CACHE_BYTES)))


def _bucket(env: Mapping[str, str]) -> Bucket:
    address = urlsplit(env["BLOBS_URL"])
    if address.scheme not in _SCHEMES or not address.hostname or address.username or address.query:
        raise Unavailable("BLOBS_URL is not understood: write s3://BUCKET or s3://BUCKET/PREFIX, without keys")
    endpoint = env.get("BLOBS_ENDPOINT", "")
    authority = env.get("BLOBS_CA_FILE", "")
    return Bucket(
        name=address.netloc,
        prefix=address.path.strip("/"),
        endpoint=endpoint,
        region=env.get("BLOBS_REGION", "us-east-1"),
        path_style=env.get("BLOBS_PATH_STYLE", "1" if endpoint else "0").lower() in {"1", "true", "yes"},
        certificate=_text(authority, "BLOBS_CA_FILE") if authority else "",
        access_key=_secret(env, "BLOBS_ACCESS_KEY"),
        secret_key=_secret(env, "BLOBS_SECRET_KEY"),
    )


def _secret(env: Mapping[str, str], name: str) -> str:
    """Return a secret: from the file that `NAME_FILE` names, else from `NAME`."""
    file = env.get(f"{name}_FILE")
    secret = _text(file, f"{name}_FILE").strip() if file else env.get(name, "")
    if not secret:
        raise Unavailable(f"BLOBS_URL is set and {name} is not: set it, or {name}_FILE to a file that holds it")
    return secret


def _text(file: str, name: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Unavailable(f"The file that {name} names cannot be read") from error


@functools.lru_cache(8)
def _store(place: BlobPlace) -> BlobStore:
    if place.bucket is None:
        return FileBlobStore(place.home / "blobs")
    try:
        s3: Any = importlib.import_module("erc.events.object_buckets")
    except ModuleNotFoundError as error:
        raise Unavailable("BLOBS_URL needs the package obstore: install erc[server,s3]") from error
    store: BlobStore = s3.connected(place.bucket, place.home / "cache" / "blobs", place.cache_bytes)
    return store
