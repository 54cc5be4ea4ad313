"""A loop whose time passes only when nothing else can happen, and a clock on it."""

import asyncio
import selectors
import threading
import time
from datetime import UTC, datetime, timedelta

TICK = 1e-7  # seconds one turn of the loop takes; were it 0, rounding could stop time for ever
START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class VirtualSelector(selectors.SelectSelector):
    """Instead of waiting for a timer, lets time jump; waits while a socket or thread may speak."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._threads = threading.active_count()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += TICK
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        sockets = len(self.get_map()) > 1  # more than the loop's own wake-up pipe
        if sockets or threading.active_count() > self._threads:
            began = time.monotonic()
            ready = super().select(timeout)
            self.now += time.monotonic() - began
            return ready
        if timeout is None:
            raise RuntimeError("nothing can ever happen in this test any more")
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """No test waits for time to pass, and every run takes the same course."""

    def __init__(self) -> None:
        self._virtual = VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class LoopClock:
    """`Clock` on the time of the running loop."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
