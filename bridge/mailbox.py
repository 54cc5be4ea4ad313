"""What reaches the server of a session beside its inbox: a knock, a signal, a wish to leave."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from bridge.model import Signal
from bridge.session import State


class Mailbox:
    def __init__(self) -> None:
        self.state = State.SUSPENDED
        self.leaving = False
        self._knocked = asyncio.Event()
        self._signals: asyncio.Queue[Signal] = asyncio.Queue()

    @property
    def knocked(self) -> bool:
        return self._knocked.is_set()

    def knock(self) -> None:
        """There is a new message."""
        self._knocked.set()

    def heard(self) -> None:
        """From here on, a knock is a new one."""
        self._knocked.clear()

    def leave(self) -> None:
        """Implements the port `Waiter`: give the client back once nothing is to do."""
        self.leaving = True
        self._knocked.set()

    def send(self, signal: Signal) -> None:
        self._signals.put_nowait(signal)

    def forget(self) -> None:
        """Drop signals that were meant for a turn that is over."""
        while not self._signals.empty():
            self._signals.get_nowait()

    async def signal(self) -> Signal:
        return await self._signals.get()

    async def wait(self, idle: Coroutine[Any, Any, None]) -> bool:
        """Until there is a knock. False: `idle` was over first."""
        timer = asyncio.create_task(idle)
        knock = asyncio.create_task(self._knocked.wait())
        try:
            await asyncio.wait({timer, knock}, return_when=asyncio.FIRST_COMPLETED)
            return self._knocked.is_set()
        finally:
            timer.cancel()
            knock.cancel()
