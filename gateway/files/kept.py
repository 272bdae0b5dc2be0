"""A folder of things that can be made again: bounded, written at one blow, shared by all who look for them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

MOST_BYTES = 512 << 20


class Folder:
    """Files by name. Who asks first for what is not there makes it; others in this process wait for that.

    Other processes may use the folder at the same time: two make the same then, and either may remain.
    """

    def __init__(self, root: Path, most_bytes: int = MOST_BYTES) -> None:
        self._root, self._most = root, most_bytes
        self._making: dict[str, asyncio.Task[Path]] = {}
        self._written = most_bytes

    async def get(self, name: str, make: Callable[[], Awaitable[bytes]]) -> Path:
        """Return the path of a file, which `make` makes if it is not there; raises what `make` raises."""
        path = self._root / name[:2] / name
        if await asyncio.to_thread(_used, path):
            return path
        task = self._making.get(name)
        if task is None:
            task = self._making[name] = asyncio.create_task(self._make(path, make))
            task.add_done_callback(lambda _task: self._making.pop(name, None))
        return await asyncio.shield(task)

    async def _make(self, path: Path, make: Callable[[], Awaitable[bytes]]) -> Path:
        content = await make()
        await asyncio.to_thread(_write, path, content)
        self._written += len(content)
        if self._written > self._most // 8:
            self._written = 0
            await asyncio.to_thread(self._shrink)
        return path

    def _shrink(self) -> None:
        """Remove what was not used for the longest time, until the rest is small enough."""
        found = []
        for path in self._root.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                about = path.stat()
                if path.is_file():
                    found.append((about.st_mtime, about.st_size, path))
        size = sum(size for _, size, _ in found)
        for _, one, path in sorted(found):
            if size <= self._most:
                return
            path.unlink(missing_ok=True)
            size -= one


def _used(path: Path) -> bool:
    """Note that a file was used; return whether it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
        try:
            partial.write(content)
            partial.flush()
            Path(partial.name).replace(path)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise
