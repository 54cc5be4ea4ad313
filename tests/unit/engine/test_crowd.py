"""The engine with its real servers and its real pool: many sessions, few clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge import actor
from bridge.agent.pool import Pool
from bridge.engine.local import Local
from bridge.errors import ChatError
from bridge.mailbox import Mailbox
from bridge.model import Answer, SessionKey, Stop
from bridge.settings import Settings
from tests.fakes import FakeAgent, FakeChat, Fakes, settings

LIVE = 4


class Client(FakeAgent):
    def __init__(self, crowd: "Crowd") -> None:
        super().__init__(pace=crowd.pace)
        self._crowd = crowd
        crowd.live.add(self)
        crowd.most = max(crowd.most, len(crowd.live))

    async def close(self) -> None:
        await super().close()
        await asyncio.sleep(0.1)
        self._crowd.live.discard(self)


@dataclass
class Crowd:
    settings: Settings
    folder: Path
    pace: float = 1.0
    fakes: Fakes = field(default_factory=Fakes)
    live: set[Client] = field(default_factory=set)
    most: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Local]:
        pool = Pool(
            lambda: self.settings,
            self.fakes.toll,
            cli=self.folder / "claude",
            config=self.folder / "config",
            key={},
            closed=(),
            make=lambda *_: Client(self),
        )
        desk = self.fakes.desk(agents=pool)

        async def serve(key: SessionKey, mailbox: Mailbox) -> None:
            await actor.serve(key, mailbox, desk, lambda: self.settings)

        engine = Local(serve, self.fakes.inbox.undone, self.fakes.clock)
        task = asyncio.create_task(engine.run())
        try:
            yield engine
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def say(self, engine: Local, number: int, chat: int) -> SessionKey:
        inbound = await self.fakes.say(number, str(number), chat)
        await engine.activate(inbound.key)
        return inbound.key


@pytest.fixture
def crowd(tmp_path: Path) -> Crowd:
    return Crowd(settings(tmp_path, f"[sessions]\nmax_live = {LIVE}\n"), tmp_path)


async def test_fifty_sessions_are_all_answered_by_no_more_than_four_clients(crowd: Crowd) -> None:
    async with crowd.running() as engine:
        for number in range(1, 51):
            await crowd.say(engine, number, chat=number)
        await asyncio.sleep(120)
    assert sorted(crowd.fakes.chat.texts()) == sorted(f"Re: {number}" for number in range(1, 51))
    assert crowd.most == LIVE
    assert not crowd.live


async def test_ten_messages_in_a_second_are_all_answered_in_order(crowd: Crowd) -> None:
    async with crowd.running() as engine:
        for number in range(1, 11):
            await crowd.say(engine, number, chat=1)
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
    assert crowd.fakes.chat.texts() == [f"Re: {number}" for number in range(1, 11)]
    assert crowd.most == 1


async def test_a_message_that_waits_for_a_client_waits_and_does_not_run(crowd: Crowd) -> None:
    crowd.pace = 30.0
    async with crowd.running() as engine:
        keys = [await crowd.say(engine, chat, chat) for chat in range(1, LIVE + 2)]
        await asyncio.sleep(10)
        assert [await engine.running(key) for key in keys] == [True] * LIVE + [False]
        assert not await engine.signal(keys[-1], Stop(1))
        await asyncio.sleep(30)
        assert await engine.running(keys[-1])


async def test_an_answer_that_is_only_delivered_cannot_be_stopped(crowd: Crowd) -> None:
    class Slow(FakeChat):
        async def answer(self, answer: Answer, confirmed: Callable[[int], Awaitable[None]]) -> None:
            await asyncio.sleep(10)
            await super().answer(answer, confirmed)

    crowd.fakes.chat = Slow(faults=[ChatError("Telegram is away.")])
    async with crowd.running() as engine:
        key = await crowd.say(engine, 1, chat=1)
        await asyncio.sleep(0.5)
        assert await engine.running(key)
        for _ in range(2):  # the first try, and the one after it has failed
            await asyncio.sleep(5)
            assert not await engine.running(key)
            assert not await engine.signal(key, Stop(1))
            await asyncio.sleep(11)
        await asyncio.sleep(5)
    assert crowd.fakes.chat.texts() == ["Re: 1"]
