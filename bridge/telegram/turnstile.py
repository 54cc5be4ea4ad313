"""The rate of all chats together. Of those who wait, the most urgent passes first."""

import asyncio
from collections.abc import Callable

from aiolimiter import AsyncLimiter

Urgency = Callable[[], int]


class Turnstile:
    """Idle means idle: its task lives only while somebody waits."""

    def __init__(self, per_second: float) -> None:
        burst = max(1.0, per_second / 5)
        refill = max(per_second - burst, per_second / 2)  # burst + refill <= the rate
        self._limiter = AsyncLimiter(burst, burst / refill)
        self._waiting: list[tuple[Urgency, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def acquire(self, urgency: Urgency) -> None:
        """`urgency` is asked when somebody may pass: the lowest does."""
        if not self._waiting and self._limiter.has_capacity():
            await self._limiter.acquire()
            return
        passing = asyncio.get_running_loop().create_future()
        self._waiting.append((urgency, passing))
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        await passing

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _serve(self) -> None:
        try:
            while self._waiting:
                await self._limiter.acquire()
                self._waiting = [one for one in self._waiting if not one[1].done()]
                if self._waiting:
                    first = min(self._waiting, key=lambda one: one[0]())
                    self._waiting.remove(first)
                    first[1].set_result(None)
        finally:
            self._task = None
