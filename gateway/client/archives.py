"""What is sent of a path on this machine: a folder packed on the way, or an archive as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from erc.gateway.client.pack import Packed, file_pieces


@dataclass(frozen=True)
class Archive:
    """What is to be sent: its bytes, anew each time, its name, and whether it is a workspace or a compendium."""

    pieces: Callable[[], Iterator[bytes]]
    size_bytes: int
    name: str
    kind: str
    what: str

    def digest(self) -> str:
        """Return the SHA-256 of its bytes, which equal folders share."""
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


def archive_of(where: Path) -> Archive:
    """Return the archive of a folder or a file; raises ClientError with what cannot be packed."""
    if where.is_dir():
        packed = Packed(where)
        kind = "compendium" if (where / "erc.yml").is_file() else "workspace"
        what = f"{packed.files:,} file{'' if packed.files == 1 else 's'} of {where}"
        return Archive(packed.pieces, packed.size_bytes, f"{where.resolve().name or 'workspace'}.tar", kind, what)
    size_bytes = file_pieces(where)[1]
    return Archive(lambda: file_pieces(where)[0], size_bytes, where.name, "workspace", str(where))
