"""Reads members of a zip whose maker is not trusted: sizes are held to what is promised."""

from __future__ import annotations

import io
import zipfile
import zlib

UNPACKED_BYTES = 256 << 20
"""How large all members of a zip may be together."""
MEMBERS = 10_000
MEMBER_BYTES = 64 << 20


class ZippedError(ValueError):
    """Why a zip cannot be read, in words."""


class Zipped:
    """A zip in memory; raises ZippedError when it is none."""

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise ZippedError("it cannot be unpacked") from error

    def refuse_excess(self) -> None:
        """Raise ZippedError when the members are too many, or too large together."""
        members = self._zip.infolist()
        total = sum(member.file_size for member in members)
        if len(members) > MEMBERS or total > UNPACKED_BYTES:
            raise ZippedError(f"it is too large unpacked: {total / (1 << 20):,.0f} MiB in {len(members):,} files")

    def names(self) -> list[str]:
        """Return the names of all members, in order."""
        return [member.filename for member in self._zip.infolist() if not member.is_dir()]

    def unlike(self, other: Zipped) -> list[str]:
        """Return the names of members that only one has, or whose bytes differ, sorted; raises ZippedError."""
        self.refuse_excess()
        other.refuse_excess()
        names = sorted({*self.names(), *other.names()})
        return [name for name in names if self.read(name) != other.read(name)]

    def read(self, name: str) -> bytes | None:
        """Return a member, None when there is none; raises ZippedError when it is too large or damaged."""
        try:
            with self._zip.open(name) as member:
                content = member.read(MEMBER_BYTES + 1)
        except KeyError:
            return None
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
            raise ZippedError("a part of it cannot be unpacked") from error
        if len(content) > MEMBER_BYTES:
            raise ZippedError(f"a part of it is larger than {MEMBER_BYTES >> 20} MiB")
        return content
