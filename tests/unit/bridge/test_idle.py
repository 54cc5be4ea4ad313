"""A message at the very moment of the timeout, with the engine that starts the next server."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bridge import actor
from bridge.engine.local import Local
from bridge.mailbox import Mailbox
from bridge.model import SessionKey
from bridge.settings import Settings
from tests.fakes import TICK, VirtualLoop, settings
from tests.unit.bridge.scene import IDLE, KEY, Scene


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


def test_a_message_within_a_second_of_the_timeout_is_no_error_and_not_lost_in_100_tries(
    current: Settings,
) -> None:
    with capture_logs() as logs:
        for number in range(101):
            play(current, [0.0, IDLE - 1 + number / 50], looks=0.01, closing=0.3)
    assert [log for log in logs if log["log_level"] in {"warning", "error"}] == []


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
