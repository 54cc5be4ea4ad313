"""One message and the desk of fakes that it is served at, without a server around it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from bridge import turn
from bridge.model import (
    AgentEvent,
    Ask,
    Asked,
    Completed,
    Inbound,
    Outcome,
    Prompt,
    Session,
    SessionKey,
    Text,
    ToolUse,
)
from bridge.settings import Settings
from tests.fakes import FakeAgent, Fakes, Step, Watch

KEY = SessionKey(1, 0, "main")
FOLDER = Path("main")
HALF = Text("m1", 0, "Half of it.")
TOOL = ToolUse("t1", "Bash", {"command": "ls"})
DONE = Completed(Outcome.DONE, "All of it.", "c-1", 1000)
ASK = Asked(Ask("n1", KEY, 1, 1, "Bash", "ls", ("Allow", "Deny")))


@dataclass
class Alone:
    """`work.Work` without signals and without a watchdog."""

    run: Callable[[Prompt], AsyncGenerator[AgentEvent]]
    absorbed: Sequence[int] = ()
    entered: bool = False
    agent: FakeAgent = field(default_factory=FakeAgent)

    async def switch(self, model: str) -> None:
        await self.agent.switch(model)

    def __enter__(self) -> Self:
        self.entered = True
        return self

    def __exit__(self, *_: object) -> None:
        self.entered = False


@dataclass
class Message:
    settings: Settings
    fakes: Fakes = field(default_factory=Fakes)
    watch: Watch = field(default_factory=Watch)
    agent: FakeAgent = field(default_factory=FakeAgent)

    async def claim(self) -> Session:
        return await self.fakes.sessions.claim(KEY, 1, FOLDER)

    async def serve(self, inbound: Inbound, *script: Step) -> None:
        """As a server that has just been started does it; without a script the agent echoes."""
        self.agent = FakeAgent(script) if script else FakeAgent()
        await self.serve_with(inbound, Alone(self.agent.run, agent=self.agent))

    async def serve_with(self, inbound: Inbound, work: Alone) -> None:
        desk = self.watch.over(self.fakes.desk())
        await turn.serve(inbound, await self.claim(), work, desk, self.settings)

    async def cut(self, inbound: Inbound, *script: Step) -> None:
        """The bridge is ended a minute after it has begun to serve."""
        serving = asyncio.create_task(self.serve(inbound, *script))
        await asyncio.sleep(60)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving

    @property
    def undone(self) -> bool:
        return 1 not in self.fakes.inbox.finished

    def over(self) -> bool:
        """Nothing of a turn goes on."""
        fakes = self.fakes
        return not (self.agent.busy or fakes.toll.spending or fakes.asks.open_ or fakes.chat.views)
