"""`Chat` that notes what a user would see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.model import Answer, Ask, Inbound, Place
from bridge.ports import Live
from bridge.progress import Progress


@dataclass
class FakeChat:
    """`Chat` that notes what a user would see. `faults` are raised by the next answers."""

    shown: list[Progress] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    answered: list[Answer] = field(default_factory=list)
    said: list[tuple[Place, str]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    views: int = 0  # open now

    def show(self, progress: Progress) -> None:
        self.shown.append(progress)

    @asynccontextmanager
    async def live(self, inbound: Inbound) -> AsyncIterator[Live]:
        self.views += 1
        try:
            yield self
        finally:
            self.views -= 1

    async def seen(self, inbound: Inbound) -> None:
        pass

    async def ask(self, ask: Ask) -> None:
        self.asked.append(ask)

    async def answer(self, answer: Answer) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.answered.append(answer)

    async def say(self, place: Place, text: str) -> None:
        self.said.append((place, text))

    def texts(self) -> list[str]:
        return [answer.text for answer in self.answered]
