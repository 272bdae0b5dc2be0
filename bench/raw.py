"""The floors of streaming, as programs: bare socket writes to many readers, a bare consumer of a stream.

`python -m bench.raw writes CLIENTS RATE SECONDS BYTES` prints its port, then µs of CPU a write.
`python -m bench.raw consume NATS_URL` prints the messages a second of one consumer that only counts.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import nats
import uvloop
from nats.js.api import ConsumerConfig, DeliverPolicy


async def writes(clients: int, rate: int, seconds: int, size: int) -> None:
    transports: list[asyncio.Transport] = []

    class Reader(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(transport)  # type: ignore[arg-type]

    server = await asyncio.get_running_loop().create_server(Reader, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while len(transports) < clients:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    frame = b"\nevent: " + b"x" * (size - 8)
    begun, busy = time.perf_counter(), time.process_time()
    for number in range(rate * seconds):
        for transport in transports:
            transport.write(frame)
        await asyncio.sleep(max(0, begun + (number + 1) / rate - time.perf_counter()))
    print(1e6 * (time.process_time() - busy) / (rate * seconds * clients), flush=True)


async def consume(url: str) -> None:
    client = await nats.connect(url)
    js = client.jetstream()
    left = (await js.stream_info("EVENTS")).state.messages
    total, done = left, asyncio.Event()

    async def heard(_message: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    begun = time.perf_counter()
    await js.subscribe(
        "erc.event.>",
        stream="EVENTS",
        ordered_consumer=True,
        cb=heard,
        config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL),
        pending_msgs_limit=-1,
        pending_bytes_limit=-1,
    )
    await done.wait()
    print(total / (time.perf_counter() - begun), flush=True)
    os._exit(0)


def main() -> None:
    if sys.argv[1] == "writes":
        uvloop.run(writes(*map(int, sys.argv[2:])))
    else:
        uvloop.run(consume(sys.argv[2]))


if __name__ == "__main__":
    main()
