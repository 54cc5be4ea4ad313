"""The warm clients: at most `max_live`, each lent to the server of its session.

Who wants one while all are taken waits, and the client that was idle longest is asked back.
At most two start at once: a start costs 0.4 s of a core, and more at once only slow each
other down.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions

from bridge.agent.claude import Claude
from bridge.agent.guard import Guard
from bridge.agent.options import Place, options, tools
from bridge.model import AgentEvent, Prompt, Session, SessionKey
from bridge.ports import Agent, Toll, Waiter
from bridge.settings import Settings

STARTS = 2


class Lease:
    """A client on loan. Tells the pool when it has become idle."""

    def __init__(self, claude: Claude, waiter: Waiter, idle: Callable[["Lease"], None]) -> None:
        self._claude = claude
        self._idle = idle
        self.waiter = waiter

    @property
    def busy(self) -> bool:
        return self._claude.busy

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        try:
            async for event in self._claude.run(prompt):
                yield event
        finally:
            self._idle(self)

    async def interrupt(self) -> None:
        await self._claude.interrupt()

    async def reply(self, nonce: str, chosen: Any) -> None:
        await self._claude.reply(nonce, chosen)


class Pool:
    """Implements the port `Agents`. `cli` is the wrapper, `config` the folder of histories."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        toll: Toll,
        cli: Path,
        config: Path,
        key: dict[str, str],
        closed: tuple[Path, ...],
    ) -> None:
        self._settings = settings
        self._toll = toll
        self._cli = cli
        self._config = config
        self._key = key
        self._closed = closed
        self._slots = asyncio.Semaphore(settings().sessions.max_live)
        self._starts = asyncio.Semaphore(STARTS)
        self._leases: dict[SessionKey, Lease] = {}  # longest idle first
        self._waiting = 0

    @asynccontextmanager
    async def lend(self, session: Session, waiter: Waiter) -> AsyncIterator[Agent]:
        await self._slot()
        url = self._toll.issue(session.key)
        claude = self._claude(session, url)
        self._leases[session.key] = lease = Lease(claude, waiter, self._on_idle)
        try:
            yield lease
        finally:
            del self._leases[session.key]
            await claude.close()
            self._toll.revoke(url)
            self._slots.release()

    async def _slot(self) -> None:
        self._waiting += 1
        try:
            self._make_room()
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def _make_room(self) -> None:
        if self._slots.locked():
            for lease in self._leases.values():
                if not lease.busy:
                    lease.waiter.leave()
                    return

    def _on_idle(self, lease: Lease) -> None:
        for key, known in list(self._leases.items()):
            if known is lease:
                self._leases[key] = self._leases.pop(key)
        if self._waiting:
            self._make_room()

    def _claude(self, session: Session, url: str) -> Claude:
        settings = self._settings()
        config = self._config / str(session.user)
        config.mkdir(parents=True, exist_ok=True, mode=0o700)
        session.folder.mkdir(parents=True, exist_ok=True)
        place = Place(self._cli, config, url, self._key, self._closed)
        guard = Guard(session.folder, tools(settings), settings.claude.approve, self._closed)

        def fresh(**given: Any) -> ClaudeAgentOptions:
            return options(settings, session, place, **given)

        return Claude(session, guard, fresh, self._starts)
