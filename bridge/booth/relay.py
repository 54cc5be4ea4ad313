"""The way back: the answer's bytes as they come, each one metered, none delayed.

Claude Code hangs up when the user stops a turn, often while the API is silent, so its
connection is watched all the while. When the API hangs up in the middle, so do we: an
answer without its end must not look complete.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import structlog
from starlette.types import Receive, Send

from bridge.booth.headers import Headers, passing
from bridge.booth.meter import Meter

log = structlog.get_logger(__name__)


async def relay(answer: httpx.Response, meter: Meter, send: Send) -> None:
    await head(send, answer.status_code, passing(answer.headers.raw))
    try:
        async for chunk in answer.aiter_raw():
            meter.feed(chunk)
            await body(send, chunk, more=True)
    except httpx.HTTPError as failure:
        log.warning("booth.cut", error=type(failure).__name__)
        return
    meter.end()
    await body(send, b"", more=False)


async def refuse(send: Send, status: int, kind: str, message: str) -> None:
    """An error of our own in the API's shape, so that Claude Code can read it."""
    error = {"type": "error", "error": {"type": kind, "message": message}}
    await head(send, status, [(b"content-type", b"application/json")])
    await body(send, json.dumps(error).encode(), more=False)


async def head(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def body(send: Send, chunk: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


@asynccontextmanager
async def while_listening(receive: Receive) -> AsyncIterator[None]:
    """The block ends when the client hangs up. The request's body must have been read."""
    async with anyio.create_task_group() as group:
        group.start_soon(hung_up, receive, group.cancel_scope)
        yield
        group.cancel_scope.cancel()


async def hung_up(receive: Receive, block: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    block.cancel()
