"""The other end of a request: noticing that it left, and leaving without a word."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")
HANG_UP = "bridge.simulator.hang_up"  # the ASGI extension that `serve` offers


async def gone(request: Request) -> None:
    """Returns when the client has hung up; the body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns; None, with the work cancelled, when the client hangs up before."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()


async def hang_up(request: Request) -> None:
    """Closes the connection. Raises ConnectionResetError where there is none: without a server."""
    close = request.scope.get("extensions", {}).get(HANG_UP)
    if close is None:
        raise ConnectionResetError("the simulator hung up, as it was told to")
    close()
    await gone(request)
