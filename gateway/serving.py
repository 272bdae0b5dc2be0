"""The gateway's servers in one process: pages and API, the origin of user content, metrics where they are asked for."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp


def allow_many_connections() -> None:
    """Use all the files that the system allows: every open stream of events is one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Server(uvicorn.Server):
    """A server that tells of the signal to end: it would wait for open streams, which end for nothing else."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending, self._loop = ending, asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take the signal."""
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._ending)


async def serve_all(served: Sequence[tuple[ASGIApp, str, int]], ending: Callable[[], None]) -> None:
    """Serve each application on its host and port; the first one that ends takes the others with it.

    `ending` is called at the signal to end.
    """
    servers = [_server(app, host, port, ending) for app, host, port in served]
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises a signal again once it has ended; unless that is ignored, nothing behind it is closed.
        signal.signal(number, signal.SIG_IGN)
    serving = [asyncio.ensure_future(one.serve()) for one in servers]
    await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
    for one in servers:
        one.should_exit = True
    await asyncio.gather(*serving)


def _server(app: ASGIApp, host: str, port: int, ending: Callable[[], None]) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        proxy_headers=False,
    )
    return _Server(config, ending)
