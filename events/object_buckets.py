"""Connects to a bucket."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from obstore.store import S3Store

from erc.events.blob_cache import BlobCache
from erc.events.blob_place import Bucket
from erc.events.object_blobs import ObjectBlobStore

if TYPE_CHECKING:
    from obstore.store import ClientConfig  # a name for type checkers only

CONNECT = timedelta(seconds=5)
QUIET = timedelta(seconds=60)
"""How long the store may be silent in the middle of an answer."""
ANSWER = timedelta(minutes=10)
TRIES, TRYING = 4, timedelta(seconds=30)


def connected(bucket: Bucket, cache: Path, cache_bytes: int) -> ObjectBlobStore:
    """Return the store in a bucket; nothing is asked of it yet."""
    client: ClientConfig = {
        "allow_http": bucket.endpoint.startswith("http://"),
        "connect_timeout": CONNECT,
        "read_timeout": QUIET,
        "timeout": ANSWER,
    }
    if bucket.certificate:
        client["root_certificate"] = bucket.certificate
    store = S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        endpoint=bucket.endpoint or None,
        region=bucket.region,
        virtual_hosted_style_request=not bucket.path_style,
        access_key_id=bucket.access_key,
        secret_access_key=bucket.secret_key,
        client_options=client,
        retry_config={"max_retries": TRIES, "retry_timeout": TRYING},
    )
    return ObjectBlobStore(store, BlobCache(cache, cache_bytes))
