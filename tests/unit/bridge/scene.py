"""One session with its server, on a desk of fakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge import actor
from bridge.mailbox import Mailbox
from bridge.model import SessionKey
from bridge.ports import Desk
from bridge.session import State
from bridge.settings import Settings
from tests.fakes import FakeAgent, Fakes

KEY = SessionKey(1, 0, "main")
IDLE = 600.0  # seconds, by default


@dataclass
class Scene:
    """A server of the session KEY, and what is around it."""

    settings: Settings
    fakes: Fakes = field(default_factory=Fakes)
    mailbox: Mailbox = field(default_factory=Mailbox)

    @property
    def texts(self) -> list[str]:
        return self.fakes.chat.texts()

    @property
    def lent(self) -> bool:
        return KEY in self.fakes.agents.waiters

    def state(self) -> State:
        return self.mailbox.state

    def use(self, agent: FakeAgent) -> FakeAgent:
        self.fakes.agents.agent = agent
        return agent

    async def serve(self, desk: Desk | None = None) -> None:
        await actor.serve(KEY, self.mailbox, desk or self.fakes.desk(), lambda: self.settings)

    @asynccontextmanager
    async def serving(self, desk: Desk | None = None) -> AsyncIterator[asyncio.Task[None]]:
        """Until the end of the block, if it has not ended by itself."""
        task = asyncio.create_task(self.serve(desk))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def serve_for(self, seconds: float) -> None:
        async with self.serving():
            await asyncio.sleep(seconds)

    async def say(self, number: int, text: str = "hi") -> None:
        await self.fakes.say(number, text)
        self.mailbox.knock()
