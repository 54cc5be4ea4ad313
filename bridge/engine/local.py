"""The engine of one machine: a server is a task in this process.

No polling and no queue: a message starts its session's server or knocks at it. Between the
server's last look at the inbox and its removal here nothing is awaited, so no knock is lost.
A server that failed is started again, after a pause that grows: its message is still undone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain, repeat

import structlog

from bridge.errors import Fenced, StoreError
from bridge.mailbox import Mailbox
from bridge.model import SessionKey, Signal
from bridge.ports import Clock
from bridge.session import WORKING

log = structlog.get_logger(__name__)

PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before the next try; the last one again and again

Serve = Callable[[SessionKey, Mailbox], Awaitable[None]]


def pauses() -> Iterator[float]:
    return chain(PAUSES, repeat(PAUSES[-1]))


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
        if not await self.running(key):
            return False
        self._servers[key].send(signal)
        return True

    async def running(self, key: SessionKey) -> bool:
        mailbox = self._servers.get(key)
        return mailbox is not None and mailbox.state in WORKING

    async def run(self) -> None:
        try:
            for key in await self._left_over():
                await self.activate(key)
            await asyncio.Event().wait()
        finally:
            await self._end()

    async def _left_over(self) -> Sequence[SessionKey]:
        """What an earlier run left undone."""
        for pause in pauses():
            try:
                return await self._undone()
            except StoreError as error:
                log.warning("engine.store", why=str(error))
                await self._clock.sleep(pause)
        return ()

    async def _keep(self, key: SessionKey, mailbox: Mailbox) -> None:
        """One server after the other while there is something to do."""
        waits = pauses()
        mailbox.knock()
        try:
            while mailbox.knocked:
                if await self._well(key, mailbox):
                    waits = pauses()
                else:
                    await self._clock.sleep(next(waits))
        finally:
            del self._servers[key]

    async def _well(self, key: SessionKey, mailbox: Mailbox) -> bool:
        """One server, to its end. False: it failed, and something is undone."""
        try:
            await self._serve(key, mailbox)
        except Fenced:
            log.warning("session.fenced", session=str(key))  # the other server sees to the rest
        except StoreError as error:
            log.warning("session.store", session=str(key), why=str(error))
            mailbox.knock()
            return False
        except Exception:
            log.exception("session.broken", session=str(key))
            mailbox.knock()
            return False
        return True

    async def _end(self) -> None:
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
