"""The sentences in which an archive is refused, and how names and sizes are shown in them."""

from __future__ import annotations

from erc.events.errors import Rejected

SHOWN_CHARACTERS = 120


def shown(name: str) -> str:
    """Return a name as it may stand in a sentence: quoted, one line, no control characters, not endless."""
    short = name if len(name) <= SHOWN_CHARACTERS else f"{name[:SHOWN_CHARACTERS]}…"
    safe = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in short)
    return f"“{safe}”"


def sized(size_bytes: int) -> str:
    """Return a number of bytes for people: `20 GiB`, `512 bytes`."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.4g} {unit}"
    return f"{size_bytes} bytes"


def broken(what: str) -> Rejected:
    """The archive does not hold what it says: it was cut off or damaged on its way."""
    return Rejected(
        "The archive is damaged",
        f"{what} Pack it again, check that it opens, and upload it anew.",
        code="archive_broken",
    )


def ambiguous(what: str) -> Rejected:
    """Two programs would read two different contents from the archive."""
    return Rejected(
        "The archive can be read in more than one way",
        f"{what} Pack the files again into a new archive with a current program.",
        code="archive_ambiguous",
    )


def a_link(name: str) -> Rejected:
    """A symbolic or hard link, wherever it points."""
    return Rejected(
        "The archive holds a link",
        f"{shown(name)} is a link; only files and folders are taken. Put a copy of the file in its place.",
        code="archive_link",
    )


def special_file(name: str, what: str) -> Rejected:
    """A device, a pipe, a sparse file or the like."""
    return Rejected(
        "The archive holds something that is neither a file nor a folder",
        f"{shown(name)} is {what}; only files and folders are taken. Leave it out.",
        code="archive_special_file",
    )


def too_large(what: str) -> Rejected:
    """More than the limits allow."""
    return Rejected("The archive holds too much", what, code="archive_too_large")
