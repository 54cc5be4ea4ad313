"""The booth on a free loopback port, inside the running loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE = 300  # seconds; a client that reuses a connection must not find it closed
LAST = 1  # seconds that answers under way have at the end


class Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the app that it is a part of."""
        yield


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """Yields the address. Ends when every request has, soon: streams under way are cut."""
    # Named TCP, or asyncio leaves Nagle on and each answer waits 40 ms for an acknowledgement.
    with socket.socket(proto=socket.IPPROTO_TCP) as door:
        door.bind(("127.0.0.1", 0))
        door.listen()  # callers may knock before the server has started
        server = Quiet(config(app))
        task = asyncio.create_task(server.serve(sockets=[door]))
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
            if cut := set(server.server_state.tasks):
                await asyncio.wait(cut)


def config(app: ASGIApp) -> uvicorn.Config:
    """Adds nothing to an answer. Cutting one is no error here, so uvicorn does not log it."""
    return uvicorn.Config(
        app,
        interface="asgi3",
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=LAST,
    )
