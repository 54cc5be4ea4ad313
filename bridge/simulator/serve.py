"""Serves an ASGI app inside the running loop, and ends quickly however many streams are open."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from bridge.simulator.connection import HANG_UP


class _State(ServerState):
    leaving = False


class _Connection(H11Protocol):
    """Can be closed by the app without an answer, and ends its open request with the server."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: ASGIApp = self.app

        async def with_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[HANG_UP] = transport.abort
            await app(scope, receive, send)

        self.app = with_hang_up
        if isinstance(self.server_state, _State) and self.server_state.leaving:
            transport.close()  # it was on its way when the others were closed

    def shutdown(self) -> None:
        super().shutdown()
        self.transport.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._state = self.server_state = _State()
        self.ready = asyncio.Event()
        self.leave = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program around the server."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """The usual one looks ten times a second whether it should go."""
        await self.leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.leaving = True
        await super().shutdown(sockets)


@asynccontextmanager
async def serving(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Yields the URL, without a slash at its end, once it answers; port 0 takes a free one.

    Raises OSError when the port is taken.
    """
    with _bound(host, port) as listening:
        server = _Server(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                date_header=False,  # the loop that kept it up to date is not run
                timeout_graceful_shutdown=1,
            ),
        )
        task = asyncio.create_task(server.serve(sockets=[listening]))
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
            yield f"http://{host}:{listening.getsockname()[1]}"
        finally:
            ready.cancel()
            server.leave.set()
            await task


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio leaves Nagle on and each answer waits 40 ms for an acknowledgement.
    listening = socket.socket(family, proto=socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening
