"""Runs the author's scripts in an environment that has just been built: without network, as the user of a run."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from erc.events.errors import Rejected
from erc.schemas.limits import BuildLimits
from erc.workers.builder.domain.failure import TAIL_LINES, Place, floods, located, script_failed, too_slow
from erc.workers.builder.domain.log_lines import text_line
from erc.workers.builder.domain.phases import Phase, mark
from erc.workers.builder.domain.rules import OnLog, Order
from erc.workers.builder.domain.script_files import FOLDER, HOME, script_files
from erc.workers.builder.engine import too_large
from erc.workers.engine.confined import Confined, Task
from erc.workers.engine.shelf import Shelf

FLOOD = 100
"""How many times more than a log keeps a script may print before it is stopped."""


class Scripts:
    """Runs scripts and keeps what they leave as an image."""

    def __init__(self, confined: Confined, shelf: Shelf, user: tuple[int, int]) -> None:
        self._confined, self._shelf, self._user = confined, shelf, user

    async def run(self, order: Order, image_id: str, on_log: OnLog, limits: BuildLimits) -> str:
        """Run an order's scripts in its built image, one after the other, and return the id of what came of it.

        Raises `Rejected` (`script_failed`, `build_timeout`, `image_too_large`) or `Unavailable`.
        """
        image = await self._shelf.inspect(image_id)
        if image is None:
            raise Rejected("The image is no longer there", "Run the job again to build it.", code="image_missing")
        left = limits.wall_clock
        for number, (path, content) in enumerate(order.scripts):
            await on_log(mark(Phase.SCRIPTS, number + 1, len(order.scripts)))
            last = number + 1 == len(order.scripts)
            task = self._task(image_id, number, content, limits, left, order.tag)
            image_id = await self._one(task, path, image, on_log, order.tag if last else "")
        size = int((await self._shelf.inspect(image_id) or {}).get("Size", 0))
        if size > limits.image_bytes:
            await self._shelf.remove(order.tag or image_id)
            told = too_large(size, limits).problem
            place = located(Place(Phase.SCRIPTS), (), order.scripts[-1][0])
            raise Rejected(told.title, told.detail, told.code, place)
        return image_id

    def _task(self, image_id: str, number: int, content: bytes, limits: BuildLimits, left: timedelta, tag: str) -> Task:
        path = f"/{FOLDER}/{number}"
        command = [path] if content.startswith(b"#!") else ["/bin/sh", path]
        return Task(
            name=f"erc-script-{(tag or image_id).rpartition(':')[2][:40]}",
            image=image_id,
            # Not as a variable of the container: those would be the image's.
            command=["/bin/sh", "-c", f'export HOME=/{HOME} && cd && exec "$@"', "sh", *command],
            user=f"{self._user[0]}:{self._user[1]}",
            memory_bytes=limits.memory_bytes,
            wall_clock=left,
            output_bytes=limits.log_bytes,
            writable=True,
            files=script_files(number, content, self._user),
        )

    async def _one(self, task: Task, path: str, image: dict[str, object], on_log: OnLog, tag: str) -> str:
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        left, most = task.output_bytes, FLOOD * task.output_bytes

        async def take(piece: bytes, *, error: bool) -> None:
            del error
            nonlocal left, most
            most -= len(piece)
            if most < 0:
                raise floods(path, FLOOD * task.output_bytes, tail)
            for line in piece.decode(errors="replace").splitlines():
                shown = text_line(line)
                tail.append(shown)
                if shown and left > 0:
                    left -= len(shown.encode()) + 1
                    await on_log(shown if left > 0 else f"[the log is cut here: {task.output_bytes} bytes are kept]")

        async with self._confined.container(task) as name:
            try:
                exit_code = await self._confined.follow(task, name, take)
            except TimeoutError as error:
                raise too_slow(str(task.wall_clock), Place(Phase.SCRIPTS), tail, path) from error
            if exit_code:
                raise script_failed(path, exit_code, list(tail))
            return await self._confined.commit(name, image, tag)
