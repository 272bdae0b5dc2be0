"""Checks a BagIt bag (RFC 8493, and 0.93 to 0.97 before it) by its manifest files."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from erc.schemas.ids import Digest
from erc.schemas.limits import MIB
from erc.schemas.workspace import Entry, Manifest
from erc.workers.loader.domain.names import left_out
from erc.workers.loader.domain.refusals import shown

Read = Callable[[Digest], bytes | Iterable[bytes]]
"""Returns a blob's bytes, whole or in pieces."""
ALGORITHMS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
"""Length of their checksums in hexadecimal characters."""
VERSIONS = frozenset({"0.93", "0.94", "0.95", "0.96", "0.97", "1.0"})
ENCODINGS = frozenset({"utf-8", "ascii", "iso8859-1", "utf-16"})
TAG_FILE_BYTES = 64 * MIB
MOST_PROBLEMS = 100
_MANIFEST = re.compile(r"(tag)?manifest-([a-z0-9]+)\.txt")
_DECLARATION = re.compile(r"BagIt-Version:[ \t]*([0-9.]{1,8})\s*\nTag-File-Character-Encoding:[ \t]*([-\w]{1,40})\s*")
_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+\*?(\S.*)")
_ESCAPED = re.compile(r"%(0[AaDd]|25)")


@dataclass
class _Bag:
    manifest: Manifest
    read: Read
    version: str = ""
    encoding: str = "utf-8"
    problems: list[str] = field(default_factory=list)
    expected: dict[str, dict[str, str]] = field(default_factory=dict)
    """Path to algorithm to checksum."""

    def __post_init__(self) -> None:
        self.by_form = {_form(entry.path): entry for entry in self.manifest.entries()}

    def text(self, path: str, encoding: str) -> str | None:
        """Return a tag file's text, or None and a problem."""
        entry = self.manifest.get(path)
        if entry is None or entry.size_bytes > TAG_FILE_BYTES:
            self.problems.append(f"{shown(path)} is missing or too large.")
            return None
        try:
            return b"".join(_pieces(self.read(entry.digest))).decode(encoding)
        except UnicodeError:
            self.problems.append(f"{shown(path)} is not in {encoding}.")
            return None


def validate_bag(manifest: Manifest, read: Read) -> list[str]:
    """Return what is wrong with a bag, in sentences; none when it is valid.

    SHA-256 checksums are compared with the manifest's digests; for others each file is read once, so `read` had
    better return pieces where files may be large. Files that the loader leaves out of workspaces are not missed.
    """
    bag = _Bag(manifest, read)
    _declaration(bag)
    if "fetch.txt" in manifest:
        bag.problems.append("“fetch.txt” is not taken: put the files that it names into the bag.")
    listed = [_listed(bag, path, *found.groups()) for path, found in _manifest_files(manifest)]
    payload = [names for tag, names in listed if not tag]
    if not payload:
        bag.problems.append("There is no payload manifest, such as “manifest-sha256.txt”, of a known algorithm.")
    else:
        _unlisted(bag, payload)
    for path, checksums in bag.expected.items():
        if len(bag.problems) >= MOST_PROBLEMS:
            break
        _compare(bag, path, checksums)
    if len(bag.problems) >= MOST_PROBLEMS:
        return [*bag.problems[:MOST_PROBLEMS], "There are more problems than are listed here."]
    return bag.problems


def _declaration(bag: _Bag) -> None:
    text = bag.text("bagit.txt", "utf-8")
    if text is None:
        return
    found = _DECLARATION.fullmatch(text)
    if not found or found[1] not in VERSIONS:
        bag.problems.append("“bagit.txt” must name a BagIt version from 0.93 to 1.0 and the encoding of the tag files.")
        return
    bag.version = found[1]
    try:
        bag.encoding = codecs.lookup(found[2]).name
    except LookupError:
        bag.encoding = ""
    if bag.encoding not in ENCODINGS:
        bag.problems.append(f"The tag files are in {shown(found[2])}; use UTF-8.")
        bag.encoding = "utf-8"


def _manifest_files(manifest: Manifest) -> Iterator[tuple[str, re.Match[str]]]:
    for entry in manifest.entries():
        found = _MANIFEST.fullmatch(entry.path)
        if found and found[2] in ALGORITHMS:
            yield entry.path, found


def _listed(bag: _Bag, path: str, tag: str | None, algorithm: str) -> tuple[bool, set[str]]:
    names: set[str] = set()
    text = bag.text(path, bag.encoding) or ""
    for line in re.finditer(r"[^\r\n]+", text):
        found = _LINE.fullmatch(line[0])
        if not found or len(found[1]) != ALGORITHMS[algorithm]:
            _add(bag, f"{shown(path)} has a line that is not a checksum and a path: {shown(line[0])}.")
            continue
        name = _form(_ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found[2]).removeprefix("./"))
        if name.startswith("data/") is (tag is not None):
            _add(bag, f"{shown(path)} lists {shown(name)}, which does not belong there.")
        elif name in names:
            _add(bag, f"{shown(path)} lists {shown(name)} twice.")
        elif name in bag.by_form:
            _expect(bag, name, algorithm, found[1].lower())
        elif not left_out(name) and not name.rpartition("/")[2].startswith("._"):
            _add(bag, f"{shown(path)} lists {shown(name)}, which is not in the bag.")
        names.add(name)
    return tag is not None, names


def _expect(bag: _Bag, name: str, algorithm: str, checksum: str) -> None:
    bag.expected.setdefault(name, {})[algorithm] = checksum


def _add(bag: _Bag, problem: str) -> None:
    if len(bag.problems) < MOST_PROBLEMS:
        bag.problems.append(problem)


def _unlisted(bag: _Bag, payload: list[set[str]]) -> None:
    found = [name for name in bag.by_form if name.startswith("data/")]
    if not found:
        bag.problems.append("There is no file in the folder “data”.")
    enough = set.intersection(*payload) if bag.version == "1.0" else set.union(*payload)
    for name in found:
        if name not in enough:
            _add(bag, f"{shown(name)} is not listed in {'every' if bag.version == '1.0' else 'any'} payload manifest.")


def _compare(bag: _Bag, name: str, checksums: dict[str, str]) -> None:
    entry = bag.by_form[name]
    wrong = [algorithm for algorithm, actual in _actual(bag, entry, checksums) if checksums[algorithm] != actual]
    if wrong:
        _add(bag, f"{shown(name)} does not have the {' and '.join(wrong)} checksum that the bag lists.")


def _actual(bag: _Bag, entry: Entry, algorithms: Iterable[str]) -> Iterator[tuple[str, str]]:
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms if name != "sha256"}
    if hashes:
        for piece in _pieces(bag.read(entry.digest)):
            for one in hashes.values():
                one.update(piece)
    for name in algorithms:
        yield name, entry.digest if name == "sha256" else hashes[name].hexdigest()


def _pieces(content: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return [content] if isinstance(content, bytes) else content


def _form(path: str) -> str:
    """Return the one way of writing accents in which paths are compared; macOS lists others than it packs."""
    return unicodedata.normalize("NFC", path)
