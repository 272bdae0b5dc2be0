"""A failure is explained from the workspace; what cannot be read harms nothing."""

from __future__ import annotations

from pathlib import Path

from erc.events.blobs import FileBlobStore, put_document
from erc.schemas.metadata import Description, Kind
from erc.schemas.problem import Problem
from erc.schemas.workspace import Entry, Manifest
from erc.workers.diagnosing import FILE_BYTES, explained

SAID = "ModuleNotFoundError: No module named 'seaborn'"
PROBLEM = Problem(code="script_failed", title="The script ended with exit code 1")


def asked(blobs: FileBlobStore, files: dict[str, bytes]) -> Problem:
    entries = [Entry(path=path, digest=blobs.put(data), size_bytes=len(data)) for path, data in files.items()]
    manifest = blobs.put(Manifest(entries).document())
    about = Description(kind=Kind.PYTHON_SCRIPT, main="main.py", display="a.png", manifest=manifest)
    return explained(PROBLEM, SAID, blobs, manifest, put_document(blobs, about))


def test_the_change_is_made_to_the_file_of_the_workspace(tmp_path: Path) -> None:
    found = asked(FileBlobStore(tmp_path), {"requirements.txt": b"numpy\n"}).diagnosis
    assert found
    assert found.edits[0].content == "numpy\nseaborn\n"


def test_a_file_that_is_no_text_or_too_large_is_not_changed(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"#" * (FILE_BYTES + 1)):
        found = asked(FileBlobStore(tmp_path), {"requirements.txt": content}).diagnosis
        assert found
        assert not found.edits


def test_a_workspace_that_cannot_be_read_leaves_the_problem_as_it_is(tmp_path: Path) -> None:
    assert explained(PROBLEM, SAID, FileBlobStore(tmp_path), "0" * 64, "1" * 64) == PROBLEM
