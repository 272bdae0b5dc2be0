from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from erc.schemas.workspace import Entry, Manifest
from erc.workers.loader.domain import validate_bag

PAYLOAD = {"data/main.Rmd": b"text", "data/ä b.csv": b"1,2"}
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def listing(algorithm: str, files: dict[str, bytes]) -> bytes:
    return "".join(
        f"{hashlib.new(algorithm, content).hexdigest()}  {path}\n" for path, content in files.items()
    ).encode()


def a_bag(algorithm: str = "sha256", payload: dict[str, bytes] = PAYLOAD) -> dict[str, bytes]:
    files = {"bagit.txt": DECLARATION, f"manifest-{algorithm}.txt": listing(algorithm, payload), **payload}
    tags = {path: content for path, content in files.items() if not path.startswith("data/")}
    files[f"tagmanifest-{algorithm}.txt"] = listing(algorithm, tags)
    return files


def problems(files: dict[str, bytes]) -> list[str]:
    blobs = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    entries = [
        Entry(path=path, digest=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
        for path, content in files.items()
    ]
    found = validate_bag(Manifest(entries), blobs.__getitem__)

    def in_pieces(digest: str) -> Iterator[bytes]:
        for start in range(0, len(blobs[digest]), 2):
            yield blobs[digest][start : start + 2]

    assert validate_bag(Manifest(entries), in_pieces) == found
    assert all(problem.isprintable() for problem in found)
    return found


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_a_valid_bag_has_no_problems(algorithm: str) -> None:
    assert problems(a_bag(algorithm)) == []


@pytest.mark.parametrize("algorithm", ["md5", "sha256", "sha512"])
def test_a_changed_file_is_a_problem(algorithm: str) -> None:
    found = problems(a_bag(algorithm) | {"data/main.Rmd": b"other"})
    assert found == [f"“data/main.Rmd” does not have the {algorithm} checksum that the bag lists."]


def test_a_changed_tag_file_is_a_problem() -> None:
    assert (
        "“bag-info.txt”"
        in problems(a_bag() | {"bag-info.txt": b"x", "tagmanifest-md5.txt": listing("md5", {"bag-info.txt": b"y"})})[0]
    )


def test_a_missing_and_an_unlisted_file_are_problems() -> None:
    files = a_bag()
    files["data/new"] = files.pop("data/main.Rmd")
    found = problems(files)
    assert any("“data/main.Rmd”, which is not in the bag" in problem for problem in found)
    assert any("“data/new” is not listed" in problem for problem in found)
    assert len(found) == 2


def test_every_manifest_must_list_every_file_since_version_1() -> None:
    files = a_bag() | {"manifest-md5.txt": listing("md5", {"data/main.Rmd": b"text"})}
    assert any("every payload manifest" in problem for problem in problems(files))
    older = {path: content for path, content in files.items() if not path.startswith("tag")}
    assert problems(older | {"bagit.txt": DECLARATION.replace(b"1.0", b"0.97")}) == []


def test_files_to_be_fetched_are_refused() -> None:
    assert "fetch.txt" in problems(a_bag() | {"fetch.txt": b"http://127.0.0.1/ 5 data/x\n"})[0]


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "bagit.txt", "data/../../x"])
def test_a_path_outside_the_payload_is_a_problem(path: str) -> None:
    files = a_bag()
    files["manifest-sha256.txt"] += f"{'0' * 64}  {path}\n".encode()
    assert len(problems(files)) >= 1


def test_other_ways_to_write_a_path_are_understood() -> None:
    payload = {"data/a\u0301.txt": b"1", "data/50%.txt": b"2", "data/x.txt": b"3"}
    text = listing("sha256", payload).decode()
    text = (
        text.replace("a\u0301", "\u00e1")
        .replace("50%", "50%25")
        .replace("  data/x", " *./data/x")
        .replace("\n", "\r\n")
    )
    files = {"bagit.txt": DECLARATION, "manifest-sha256.txt": text.encode(), **payload}
    assert problems(files) == []


def test_files_that_the_loader_left_out_are_not_missed() -> None:
    payload = PAYLOAD | {"data/.DS_Store": b"x", "data/.git/HEAD": b"x", "data/._main.Rmd": b"x"}
    files = {"bagit.txt": DECLARATION, "manifest-sha256.txt": listing("sha256", payload), **PAYLOAD}
    assert problems(files) == []


@pytest.mark.parametrize(
    "declaration",
    [b"", b"BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n", b"BagIt-Version: 1.0\n", b"\xff",
     b"BagIt-Version: 1.0\nTag-File-Character-Encoding: rot13\n", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: no-such\n"],
)  # fmt: skip
def test_a_wrong_declaration_is_a_problem(declaration: bytes) -> None:
    files = {"bagit.txt": declaration, "manifest-sha256.txt": listing("sha256", PAYLOAD), **PAYLOAD}
    assert len(problems(files)) == 1
    assert "bagit.txt" in problems(files)[0] or "UTF-8" in problems(files)[0]


def test_a_bag_in_latin_1_is_read() -> None:
    declaration = DECLARATION.replace(b"UTF-8", b"ISO-8859-1")
    text = listing("sha256", PAYLOAD).decode().encode("latin-1")
    assert problems({"bagit.txt": declaration, "manifest-sha256.txt": text, **PAYLOAD}) == []


def test_a_bag_without_payload_or_manifest_has_problems() -> None:
    assert len(problems({"bagit.txt": DECLARATION, "manifest-sha256.txt": b""})) == 1
    assert any("payload manifest" in problem for problem in problems({"bagit.txt": DECLARATION, **PAYLOAD}))
    assert problems({"data/a": b""}) != []


def test_garbage_lines_are_problems_but_not_endless_ones() -> None:
    files = a_bag()
    del files["tagmanifest-sha256.txt"]
    files["manifest-sha256.txt"] += b"".join(b"\x1b[31m %d\n" % number for number in range(1000))
    found = problems(files)
    assert len(found) == 101
    assert "more problems" in found[-1]
