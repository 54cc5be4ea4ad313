"""What reaches the server of a session beside its inbox: a knock, a signal, a wish to leave."""

import asyncio
from contextlib import suppress

from bridge.model import Signal
from bridge.session import Event, State, step


class Mailbox:
    """Implements the port `Waiter`. Its state is the server's, for those who send signals.

    `failures`: servers that broke, one after the other, at the same message.
    """

    def __init__(self) -> None:
        self.state = State.SUSPENDED
        self.leaving = False
        self.failures = 0
        self._knocked = asyncio.Event()
        self._signals: asyncio.Queue[Signal | None] = asyncio.Queue()

    @property
    def knocked(self) -> bool:
        return self._knocked.is_set()

    def take(self, event: Event) -> None:
        """A step of the session's state. Only its server takes them."""
        self.state = step(self.state, event)

    def knock(self) -> None:
        """There is a new message."""
        self._knocked.set()

    def heard(self) -> None:
        """From here on, a knock is a new one."""
        self._knocked.clear()

    async def wait(self, seconds: float) -> bool:
        """Until there is a knock. False: none came in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._knocked.wait()
        return self.knocked

    def leave(self) -> None:
        """Another session waits for the client: give it back after the message at hand, if any."""
        self.leaving = True
        self._knocked.set()

    def send(self, signal: Signal) -> None:
        self._signals.put_nowait(signal)

    async def signal(self) -> Signal | None:
        """The next one. None: there are no more for this turn."""
        return await self._signals.get()

    def forget(self) -> None:
        """Drop the signals that nobody has taken: they were meant for a turn that is over."""
        while not self._signals.empty():
            self._signals.get_nowait()

    def hang_up(self) -> None:
        """Whoever waits for a signal gets no more."""
        self.forget()
        self._signals.put_nowait(None)
