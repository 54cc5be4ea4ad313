"""`Agent` by script, and `Agents` that lends it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.errors import AgentError
from bridge.model import AgentEvent, Completed, Outcome, Prompt, Session, SessionKey
from bridge.ports import Waiter

Step = AgentEvent | Exception | float


class FakeAgent:
    """`Agent` by script: one for each turn, and an echo of the prompts when there is none left.

    Events are told, exceptions raised, numbers are seconds that pass. Interrupted while they
    do, the turn is STOPPED, unless it is `deaf`. An echo takes `pace` seconds.
    """

    def __init__(self, *scripts: Sequence[Step], pace: float = 0.0, deaf: bool = False) -> None:
        self.prompts: list[Prompt] = []
        self.replies: list[tuple[str, tuple[int, ...]]] = []
        self.steered: list[Prompt] = []
        self.switched: list[str] = []
        self.missing: set[str] = set()  # models that it cannot switch to
        self.interrupts = 0
        self.kills = 0
        self.busy = False
        self._killed = False
        self._deaf = deaf
        self.scripts = deque(scripts)
        self._pace = pace
        self._stop = asyncio.Event()
        self._said: list[str] = []  # the prompts of this turn

    async def run(self, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
        assert not self.busy, "one turn at a time"
        self.busy = True
        self.prompts.append(prompt)
        self._said = [prompt.text]
        self._stop.clear()
        self._killed = False
        echo = not self.scripts
        try:
            for step in (self._pace,) if echo else self.scripts.popleft():
                if isinstance(step, Exception):
                    raise step
                if not isinstance(step, int | float):
                    yield step
                elif await self._stopped(step):
                    if self._killed:
                        raise AgentError("Claude Code was killed.")
                    yield Completed(Outcome.STOPPED, "")
                    return
            if echo:
                yield Completed(Outcome.DONE, f"Re: {' + '.join(self._said)}")
        finally:
            self.busy = False

    async def interrupt(self) -> None:
        self.interrupts += 1
        if not self._deaf:
            self._stop.set()

    async def reply(
        self, nonce: str, chosen: Sequence[int], words: str = "", user: int = 0
    ) -> None:
        self.replies.append((nonce, tuple(chosen)))

    async def steer(self, prompt: Prompt) -> bool:
        if self.busy:
            self.steered.append(prompt)
            self._said.append(prompt.text)
        return self.busy

    async def switch(self, model: str) -> None:
        if model in self.missing:
            raise AgentError("The API does not know this model.")
        self.switched.append(model)

    async def kill(self) -> None:
        """The turn dies as soon as time passes in it."""
        self.kills += 1
        self._killed = True
        self._stop.set()

    async def close(self) -> None:
        assert not self.busy, "closed while a turn ran"

    async def _stopped(self, seconds: float) -> bool:
        """Whether it was interrupted before they had passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True


@dataclass
class FakeAgents:
    """`Agents` that lends `agent` to everyone and makes nobody wait."""

    agent: FakeAgent = field(default_factory=FakeAgent)
    waiters: dict[SessionKey, Waiter] = field(default_factory=dict)  # who has a client now
    lent: list[SessionKey] = field(default_factory=list)
    closing: float = 0.0  # seconds that giving back takes

    @asynccontextmanager
    async def lend(self, session: Session, waiter: Waiter) -> AsyncIterator[FakeAgent]:
        self.waiters[session.key] = waiter
        self.lent.append(session.key)
        try:
            yield self.agent
        finally:
            await asyncio.sleep(self.closing)
            del self.waiters[session.key]
