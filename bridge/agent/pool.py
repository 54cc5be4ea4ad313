"""The warm clients: at most `max_live`, each lent to the server of its session.

Who wants one while all are taken waits in line, and for each who waits one idle client is
asked back, the longest idle first. At most two start at once: a start costs 0.4 s of a core,
and more at once only slow each other down.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from claude_agent_sdk import ClaudeAgentOptions

from bridge.agent.claude import Claude, Options
from bridge.agent.guard import Guard
from bridge.agent.options import Place, options, tools
from bridge.errors import AgentError
from bridge.model import AgentEvent, Prompt, Session
from bridge.ports import Agent, Toll, Waiter
from bridge.settings import Settings

STARTS = 2


class Client(Agent, Protocol):
    """What is lent: a `Claude`. Nothing is started before its first turn."""

    async def close(self) -> None: ...


Make = Callable[[Session, Guard, Options, asyncio.Semaphore], Client]


class Lease:
    """A client on loan. Tells the pool when it begins and ceases to work."""

    def __init__(self, client: Client, waiter: Waiter, moved: Callable[["Lease"], None]) -> None:
        self.busy = False
        self.asked = False
        self._client = client
        self._waiter = waiter
        self._moved = moved

    def ask(self) -> None:
        self.asked = True
        self._waiter.leave()

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        self.busy = True
        self._moved(self)
        try:
            async with aclosing(self._client.run(prompt)) as events:
                async for event in events:
                    yield event
        finally:
            self.busy = False
            self._moved(self)

    async def interrupt(self) -> None:
        await self._client.interrupt()

    async def reply(self, nonce: str, chosen: Sequence[int]) -> None:
        await self._client.reply(nonce, chosen)


class Pool:
    """Implements the port `Agents`.

    `cli` is the wrapper, `config` the folder of histories, `key` the variable that is none,
    `closed` what no client may read, `make` what makes a client.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        toll: Toll,
        cli: Path,
        config: Path,
        key: dict[str, str],
        closed: tuple[Path, ...],
        make: Make = Claude,
    ) -> None:
        self._settings = settings
        self._toll = toll
        self._cli = cli
        self._config = config
        self._key = key
        self._closed = closed
        self._make = make
        self._most = settings().sessions.max_live
        self._slots = asyncio.Semaphore(self._most)  # whoever has waited longest gets the next
        self._starts = asyncio.Semaphore(STARTS)
        self._leases: list[Lease] = []  # longest idle first
        self._waiting = 0

    @asynccontextmanager
    async def lend(self, session: Session, waiter: Waiter) -> AsyncIterator[Agent]:
        async with self._slot(), self._client(session) as client:
            lease = Lease(client, waiter, self._moved)
            self._leases.append(lease)
            try:
                yield lease
            finally:
                self._leases.remove(lease)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            self._make_room()
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()

    @asynccontextmanager
    async def _client(self, session: Session) -> AsyncIterator[Client]:
        """With a ticket of its own; both end with the block."""
        url = self._toll.issue(session.key)
        try:
            client = self._made(session, url)
            try:
                yield client
            finally:
                await client.close()
        finally:
            self._toll.revoke(url)

    def _moved(self, lease: Lease) -> None:
        self._leases.remove(lease)
        self._leases.append(lease)
        self._make_room()

    def _make_room(self) -> None:
        """Ask back as many idle clients as there are sessions waiting for one."""
        idle = [lease for lease in self._leases if not lease.busy]
        coming = self._most - len(self._leases) + sum(lease.asked for lease in idle)
        unasked = [lease for lease in idle if not lease.asked]
        for lease in unasked[: max(0, self._waiting - coming)]:
            lease.ask()

    def _made(self, session: Session, url: str) -> Client:
        settings = self._settings()
        config = self._config / str(session.user)
        place = Place(self._cli, config, url, self._key, self._closed)
        guard = Guard(session.folder, tools(settings), settings.claude.approve, self._closed)

        def fresh(**given: Any) -> ClaudeAgentOptions:
            present(config, mode=0o700)
            present(session.folder)
            return options(settings, session, place, **given)

        return self._make(session, guard, fresh, self._starts)


def present(folder: Path, mode: int = 0o777) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise AgentError(
            f"The folder {folder} cannot be made: {error.strerror}. The owner should look at it."
        ) from error
