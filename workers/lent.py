"""What this machine lends to runs, read-only: libfaketime and a compiled locale, kept where the engine sees them."""

from __future__ import annotations

import contextlib
import logging
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("erc.worker")

_FOLDERS = ("/usr/lib", "/usr/local/lib", "/usr/lib64")
_NAME = "libfaketimeMT.so.1"
_SECONDS = 120


@dataclass(frozen=True)
class Lent:
    """Paths below the service's folder, empty for what this machine does not have."""

    faketime: str = ""
    locales: str = ""


def lend(folder: Path, locale: str, faketime: str = "") -> Lent:
    """Keep in a folder what can be lent: libfaketime, from this path or Debian's, and this locale. Blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    return Lent(_faketime(folder / "libfaketime.so.1", faketime), _locales(folder / "locale", locale))


def _faketime(kept: Path, named: str) -> str:
    found = [Path(named)] if named else [path for top in _FOLDERS for path in Path(top).glob(f"*/faketime/{_NAME}")]
    source = next((path for path in found if path.is_file()), None)
    if source is None:
        return ""
    partial = kept.with_suffix(".partial")
    shutil.copyfile(source, partial)
    partial.chmod(0o644)
    partial.replace(kept)
    return str(kept)


def _locales(kept: Path, locale: str) -> str:
    target, program = kept / locale, shutil.which("localedef")
    if not target.is_dir() and program:
        kept.mkdir(exist_ok=True)
        name, _, charset = locale.partition(".")
        command = [program, "--no-archive", "-f", charset, "-i", name, str(target)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
            if made.returncode:
                log.info("No locale can be lent to runs: %s", made.stderr.strip()[:300])
    for path in (kept, target, *target.rglob("*")):
        if path.exists():
            path.chmod(0o755 if path.is_dir() else 0o644)
    return str(kept) if target.is_dir() else ""
