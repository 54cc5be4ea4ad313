"""When a spare is handed out, and that none of them leaks."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge.agent.connection import Connection
from bridge.agent.spare import NOBODY, Spare
from bridge.errors import AgentError
from bridge.model import SessionKey
from tests.fakes import FakeToll

KEY = SessionKey(1, 0, "main")


class Toll(FakeToll):
    def assign(self, url: str, key: SessionKey) -> None:
        assert url in self.tickets
        self.tickets[url] = key


class Warm(Connection):
    """A process that lives until it is closed."""

    lives = True

    @property
    def alive(self) -> bool:
        return self.lives

    async def close(self) -> None:
        self.lives = False
        self._done()


@dataclass
class Scene:
    toll: Toll = field(default_factory=Toll)
    version: str = "1"
    wanted: bool = True
    faults: list[Exception] = field(default_factory=list)
    made: list[Warm] = field(default_factory=list)

    def spare(self) -> Spare:
        return Spare(self.toll, lambda: self.version, self._opened)

    async def _opened(self, url: str) -> Connection | None:
        await asyncio.sleep(1)
        if self.faults:
            raise self.faults.pop()
        if not self.wanted:
            return None
        self.made.append(Warm(Path("home"), lambda: self.toll.revoke(url)))
        return self.made[-1]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_one_is_ready_and_another_takes_its_place(scene: Scene) -> None:
    spare = scene.spare()
    spare.fill()
    await asyncio.sleep(2)
    assert list(scene.toll.tickets.values()) == [NOBODY]
    assert await spare.take(KEY) is scene.made[0]
    assert list(scene.toll.tickets.values()) == [KEY]
    await asyncio.sleep(2)
    assert list(scene.toll.tickets.values()) == [KEY, NOBODY]
    await spare.close()
    assert [warm.alive for warm in scene.made] == [True, False], "who took one keeps it"


async def test_nobody_waits_for_one_that_is_not_ready(scene: Scene) -> None:
    spare = scene.spare()
    spare.fill()
    assert await spare.take(KEY) is None
    await spare.close()
    assert not scene.toll.tickets


async def test_one_of_other_settings_is_ended(scene: Scene) -> None:
    spare = scene.spare()
    spare.fill()
    await asyncio.sleep(2)
    scene.version = "2"
    assert await spare.take(KEY) is None
    assert not scene.made[0].alive
    await asyncio.sleep(2)
    assert await spare.take(KEY) is scene.made[1]
    await spare.close()


async def test_one_that_died_is_not_handed_out(scene: Scene) -> None:
    spare = scene.spare()
    spare.fill()
    await asyncio.sleep(2)
    scene.made[0].lives = False
    assert await spare.take(KEY) is None
    await spare.close()
    assert not scene.toll.tickets


async def test_one_that_does_not_start_is_tried_again_at_the_next_need(scene: Scene) -> None:
    scene.faults = [AgentError("no room"), TimeoutError()]
    spare = scene.spare()
    spare.fill()
    for _ in range(2):
        await asyncio.sleep(2)
        assert not scene.toll.tickets
        assert await spare.take(KEY) is None
    await asyncio.sleep(2)
    assert await spare.take(KEY)
    await spare.close()


async def test_where_none_is_wanted_there_is_none(scene: Scene) -> None:
    scene.wanted = False
    spare = scene.spare()
    spare.fill()
    await asyncio.sleep(2)
    assert not await spare.drop()
    assert not scene.toll.tickets


async def test_dropped_it_leaves_nothing(scene: Scene) -> None:
    spare = scene.spare()
    spare.fill()
    await asyncio.sleep(2)
    assert await spare.drop()
    assert not scene.made[0].alive
    assert not scene.toll.tickets
