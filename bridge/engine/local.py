"""The engine of one machine: a server is a task in this process.

No polling and no queue: a message starts its session's server or knocks at it. Between the
server's last look at the inbox and its removal here nothing is awaited, so no knock is lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bridge.errors import Fenced, StoreError
from bridge.mailbox import Mailbox
from bridge.model import SessionKey, Signal
from bridge.ports import Clock
from bridge.session import State

log = structlog.get_logger(__name__)

PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before a server that failed is started again

Serve = Callable[[SessionKey, Mailbox], Awaitable[None]]


class Local:
    """Implements the port `Engine`."""

    def __init__(
        self, serve: Serve, undone: Callable[[], Awaitable[Sequence[SessionKey]]], clock: Clock
    ) -> None:
        self._serve = serve
        self._undone = undone
        self._clock = clock
        self._servers: dict[SessionKey, Mailbox] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def activate(self, key: SessionKey) -> None:
        if mailbox := self._servers.get(key):
            mailbox.knock()
            return
        mailbox = self._servers[key] = Mailbox()
        task = asyncio.create_task(self._keep(key, mailbox), name=f"serve {key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def signal(self, key: SessionKey, signal: Signal) -> bool:
        mailbox = self._servers.get(key)
        if mailbox is None or mailbox.state in {State.SUSPENDED, State.IDLE}:
            return False
        mailbox.send(signal)
        return True

    async def run(self) -> None:
        for key in await self._undone():
            await self.activate(key)
        try:
            await asyncio.Event().wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, key: SessionKey, mailbox: Mailbox) -> None:
        """One server after the other while there is something to do."""
        failures = 0
        mailbox.knock()
        try:
            while mailbox.knocked:
                mailbox.leaving = False
                try:
                    await self._serve(key, mailbox)
                    failures = 0
                except Fenced:
                    log.warning("session.fenced", session=str(key))
                except StoreError as error:
                    log.warning("session.store", session=str(key), why=str(error))
                    await self._clock.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
                    failures += 1
                    mailbox.knock()
        finally:
            del self._servers[key]
