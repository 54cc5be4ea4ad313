"""Shared by the tests of the simulated Telegram: a clock turned by hand, a caller of the API."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bridge.simulator.bot_api import telegram
from bridge.simulator.clock import Clock
from bridge.simulator.flood import Limits
from bridge.simulator.world import World

TOKEN = "4242:made-up"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (3).to_bytes(4) + (2).to_bytes(4) + b"\x08\x02\0\0\0"


class HandTimer:
    def __init__(self, seconds: float, due: float, callback: Callable[[], object]) -> None:
        self.seconds, self.due, self.callback = seconds, due, callback
        self.over = False

    def cancel(self) -> None:
        self.over = True


class HandClock(Clock):
    """Stands still until `advance`."""

    def __init__(self) -> None:
        self._now = 1_800_000_000.0
        self._timers: list[HandTimer] = []
        self._set = asyncio.Event()

    def now(self) -> float:
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], object]) -> HandTimer:
        timer = HandTimer(seconds, self._now + seconds, callback)
        self._timers.append(timer)
        self._set.set()
        return timer

    def advance(self, seconds: float) -> None:
        end = self._now + seconds
        while due := [t for t in self._timers if not t.over and t.due <= end]:
            timer = min(due, key=lambda t: t.due)
            self._now, timer.over = max(self._now, timer.due), True
            timer.callback()
        self._now = end

    async def waited_for(self, seconds: float) -> None:
        """Returns once somebody waits for that long."""
        while not any(t.seconds == seconds and not t.over for t in self._timers):
            self._set.clear()
            await self._set.wait()


class Caller:
    """Calls the Bot API (`call`) and the control API (`http`) in this process."""

    def __init__(self, http: httpx.AsyncClient, world: World, token: str = TOKEN) -> None:
        self.http, self.world, self.token = http, world, token

    async def raw(self, method: str, **given: Any) -> httpx.Response:
        return await self.http.post(f"/bot{self.token}/{method}", json=given)

    async def call(self, method: str, **given: Any) -> Any:
        """The result of a call that has to succeed."""
        body = (await self.raw(method, **given)).json()
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, **given: Any) -> str:
        """Code and description of a call that has to fail."""
        response = await self.raw(method, **given)
        body = response.json()
        assert not body["ok"], body
        assert response.status_code == body["error_code"]
        return f"{body['error_code']} {body['description']}"


@asynccontextmanager
async def calling(world: World, limits: Limits | None = None) -> AsyncIterator[Caller]:
    transport = httpx.ASGITransport(telegram(world, TOKEN, limits))
    async with httpx.AsyncClient(transport=transport, base_url="http://telegram") as http:
        yield Caller(http, world)
