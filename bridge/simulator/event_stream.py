"""The event log as text/event-stream."""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import StreamingResponse

from bridge.simulator.connection import unless_gone
from bridge.simulator.log import Event
from bridge.simulator.world import World

KEEP_ALIVE_SECONDS = 15.0


def stream(request: Request, world: World, after: int, chat: int | None) -> StreamingResponse:
    """Every event after `after`, of one chat when `chat` is given, until the reader leaves."""
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(
        _lines(request, world, after, chat),
        headers=headers,
        media_type="text/event-stream",
    )


async def _lines(
    request: Request,
    world: World,
    after: int,
    chat: int | None,
) -> AsyncIterator[str]:
    yield ": from here on\n\n"
    while True:
        news = world.bell.until(lambda: world.log.since(after, chat), KEEP_ALIVE_SECONDS)  # noqa: B023 - awaited at once
        try:
            events = await unless_gone(request, news)
        except TimeoutError:
            yield ": still here\n\n"
            continue
        if events is None:
            return
        after = events[-1].seq
        yield "".join(map(_line, events))


def _line(event: Event) -> str:
    return f"id: {event.seq}\ndata: {json.dumps(event.json())}\n\n"
