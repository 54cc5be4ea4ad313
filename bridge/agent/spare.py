"""One process that is ready before anybody wants it, so that a new session need not wait.

It starts in an empty folder of its own home; the session that takes it moves it into its own
folder, and keeps the home. Tools, sandbox and history follow (measured). A spare that was
started under other settings is of no use, and to have none is never a reason to fail.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from claude_agent_sdk import ClaudeSDKError

from bridge.agent.connection import Connection
from bridge.errors import AgentError
from bridge.model import SessionKey
from bridge.ports import Toll

log = structlog.get_logger(__name__)

NOBODY = SessionKey(0, 0, "")  # whose ticket opens nothing, since it never has a turn


@dataclass(frozen=True, slots=True)
class Ready:
    connection: Connection
    url: str
    settings: str  # the hash of those it was started under


class Spare:
    """`version` is the hash of the settings in force.

    `opened` starts the process that reaches the API at this URL; None: none is wanted now.
    """

    def __init__(
        self,
        tickets: Toll,
        version: Callable[[], str],
        opened: Callable[[str], Awaitable[Connection | None]],
    ) -> None:
        self._tickets = tickets
        self._version = version
        self._opened = opened
        self._ready: Ready | None = None
        self._filling: asyncio.Task[None] | None = None

    async def take(self, key: SessionKey) -> Connection | None:
        """The process, for this session; another one is started in its place."""
        ready, self._ready = self._ready, None
        self.fill()
        if ready is None:
            return None
        if not ready.connection.alive or ready.settings != self._version():
            await ready.connection.close()
            return None
        self._tickets.assign(ready.url, key)
        return ready.connection

    def fill(self) -> None:
        """See to it, in the background, that one is ready."""
        if self._ready is None and (self._filling is None or self._filling.done()):
            self._filling = asyncio.create_task(self._fill())

    async def drop(self) -> bool:
        """End the one that is ready. False: there was none."""
        ready, self._ready = self._ready, None
        if ready:
            await ready.connection.close()
        return ready is not None

    async def close(self) -> None:
        if self._filling:
            self._filling.cancel()
            await asyncio.wait({self._filling})
        await self.drop()

    async def _fill(self) -> None:
        version, url = self._version(), self._tickets.issue(NOBODY)
        connection = None
        try:
            connection = await self._opened(url)
        except (ClaudeSDKError, AgentError, OSError, TimeoutError) as error:
            log.warning("spare.start", error=str(error)[:200])
        finally:
            if connection is None:
                self._tickets.revoke(url)
        if connection:
            self._ready = Ready(connection, url, version)
