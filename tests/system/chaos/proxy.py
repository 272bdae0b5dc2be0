"""A TCP proxy that can make the network slow, or cut it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass


@dataclass
class Weather:
    """How the network is: seconds that each piece waits, bytes a second (0: no limit), whether it is cut."""

    delay_seconds: float = 0.0
    bytes_per_second: float = 0.0
    cut: bool = False


class Proxy:
    """Forwards a port of the loopback address to another one, in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.weather = Weather()
        self._target = target_port
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.StreamWriter] = set()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()

        with contextlib.suppress(asyncio.CancelledError, RuntimeError):
            self._loop.run_until_complete(serve())

    def cut(self) -> None:
        """Break every connection; new ones are refused until `weather.cut` is False."""
        self.weather.cut = True

        def abort() -> None:
            for writer in list(self._connections):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._connections |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._connections -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                weather = self.weather
                throttle = len(piece) / weather.bytes_per_second if weather.bytes_per_second else 0.0
                if weather.delay_seconds or throttle:
                    await asyncio.sleep(weather.delay_seconds + throttle)
                writer.write(piece)
                await writer.drain()
        writer.close()
