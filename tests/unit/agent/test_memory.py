"""A start that would exhaust the memory waits until others have left."""

import asyncio
from pathlib import Path

import pytest

from bridge.agent.memory import free_mb
from bridge.errors import AgentError
from tests.fakes import settings
from tests.unit.agent.scene import PROMPT, Guest, Scene, guests, scene_of


class Ram:
    """1000 MB, of which each live client takes 400."""

    def __init__(self) -> None:
        self.taken = 0
        self.scene: Scene | None = None

    def __call__(self) -> int:
        live = sum(client.started for client in self.scene.made.live) if self.scene else 0
        return 1000 - self.taken - 400 * live


@pytest.fixture
def ram() -> Ram:
    return Ram()


@pytest.fixture
def scene(tmp_path: Path, ram: Ram) -> Scene:
    current = settings(tmp_path, "[sessions]\nmax_live = 8\nmin_free_mb = 300\n")
    ram.scene = scene_of(tmp_path, current, ram)
    return ram.scene


async def test_the_longest_idle_leaves_before_another_starts(scene: Scene) -> None:
    async with guests(scene, 1, 2) as [one, two]:
        three = scene.guest(3)
        three.come(stay=False)
        await asyncio.sleep(3)
        assert (one.asked, two.asked) == (True, False)
        assert three.task
        await three.task


async def test_while_all_work_the_next_one_waits(scene: Scene) -> None:
    async with guests(scene, 1, 2) as there:
        for guest in there:
            guest.work(10)
        await asyncio.sleep(0.1)
        three = scene.guest(3)
        three.come(stay=False)
        await asyncio.sleep(5)
        assert three.turns == 0
        assert three.task
        assert not three.task.done()
        await three.task
        assert sum(guest.asked for guest in there) == 1


async def test_when_nobody_can_leave_it_is_a_sentence(scene: Scene, ram: Ram) -> None:
    ram.taken = 900
    for number in (1, 2, 3):
        guest: Guest = scene.guest(number)
        async with scene.pool.lend(guest.session, guest) as agent:
            with pytest.raises(AgentError, match="too little free memory"):
                _ = [event async for event in agent.run(PROMPT)]
    ram.taken = 0
    assert await scene.clean()


async def test_many_that_start_at_once_do_not_wait_for_each_other(scene: Scene, ram: Ram) -> None:
    ram.taken = 900
    several = [scene.guest(number) for number in range(1, 6)]
    for guest in several:
        guest.come(stay=False)
    tasks = [guest.task for guest in several if guest.task]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [AgentError] * 5


def test_the_free_memory_of_this_machine(tmp_path: Path) -> None:
    assert free_mb() > 0
    (tmp_path / "meminfo").write_text("MemFree: 1 kB\n")
    with pytest.raises(ValueError, match="does not say"):
        free_mb(tmp_path / "meminfo")
