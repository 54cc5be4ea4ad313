"""Rings when anything changed: long polls, event streams and tests wait for it, nobody polls."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bridge.simulator.clock import Clock

T = TypeVar("T")


class Bell:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for future in self._waiting:
            _wake(future)

    async def until(self, predicate: Callable[[], T], timeout: float | None = None) -> T:  # noqa: ASYNC109 - on our own clock
        """The first truthy value of `predicate`, which is asked after every change.

        Raises TimeoutError after `timeout` seconds; None waits for ever.
        """
        end = None if timeout is None else self._clock.now() + timeout
        while not (value := predicate()):
            left = None if end is None else end - self._clock.now()
            if left is not None and left <= 0:
                raise TimeoutError
            await self._ring_or(left)
        return value

    async def _ring_or(self, seconds: float | None) -> None:
        future = asyncio.get_running_loop().create_future()
        timer = None if seconds is None else self._clock.call_later(seconds, lambda: _wake(future))
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
            if timer is not None:
                timer.cancel()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
