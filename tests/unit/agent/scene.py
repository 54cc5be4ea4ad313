"""A pool whose clients are fakes, and the guests who want one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bridge.agent.guard import Guard
from bridge.agent.host import Ground
from bridge.agent.memory import free_mb
from bridge.agent.pool import Pool
from bridge.model import AgentEvent, Prompt, Session, SessionKey
from bridge.ports import Agent
from bridge.settings import Settings
from tests.fakes import START, FakeAgent, FakeToll

PROMPT = Prompt("u", 1, 1, "hi", "model")
BREAKS = RuntimeError("it breaks")


class Client(FakeAgent):
    """Like `Claude`: what it needs is put together when its first turn begins."""

    def __init__(self, ground: Ground, pace: float) -> None:
        super().__init__(pace=pace)
        self.started = False
        self.closed = False
        self._ground = ground

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        if not self.started:
            async with self._ground.start():
                self._ground.options(self._ground.config / "home", model=prompt.model)
                self.started = True
        async with aclosing(super().run(prompt)) as events:
            async for event in events:
                yield event

    async def close(self) -> None:
        await super().close()
        await asyncio.sleep(0.1)
        self.closed = True


@dataclass
class Made:
    """Makes clients, and knows how many live."""

    pace: float = 1.0
    clients: list[Client] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    most: int = 0

    def __call__(self, session: Session, guard: Guard, ground: Ground) -> Client:
        if self.faults:
            raise self.faults.pop(0)
        self.clients.append(Client(ground, self.pace))
        self.most = max(self.most, len(self.live))
        return self.clients[-1]

    @property
    def live(self) -> list[Client]:
        return [client for client in self.clients if not client.closed]


@dataclass
class Guest:
    """A session that takes a client when it is told to, and gives it back when asked."""

    session: Session
    pool: Pool
    order: list[int]
    agent: Agent | None = None
    asked: bool = False
    turns: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def leave(self) -> None:
        self.asked = True
        self.news.set()

    def come(self, turns: int = 1, *, stay: bool = True) -> None:
        self.task = asyncio.create_task(self._visit(turns, stay=stay))

    def work(self, turns: int = 1) -> None:
        self.turns += turns
        self.news.set()

    async def _visit(self, turns: int, *, stay: bool) -> None:
        self.turns = turns
        async with self.pool.lend(self.session, self) as self.agent:
            self.order.append(self.session.key.chat)
            while True:
                while self.turns:
                    self.turns -= 1
                    _ = [event async for event in self.agent.run(PROMPT)]
                if self.asked or not stay:
                    break
                self.news.clear()
                await self.news.wait()
        self.agent = None


@dataclass
class Scene:
    pool: Pool
    made: Made
    toll: FakeToll
    folder: Path
    order: list[int] = field(default_factory=list)  # in which clients were granted

    def session(self, number: int) -> Session:
        return Session(SessionKey(number, 0, "main"), 1, self.folder / str(number), START, START)

    def guest(self, number: int) -> Guest:
        return Guest(self.session(number), self.pool, self.order)

    async def clean(self) -> bool:
        """Nothing is left, and all the slots are free."""
        if self.made.live or self.toll.tickets:
            return False
        guests = [self.guest(100 + n) for n in range(2)]
        for guest in guests:
            guest.come(stay=False)
        await asyncio.sleep(self.made.pace + 0.05)
        side_by_side = len(self.made.live) == 2
        await asyncio.wait({guest.task for guest in guests if guest.task})
        return side_by_side and not self.made.live


def scene_of(folder: Path, current: Settings, free: Callable[[], int] = free_mb) -> Scene:
    made, toll = Made(), FakeToll()
    pool = Pool(
        lambda: current,
        toll,
        cli=folder / "cli",
        config=folder / "config",
        key={"ANTHROPIC_API_KEY": "none"},
        closed=(),
        free=free,
        make=made,
    )
    return Scene(pool, made, toll, folder)


@asynccontextmanager
async def guests(scene: Scene, *numbers: int) -> AsyncIterator[list[Guest]]:
    """They come one second after the other, do one turn of a second each and stay."""
    there = [scene.guest(number) for number in numbers]
    for guest in there:
        guest.come()
        await asyncio.sleep(1.5)
    try:
        yield there
    finally:
        tasks = {guest.task for guest in there if guest.task}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
