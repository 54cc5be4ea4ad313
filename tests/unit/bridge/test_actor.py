"""The server of one session: order, signals, and the moments at which it comes and goes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from bridge import actor
from bridge.engine.local import Local
from bridge.errors import ChatError, StoreError
from bridge.mailbox import Mailbox
from bridge.model import Answer, Completed, Outcome, SessionKey, Signal, Stop, Tapped, Text
from bridge.ports import Desk
from bridge.session import State
from bridge.settings import Settings
from budgets.model import Limit, Usage
from tests.fakes import TICK, FakeAgent, FakeChat, FakeLedger, Fakes, VirtualLoop, settings

KEY = SessionKey(1, 0, "main")
IDLE = 600.0  # seconds, by default
TAP = Tapped("n1", (0,))


@dataclass
class Scene:
    settings: Settings
    fakes: Fakes = field(default_factory=Fakes)
    mailbox: Mailbox = field(default_factory=Mailbox)

    @property
    def texts(self) -> list[str]:
        return self.fakes.chat.texts()

    @property
    def lent(self) -> bool:
        return KEY in self.fakes.agents.waiters

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

    async def say(self, number: int, text: str = "hi") -> None:
        await self.fakes.say(number, text)
        self.mailbox.knock()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path))


async def test_nothing_is_started_when_nothing_is_undone(scene: Scene) -> None:
    await scene.serve()
    assert not scene.fakes.agents.lent
    assert not scene.fakes.sessions.known


async def test_messages_are_served_in_order_and_one_at_a_time(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=1.0))  # it refuses two at a time
    for number in range(1, 6):
        await scene.say(number, str(number))
    async with scene.serving():
        await asyncio.sleep(2.5)
        for number in range(6, 11):
            await scene.say(number, str(number))
        await asyncio.sleep(20)
    assert scene.texts == [f"Re: {number}" for number in range(1, 11)]
    assert len(agent.prompts) == 10
    assert scene.fakes.agents.lent == [KEY], "all with one client"


async def test_a_server_takes_the_session_over(scene: Scene) -> None:
    await scene.say(1)
    await scene.serve()
    assert scene.fakes.sessions.known[KEY].epoch == 1


# Signals.


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
        async def answer(self, answer: Answer) -> None:
            await asyncio.sleep(2)
            await super().answer(answer)

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
    scene.use(Sluggish(delay=10_000.0, pace=10.0))
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(5)
        scene.mailbox.send(Stop(1))
        await asyncio.sleep(30)
    assert scene.texts == ["Re: first", "Re: second"]


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
        await asyncio.sleep(5)
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


# Coming and going.


async def test_an_idle_client_is_given_back(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving() as task:
        await asyncio.sleep(IDLE - 1)
        assert scene.lent
        assert scene.mailbox.state is State.IDLE
        await asyncio.sleep(2)
        assert task.done()
    assert not scene.lent
    assert scene.mailbox.state is State.SUSPENDED
    assert not scene.mailbox.knocked, "nothing is left to do"


async def test_each_message_keeps_the_client_for_another_while(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(IDLE - 1)
        await scene.say(2)
        await asyncio.sleep(IDLE - 1)
        assert scene.lent
    assert scene.fakes.agents.lent == [KEY]
    assert len(scene.texts) == 2


async def test_an_idle_client_that_is_wanted_is_given_back_at_once(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving() as task:
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(1)
        assert task.done()


async def test_a_busy_one_that_is_asked_to_leave_finishes_its_message(scene: Scene) -> None:
    scene.use(FakeAgent(pace=10.0))
    for number in (1, 2):
        await scene.say(number, str(number))
    async with scene.serving() as task:
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(6)
        assert task.done()
    assert scene.texts == ["Re: 1"]
    assert scene.mailbox.knocked, "the second one wants a server"
    await scene.serve()
    assert scene.texts == ["Re: 1", "Re: 2"]


async def test_asked_to_leave_as_it_begins_it_serves_one_message_first(scene: Scene) -> None:
    """Or two sessions could pass one client to and fro for ever."""
    scene.fakes.inbox.latency = 1.0
    for number in (1, 2):
        await scene.say(number, str(number))
    async with scene.serving():
        await asyncio.sleep(1.5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(10)
    assert scene.texts == ["Re: 1"]
    assert scene.mailbox.knocked


async def test_messages_that_come_as_it_is_asked_to_leave_want_a_server(scene: Scene) -> None:
    await scene.say(1, "1")
    async with scene.serving() as task:
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        for number in (2, 3):
            await scene.say(number, str(number))
        await asyncio.sleep(1)
        assert task.done()
    assert scene.texts == ["Re: 1", "Re: 2"]
    assert scene.mailbox.knocked


async def test_one_that_left_once_stays_when_it_comes_back(scene: Scene) -> None:
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        scene.fakes.agents.waiters[KEY].leave()
        await asyncio.sleep(1)
    await scene.say(2)
    async with scene.serving():
        await asyncio.sleep(5)
        assert scene.lent


async def test_the_client_is_given_back_when_the_store_fails(scene: Scene) -> None:
    class Full(FakeLedger):
        async def turn_cost(self, update_id: int) -> int:
            raise StoreError("The disk is full.")

    await scene.say(1)
    with pytest.raises(StoreError):
        await scene.serve(scene.fakes.desk(ledger=Full()))
    assert not scene.lent
    assert scene.mailbox.state is State.SUSPENDED


async def test_a_shutdown_gives_the_client_back_and_leaves_the_message(scene: Scene) -> None:
    agent = scene.use(FakeAgent(pace=60.0))
    await scene.say(1)
    async with scene.serving():
        await asyncio.sleep(5)
        assert agent.busy
    assert not agent.busy
    assert not scene.lent
    assert 1 not in scene.fakes.inbox.finished


async def test_an_answer_that_telegram_does_not_take_is_tried_again(scene: Scene) -> None:
    scene.fakes.chat.faults.extend([ChatError("no")] * 3)
    await scene.say(1, "first")
    await scene.say(2, "second")
    async with scene.serving():
        await asyncio.sleep(3 * actor.PAUSE + 1)
    assert scene.texts == ["Re: first", "Re: second"]
    assert [p.text for p in scene.fakes.agents.agent.prompts] == ["first", "second"]


# A message at the very moment of the timeout, with the engine that starts the next server.


class Busy(Scene):
    """A bridge with an engine, of which one session is used."""

    async def play(self, arrivals: list[float]) -> None:
        engine = Local(self.by_engine, self.fakes.inbox.undone, self.fakes.clock)
        running = asyncio.create_task(engine.run())
        for number, at in enumerate(sorted(arrivals), 1):
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            key = (await self.fakes.say(number, str(number))).key
            await engine.activate(key)
        await asyncio.sleep(60)
        running.cancel()
        await asyncio.wait({running})

    async def by_engine(self, key: SessionKey, mailbox: Mailbox) -> None:
        await actor.serve(key, mailbox, self.fakes.desk(), lambda: self.settings)

    def check(self, arrivals: list[float]) -> None:
        assert self.texts == [f"Re: {number}" for number in range(1, len(arrivals) + 1)]
        assert len(self.fakes.agents.lent) <= len(arrivals)
        assert not self.lent or self.fakes.agents.waiters.keys() == {KEY}


def play(current: Settings, arrivals: list[float], looks: float, closing: float) -> Busy:
    """`looks`: seconds that a look into the inbox takes; `closing`: giving a client back."""
    busy = Busy(current)
    busy.fakes.inbox.latency = looks
    busy.fakes.agents.closing = closing
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(busy.play(arrivals))
    busy.check(arrivals)
    return busy


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings(tmp_path_factory.mktemp("settings"))


@pytest.mark.parametrize("seconds", [n / 50 for n in range(-50, 51)])
def test_a_message_around_the_timeout_is_served(current: Settings, seconds: float) -> None:
    play(current, [0.0, IDLE + seconds], looks=0.01, closing=0.3)


@pytest.mark.parametrize("looks", [0.0, TICK, 3 * TICK])
@pytest.mark.parametrize("closing", [0.0, 2 * TICK])
@pytest.mark.parametrize("ticks", range(-10, 41))
def test_a_message_at_any_tick_of_the_timeout_is_served(
    current: Settings, ticks: int, closing: float, looks: float
) -> None:
    play(current, [0.0, IDLE + ticks * TICK], looks, closing)


def test_the_sweep_meets_both_servers(current: Settings) -> None:
    """Before the timeout the old client takes it, after it a new one is started."""
    assert len(play(current, [0.0, IDLE - 1], 0.0, 0.0).fakes.agents.lent) == 1
    assert len(play(current, [0.0, IDLE + 1], 0.0, 0.0).fakes.agents.lent) == 2


def moments() -> st.SearchStrategy[float]:
    """Any, and those next to a timeout."""
    near = st.tuples(st.integers(1, 3), st.integers(-40, 80))
    return st.floats(0, 3 * IDLE) | near.map(lambda n: n[0] * IDLE + n[1] * TICK)


@effort(max_examples=60, deadline=None)
@given(
    arrivals=st.lists(moments(), min_size=1, max_size=6),
    looks=st.sampled_from([0.0, TICK, 0.01]),
    closing=st.sampled_from([0.0, TICK, 0.5, 30.0]),
)
def test_no_message_is_lost_whenever_it_comes(
    current: Settings, arrivals: list[float], looks: float, closing: float
) -> None:
    play(current, arrivals, looks, closing)
