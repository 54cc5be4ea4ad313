"""Signals reach the turn that runs, and no other one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from bridge.model import Answer, Completed, Outcome, Signal, Stop, Tapped, Text
from bridge.session import State
from budgets.model import Limit, Usage
from tests.fakes import TICK, FakeAgent, FakeChat, FakeLedger, settings
from tests.unit.bridge.scene import Scene

TAP = Tapped("n1", (0,))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path))


async def test_stop_ends_the_running_turn(scene: Scene) -> None:
    scene.use(FakeAgent([Text("m", 0, "So far."), 60.0, Completed(Outcome.DONE, "")]))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(1)
        assert scene.texts == ["So far.\n\n*Stopped.*"]
        await scene.say(2, "again")
        await asyncio.sleep(1)
    assert scene.texts[1:] == ["Re: again"]


async def test_two_stops_are_as_good_as_one(scene: Scene) -> None:
    scene.use(FakeAgent(pace=60.0))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Stop(1))
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(1)
    assert scene.texts == ["*Stopped.*"]


async def test_stop_reaches_a_turn_that_has_not_reached_the_agent_yet(scene: Scene) -> None:
    class Slow(FakeLedger):
        async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
            await asyncio.sleep(2)
            return await super().usage(user, limits)

    scene.use(FakeAgent(pace=60.0))
    await scene.say(1)
    async with scene.serving(scene.fakes.desk(ledger=Slow())):
        await asyncio.sleep(1)
        assert scene.mailbox.state is State.RUNNING
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(5)
    assert scene.texts == ["*Stopped.*"]


async def test_a_stop_that_came_too_late_does_not_hit_the_next_turn(scene: Scene) -> None:
    class Slow(FakeChat):
        async def answer(self, answer: Answer, confirmed: Callable[[int], Awaitable[None]]) -> None:
            await asyncio.sleep(2)
            await super().answer(answer, confirmed)

    scene.fakes.chat = Slow()
    agent = scene.use(FakeAgent(pace=10.0))
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(11)
        scene.mailbox.send(Stop(1))  # while the first answer is on its way
        await asyncio.sleep(30)
    assert scene.texts == ["Re: first", "Re: second"]
    assert agent.interrupts == 0


class Sluggish(FakeAgent):
    """An interrupt takes `delay` seconds to arrive."""

    def __init__(self, delay: float, pace: float) -> None:
        super().__init__(pace=pace)
        self._delay = delay

    async def interrupt(self) -> None:
        await asyncio.sleep(self._delay)
        await super().interrupt()


async def test_a_stop_on_its_way_as_the_turn_ends_does_not_hit_the_next(scene: Scene) -> None:
    agent = scene.use(Sluggish(delay=0.5, pace=10.0))
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(9.8)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(30)
    assert agent.interrupts == 1
    assert scene.texts == ["Re: first", "Re: second"]


async def test_a_stop_that_never_arrives_does_not_hold_the_session_up(scene: Scene) -> None:
    agent = scene.use(Sluggish(delay=10_000.0, pace=60.0))
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(80)
    assert scene.texts == ["*Stopped.*", "Re: second"]
    assert agent.kills == 1


async def test_a_tap_reaches_the_agent(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=10.0))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(TAP)
        await asyncio.sleep(1)
        assert agent.replies == [("n1", (0,))]


async def test_a_signal_that_breaks_does_not_stop_those_behind_it(scene: Scene) -> None:
    class Deaf(FakeAgent):
        async def interrupt(self) -> None:
            raise ValueError("no such thing")

    agent = scene.use(Deaf(pace=10.0))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(8)
        for signal in (Stop(1), TAP):
            scene.mailbox.send(signal)
        await asyncio.sleep(10)
    assert agent.replies == [("n1", (0,))]
    assert scene.texts == ["Re: hi"]


@pytest.mark.parametrize("signal", [Stop(1), TAP])
@pytest.mark.parametrize("ticks", range(-15, 16))
async def test_a_signal_at_the_end_of_a_turn_is_not_for_the_next(
    scene: Scene, signal: Signal, ticks: int
) -> None:
    scene.use(FakeAgent(pace=10.0))
    await scene.say(1, "first")
    await scene.say(2, "second")
    for_first = []

    def send() -> None:
        for_first.append(1 not in scene.fakes.inbox.finished)
        scene.mailbox.send(signal)

    async with scene.serving():
        asyncio.get_running_loop().call_at(10.0 + ticks * TICK, send)
        await asyncio.sleep(30)
    assert len(scene.texts) == 2
    if for_first == [True] or signal is TAP:
        assert scene.texts[1] == "Re: second"
