"""One answer of the simulated model over HTTP: streamed or whole, refused or broken off."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bridge.simulator import sse
from bridge.simulator.billing import Entry, Log
from bridge.simulator.reply import Dropped, Due, Failed, Pause, Reply
from bridge.simulator.script import Fail, Step
from bridge.simulator.sse import Event
from bridge.simulator.usage import Usage

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
_LIMITS = {"requests": 4_000, "input-tokens": 2_000_000, "output-tokens": 400_000}


@dataclass(frozen=True, slots=True)
class Answering:
    """An ASGI application of its own, so that it can break off in the middle."""

    entry: Entry
    log: Log
    steps: Sequence[Step]
    due: Due
    reply: Reply
    stream: bool
    sleep: Sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ends when the answer does or when the client goes away, whichever comes first."""
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(self._answer(scope, receive, send))
            watch = group.create_task(_gone(receive))
            watch.add_done_callback(lambda _: answer.cancel())
            answer.add_done_callback(lambda _: watch.cancel())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await (self._streamed(send) if self.stream else self._whole(scope, receive, send))
        except Failed as failed:
            await self._failed(failed.step, scope, receive, send)
        except Dropped:
            await self._dropped(send)
        except asyncio.CancelledError:
            self._close(cut=True)
            raise

    async def _streamed(self, send: Send) -> None:
        async for event in self._events():
            if event["type"] == "message_start":
                await send(self._start("text/event-stream; charset=utf-8"))
            if event == sse.MESSAGE_STOP:
                self._close()
            await send(_body(sse.encode(event), more=event != sse.MESSAGE_STOP))

    async def _whole(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = sse.fold([event async for event in self._events()])
        self._close()
        head = headers(self.entry.id, self.entry.at)
        await JSONResponse(message, headers=head)(scope, receive, send)

    async def _failed(self, fail: Fail, scope: Scope, receive: Receive, send: Send) -> None:
        if self.stream and self.reply.started:
            self._close(cut=True)
            event = sse.error(fail.type, fail.message, self.entry.id)
            await send(_body(sse.encode(event), more=False))
        else:
            self.log.close(self.entry, status=fail.status, usage=Usage())
            await refusal(fail, self.entry.id, self.entry.at)(scope, receive, send)

    async def _dropped(self, send: Send) -> None:
        """A response without an end: the server closes the connection."""
        self._close(cut=True)
        if not (self.stream and self.reply.started):
            await send(self._start("application/json"))

    async def _events(self) -> AsyncIterator[Event]:
        for beat in self.reply.beats(self.steps, self.due):
            if isinstance(beat, Pause):
                await self.sleep(beat.seconds)
            else:
                yield beat

    def _start(self, media_type: str) -> dict[str, Any]:
        head = {"content-type": media_type, "cache-control": "no-cache"}
        head |= headers(self.entry.id, self.entry.at)
        raw = [(name.encode(), value.encode()) for name, value in head.items()]
        return {"type": "http.response.start", "status": 200, "headers": raw}

    def _close(self, *, cut: bool = False) -> None:
        self.log.close(self.entry, status=200, usage=self.reply.usage, cut=cut)


def refusal(fail: Fail, request_id: str, now: datetime) -> Response:
    """An error as the API words it."""
    head = headers(request_id, now)
    if fail.retry_after is not None:
        head["retry-after"] = str(fail.retry_after)
    body = sse.error(fail.type, fail.message, request_id)
    return JSONResponse(body, status_code=fail.status, headers=head)


def headers(request_id: str, now: datetime) -> dict[str, str]:
    """The request id, and rate limits that are never reached."""
    reset = (now + timedelta(minutes=1)).isoformat(timespec="seconds").replace("+00:00", "Z")
    head = {"request-id": request_id, "anthropic-organization-id": "simulated"}
    for what, limit in (
        ("requests", 4_000),
        ("input-tokens", 2_000_000),
        ("output-tokens", 400_000),
    ):
        head[f"anthropic-ratelimit-{what}-limit"] = str(limit)
        head[f"anthropic-ratelimit-{what}-remaining"] = str(limit - 1)
        head[f"anthropic-ratelimit-{what}-reset"] = reset
    return head


def new_id(prefix: str) -> str:
    return f"{prefix}_sim{uuid.uuid4().hex[:21]}"


def _body(chunk: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
