"""The warm clients: at most `max_live`, each lent to the server of its session.

Who wants one while all are taken waits in line, and for each who waits one idle client is
asked back, the longest idle first. At most two start at once: a start costs 0.4 s of a core,
and more at once only slow each other down. A start that would exhaust the machine's memory
waits until others have left.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self

from claude_agent_sdk import ClaudeAgentOptions

from bridge.agent.claude import Claude
from bridge.agent.closed import closed, resolved
from bridge.agent.connection import Connection, Options
from bridge.agent.guard import Guard
from bridge.agent.host import Ground
from bridge.agent.memory import free_mb
from bridge.agent.options import Place, escalation, options
from bridge.agent.past import new_home
from bridge.agent.permit import Note, unnoted
from bridge.agent.premises import ANYBODY, guarding, handed, present, role
from bridge.agent.spare import Spare
from bridge.errors import AgentError
from bridge.model import AgentEvent, Exchange, Prompt, Session, SessionKey
from bridge.ports import Agent, Toll, Waiter
from bridge.settings import Settings

STARTS = 2
LOOK = 1.0  # seconds between two looks at the memory
FULL = (
    "This machine has too little free memory to start Claude Code. End something on it, or "
    "lower sessions.max_live, and send your message again."
)


class Client(Agent, Protocol):
    """What is lent: a `Claude`. Nothing is started before its first turn."""

    async def close(self) -> None: ...


Make = Callable[[Session, Guard, Ground], Client]
Recent = Callable[[SessionKey], Awaitable[Sequence[Exchange]]]


async def nothing(_key: SessionKey) -> Sequence[Exchange]:
    return ()


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

    async def reply(
        self, nonce: str, chosen: Sequence[int], words: str = "", user: int = 0
    ) -> None:
        await self._client.reply(nonce, chosen, words, user)

    async def steer(self, prompt: Prompt) -> bool:
        return await self._client.steer(prompt)

    async def switch(self, model: str) -> None:
        await self._client.switch(model)

    async def kill(self) -> None:
        await self._client.kill()


class Pool:
    """Implements the port `Agents`. Entered, it keeps a spare client ready as well.

    `cli` is the wrapper, `config` the folder of the homes, `key` the variable that is none,
    `closed` what no client may read, `recent` what was said last in a session, `free` the
    machine's free memory in MB, `make` what makes a client, `note` what writes the audit trail.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        toll: Toll,
        cli: Path,
        config: Path,
        key: dict[str, str],
        closed: tuple[Path, ...],
        recent: Recent = nothing,
        free: Callable[[], int] = free_mb,
        make: Make = Claude,
        note: Note = unnoted,
    ) -> None:
        self._settings = settings
        self._toll = toll
        self._cli = cli
        self._config = config
        self._key = key
        self._closed = closed
        self._recent = recent
        self._free = free
        self._make = make
        self._note = note
        self._most = settings().sessions.max_live
        self._slots = asyncio.Semaphore(self._most)  # whoever has waited longest gets the next
        self._starts = asyncio.Semaphore(STARTS)
        self._spare: Spare | None = None
        self._leases: list[Lease] = []  # longest idle first
        self._waiting = 0
        self._wanting = 0  # starts that have to wait
        self._left = asyncio.Event()  # a lease was given back, or became idle

    async def __aenter__(self) -> Self:
        self._spare = Spare(self._toll, lambda: self._settings().hash, self._opened_spare)
        self._spare.fill()
        return self

    async def __aexit__(self, *_: object) -> None:
        spare, self._spare = self._spare, None
        if spare:
            await spare.close()

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
                self._left.set()
        finally:
            self._toll.revoke(url)

    def _moved(self, lease: Lease) -> None:
        if lease not in self._leases:
            return  # given back; its last turn was never closed
        self._leases.remove(lease)
        self._leases.append(lease)
        self._left.set()
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
        shut = self._shut(settings, role(session, settings))
        guard = guarding(settings, session.folder, shut)
        ground = Ground(
            config=self._config,
            options=self._options(settings, session.folder, url, shut),
            start=self._starting,
            spare=partial(self._take_spare, session),
            recent=partial(self._recent, session.key),
            escalate=escalation(settings),
            note=self._note,
            approve_minutes=settings.claude.approve_minutes,
        )
        return self._make(session, guard, ground)

    def _shut(self, settings: Settings, role: str) -> tuple[Path, ...]:
        return (*resolved(self._closed), *closed(settings, role, Path.home()))

    def _options(
        self, settings: Settings, folder: Path, url: str, shut: tuple[Path, ...]
    ) -> Options:
        def fresh(home: Path, **given: Any) -> ClaudeAgentOptions:
            present(home, mode=0o700)
            present(folder)
            handed(settings, home, folder)
            place = Place(self._cli, home, url, self._key, shut)
            return options(settings, folder, place, **given)

        return fresh

    @asynccontextmanager
    async def _starting(self) -> AsyncIterator[None]:
        self._wanting += 1
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._starts)
                await self._memory()
            finally:
                self._wanting -= 1
            yield

    async def _memory(self) -> None:
        """Wait until a start does not exhaust it: the spare ends, then the idle ones leave.

        AgentError: nobody is left who could.
        """
        while self._tight():
            if self._spare and await self._spare.drop():
                continue
            self._left.clear()
            idle = [lease for lease in self._leases if not lease.busy]
            if len(self._leases) <= self._wanting:
                raise AgentError(FULL)
            if idle and not any(lease.asked for lease in idle):
                idle[0].ask()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._left.wait()

    def _tight(self) -> bool:
        return self._free() < self._settings().sessions.min_free_mb

    async def _take_spare(self, session: Session) -> Connection | None:
        """Not for somebody to whom more is open than to everybody: the spare's walls stay."""
        settings = self._settings()
        if self._shut(settings, role(session, settings)) != self._shut(settings, ANYBODY):
            return None
        present(session.folder)
        return await self._spare.take(session.key) if self._spare else None

    async def _opened_spare(self, url: str) -> Connection | None:
        """Not where a project's own settings count, since those are read at the start."""
        settings = self._settings()
        if not settings.sessions.spare or settings.claude.project_settings:
            return None
        home = new_home(self._config)
        connection = Connection(home, partial(self._toll.revoke, url))
        model = settings.models[settings.routing.default].id
        async with self._starts:
            if self._tight():
                return None
            await connection.open(
                self._options(settings, home / "empty", url, self._shut(settings, ANYBODY)),
                model,
                escalate=escalation(settings),
            )
        return connection
