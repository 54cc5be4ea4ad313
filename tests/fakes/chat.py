"""`Chat` that notes what a user would see."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bridge.model import Answer, Ask, Inbound, Mode, Offer, Place
from bridge.ports import Live
from bridge.progress import Progress


@dataclass
class FakeChat:
    """`Chat` that notes what a user would see. `faults` are raised by the next answers."""

    shown: list[Progress] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)  # nonces, and how
    answered: list[Answer] = field(default_factory=list)
    said: list[tuple[Place, str]] = field(default_factory=list)
    files: list[tuple[Place, Path, str]] = field(default_factory=list)
    offered: list[Offer] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)  # raised by the next files
    views: int = 0  # open now
    topics: list[str] = field(default_factory=list)

    def show(self, progress: Progress) -> None:
        self.shown.append(progress)

    @asynccontextmanager
    async def live(self, inbound: Inbound, mode: Mode) -> AsyncIterator[Live]:
        self.views += 1
        try:
            yield self
        finally:
            self.views -= 1

    async def seen(self, inbound: Inbound) -> None:
        pass

    async def ask(self, ask: Ask) -> int:
        self.asked.append(ask)
        return len(self.asked)

    async def settle(self, ask: Ask, chosen: str) -> None:
        self.settled.append((ask.nonce, chosen))

    async def answer(self, answer: Answer, confirmed: Callable[[int], Awaitable[None]]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.answered.append(answer)
        await confirmed(1)

    async def file(self, place: Place, path: Path, caption: str = "") -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.files.append((place, path, caption))

    async def say(
        self, place: Place, text: str, offers: Sequence[Offer] = (), user: int = 0
    ) -> None:
        self.said.append((place, text))
        self.offered.extend(offers)

    async def topic(self, chat: int, name: str) -> Place | None:
        self.topics.append(name)
        return Place(chat, len(self.topics))

    def texts(self) -> list[str]:
        return [answer.text for answer in self.answered]
