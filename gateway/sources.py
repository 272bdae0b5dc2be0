"""Remote sources of compendia, as the o2r service knows them: what is asked for, and what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from erc.gateway.errors import Refused

NAMES = ("share_url", "doi", "zenodo_record_id")
"""The parameters that name a source, the one that counts first."""
ZENODO, SANDBOX = "zenodo.org", "sandbox.zenodo.org"

_DOI = re.compile(r"[0-9]+\.[0-9]+/zenodo\.([0-9]{1,18})", re.ASCII)
_RECORD = re.compile(r"[0-9]{1,18}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)


@dataclass(frozen=True)
class Share:
    """A public share of a Sciebo host: its token, and which part of it is meant."""

    host: str
    token: str
    path: str


@dataclass(frozen=True)
class Record:
    """A record of Zenodo, and which of its files is meant; the only archive when none is named."""

    host: str
    number: int
    filename: str


def source_of(fields: Mapping[str, str]) -> Share | Record | None:
    """Return the source that the fields name, None when they name none; raises Refused (403, 422)."""
    filename = fields.get("filename", "")
    if "share_url" in fields:
        return _of_address(fields["share_url"], fields.get("path") or "/", filename)
    if "doi" in fields:
        return Record(ZENODO, _of_doi(fields["doi"]), filename)
    if "zenodo_record_id" in fields:
        number = fields["zenodo_record_id"]
        if not _RECORD.fullmatch(number):
            raise Refused(422, "zenodo_record_id is invalid", "It is the number at the end of the record's address.")
        return Record(ZENODO, int(number), filename)
    return None


def _of_address(text: str, path: str, filename: str) -> Share | Record:
    address = _address(text)
    host, last = (address.hostname or "").lower(), address.path.rstrip("/").rpartition("/")[2]
    if host in {ZENODO, SANDBOX}:
        if not _RECORD.fullmatch(last):
            raise Refused(422, "zenodo ID is not a number", "Give the address of a record, which ends with its number.")
        return Record(host, int(last), filename)
    if host == "doi.org":
        return Record(ZENODO, _of_doi(address.path.lstrip("/")), filename)
    if host.split(".")[-2:-1] != ["sciebo"]:
        raise Refused(403, "host is not allowed", f"Sciebo and Zenodo are known, {host} is not.")
    if not _TOKEN.fullmatch(last):
        raise Refused(422, "public share URL is invalid", "Give the address of a share as Sciebo shows it.")
    return Share(host, last, path)


def _address(text: str) -> SplitResult:
    try:
        address = urlsplit(text)
        usable = address.scheme in {"http", "https"} and address.hostname and not address.username and not address.port
    except ValueError:
        usable = False
    if not usable or not text.isascii() or not text.isprintable():
        raise Refused(422, "public share URL is invalid", "It begins with https:// and names a host, without a port.")
    return address


def _of_doi(text: str) -> int:
    found = _DOI.fullmatch(text.removeprefix("https://doi.org/"))
    if not found:
        raise Refused(
            422, "DOI is invalid", "Records of Zenodo can be loaded; their DOIs look like 10.5281/zenodo.123."
        )
    return int(found[1])
