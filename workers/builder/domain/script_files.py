"""The files of a script of the author's, as the container gets them in which it runs."""

from __future__ import annotations

import io
import tarfile

HOME = "var/lib/erc"
"""The home of the scripts, as a path in the image: what they leave there is in every run at `/var/lib/erc`."""
FOLDER = "opt/erc-scripts"


def script_files(number: int, content: bytes, user: tuple[int, int]) -> bytes:
    """Return the archive of a script, and of the home that it may write to."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, mode in ((FOLDER, 0o755), (HOME, 0o755)):
            folder = tarfile.TarInfo(path)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            if path == HOME:
                folder.uid, folder.gid = user
            archive.addfile(folder)
        entry = tarfile.TarInfo(f"{FOLDER}/{number}")
        entry.size, entry.mode = len(content), 0o555
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
