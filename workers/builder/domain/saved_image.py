"""An image as `docker save` writes it: whether it is one, which one, and the same without its names.

An archive that came from outside is hostile: its names would be given to images of the engine that others stand on.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from erc.events.errors import Rejected

_ID = "[0-9a-f]{64}"
_NAMES = re.compile(
    rf"manifest\.json|index\.json|oci-layout|repositories|blobs|blobs/sha256|blobs/sha256/{_ID}"
    rf"|{_ID}\.json|{_ID}|{_ID}/(?:VERSION|json|layer\.tar)"
)
_LINK = re.compile(rf"\.\./{_ID}/layer\.tar")
_LAYER = re.compile(rf"{_ID}/layer\.tar|blobs/sha256/{_ID}")
_CONFIG = re.compile(rf"{_ID}\.json|blobs/sha256/{_ID}")
_MANIFEST, _INDEX, _NAMED = "manifest.json", "index.json", "repositories"
_MOST_ENTRIES, _JSON_BYTES, _PIECE_BYTES = 4096, 4 << 20, 1 << 20
_NOT_AS_EXPECTED = (KeyError, TypeError, AttributeError, ValueError, RecursionError)
_REGULAR = {tarfile.REGTYPE, tarfile.AREGTYPE}


@dataclass(frozen=True)
class SavedImage:
    """An image in an archive. `platform` such as `linux/amd64`."""

    image_id: str
    platform: str


_OURS = ("org.erc.job", "org.erc.attempt", "org.erc.home")
"""Labels by which this service finds its runs again: those of an image go over to its containers."""


class NoImage(ValueError):  # noqa: N818 - says what it is, as the other failures of this service
    """It is an archive of an image, and cannot be used: a sentence without its end."""


def unusable(why: str) -> Rejected:
    """Return what the author is told of an image that cannot be used."""
    return Rejected(
        "The image that the compendium brings cannot be used",
        f"image.tar: {why}. Remove it to have the environment built.",
        code="image_unusable",
    )


def unfit(image: Mapping[str, Any]) -> str:
    """Return why no run may have an image, as the engine describes it; empty when one may.

    A volume that an image declares can be written beside the workspace, without limit.
    """
    config = image.get("Config") or {}
    # The workspace is mounted there in every run, and images of this service say so.
    volumes = sorted({str(path).rstrip("/") for path in config.get("Volumes") or {}} - {"/erc"})
    labels = sorted(config.get("Labels") or {})
    if volumes:
        return f"it declares volumes ({', '.join(volumes)[:80]}), which no run has"
    ours = next((label for label in labels if label in _OURS), "")
    return f"its label {ours} is for runs of this service" if ours else ""


def read_saved(file: IO[bytes]) -> SavedImage | None:
    """Return the one image of an archive, None when it is no archive of images at all; raises `NoImage`.

    Only headers and small documents are read, however large its layers are.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            entries = _entries(archive)
            return _read(archive, entries) if _MANIFEST in entries else None
    except (tarfile.TarError, EOFError):
        return None
    except NoImage:
        raise
    except _NOT_AS_EXPECTED as error:
        raise NoImage("its documents are not those of an image") from error


def nameless(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the archive, one that `read_saved` took, without the names that its image had; raises `NoImage`."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for name, entry in _entries(archive, strict=True).items():
                if name == _NAMED:
                    continue
                content: IO[bytes] | None = archive.extractfile(entry) if entry.isreg() else None
                size = entry.size
                if name in {_MANIFEST, _INDEX}:
                    text = json.dumps(_unnamed(_document(archive, entry))).encode()
                    content, size = io.BytesIO(text), len(text)
                yield _header(name, entry, size)
                yield from _padded(content, size) if content else ()
    except NoImage:
        raise
    except (tarfile.TarError, EOFError, *_NOT_AS_EXPECTED) as error:
        raise NoImage("it is cut or broken") from error
    yield bytes(2 * tarfile.BLOCKSIZE)


def _entries(archive: tarfile.TarFile, *, strict: bool = False) -> dict[str, tarfile.TarInfo]:
    """Return the entries by name; raises `NoImage` for an archive of an image that holds what none has."""
    found: dict[str, tarfile.TarInfo] = {}
    wrong = ""
    for number, entry in enumerate(archive):
        name = entry.name.removeprefix("./").rstrip("/")
        wrong = wrong or ("it holds something twice" if name in found else _wrong(name, entry))
        if number >= _MOST_ENTRIES:
            wrong = f"it has more than {_MOST_ENTRIES} entries"
            break
        found[name] = entry
    if wrong and (strict or _MANIFEST in found):
        raise NoImage(wrong)
    return found


def _wrong(name: str, entry: tarfile.TarInfo) -> str:
    if not _NAMES.fullmatch(name):
        return f"it holds {name[:80]!r}"
    if entry.issym():
        return "" if name.endswith("/layer.tar") and _LINK.fullmatch(entry.linkname) else "it holds a link elsewhere"
    usual = entry.isdir() or (entry.type in _REGULAR and entry.sparse is None)
    return "" if usual else f"{name[:80]!r} is no file"


def _read(archive: tarfile.TarFile, entries: dict[str, tarfile.TarInfo]) -> SavedImage | None:
    documents = _document(archive, entries[_MANIFEST])
    if not isinstance(documents, list) or len(documents) != 1:
        raise NoImage("it does not hold exactly one image")
    config, layers = documents[0]["Config"], documents[0]["Layers"]
    if not _CONFIG.fullmatch(config) or not all(_LAYER.fullmatch(layer) and layer in entries for layer in layers):
        raise NoImage("it lacks what its list names")
    text = _text(archive, entries[config])
    about = json.loads(text)
    platform = f"{about['os']}/{about['architecture']}"
    return SavedImage(f"sha256:{hashlib.sha256(text).hexdigest()}", platform[:80])


def _text(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry) if entry.type in _REGULAR and entry.size <= _JSON_BYTES else None
    if file is None:
        raise NoImage("one of its documents is too large")
    return file.read()


def _document(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Any:
    text = _text(archive, entry)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoImage("one of its documents cannot be read") from error


def _unnamed(document: Any) -> Any:
    """Return a list of images without their names, as Docker (`manifest.json`) and OCI (`index.json`) write them."""
    if isinstance(document, list):
        return [{**image, "RepoTags": None} for image in document]
    return {**document, "manifests": [_bare(manifest) for manifest in document["manifests"]]}


def _bare(manifest: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in manifest.items() if name != "annotations"}


def _header(name: str, entry: tarfile.TarInfo, size_bytes: int) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.mode = entry.type if not entry.isreg() else tarfile.REGTYPE, 0o755 if entry.isdir() else 0o644
    header.linkname, header.size = entry.linkname if entry.issym() else "", size_bytes if entry.isreg() else 0
    return header.tobuf(tarfile.GNU_FORMAT)


def _padded(content: IO[bytes], size_bytes: int) -> Iterator[bytes]:
    left = size_bytes
    while left:
        piece = content.read(min(left, _PIECE_BYTES))
        if not piece:
            raise NoImage("it is cut")
        left -= len(piece)
        yield piece
    yield bytes(-size_bytes % tarfile.BLOCKSIZE)
