"""Exactly one server for each session with something to do, whatever becomes of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from bridge.engine.local import PAUSES, Local
from bridge.errors import Fenced, StoreError
from bridge.mailbox import Mailbox
from bridge.model import SessionKey, Signal, Stop
from bridge.session import State
from tests.fakes import TICK, LoopClock

A, B = SessionKey(1, 0, "a"), SessionKey(1, 0, "b")
FULL = StoreError("The disk is full.")
BUG = RuntimeError("a mistake of ours")

Work = Callable[[SessionKey, Mailbox], Awaitable[None]]


class Servers:
    """Runs `work` as each server, and sees to it that no session ever has two."""

    def __init__(self, work: Work) -> None:
        self.started: list[tuple[SessionKey, float]] = []
        self.now: Counter[SessionKey] = Counter()
        self.left_over: list[SessionKey] = []
        self.faults: list[Exception] = []
        self._work = work

    async def serve(self, key: SessionKey, mailbox: Mailbox) -> None:
        self.started.append((key, asyncio.get_running_loop().time()))
        self.now[key] += 1
        assert self.now[key] == 1, "one server at a time"
        mailbox.heard()
        try:
            await self._work(key, mailbox)
        finally:
            self.now[key] -= 1

    async def undone(self) -> Sequence[SessionKey]:
        if self.faults:
            raise self.faults.pop(0)
        return self.left_over

    def of(self, key: SessionKey) -> list[float]:
        return [at for served, at in self.started if served == key]

    def pauses(self) -> list[float]:
        return [round(later - at, 3) for (_, at), (_, later) in pairwise(self.started)]


@asynccontextmanager
async def running(servers: Servers) -> AsyncIterator[Local]:
    engine = Local(servers.serve, servers.undone, LoopClock())
    task = asyncio.create_task(engine.run())
    await asyncio.sleep(0.001)
    try:
        yield engine
        assert not task.done(), "nothing ends the engine"
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def failing(*errors: Exception) -> Work:
    """One of them in each server; all good in the end."""
    plan = list(errors)

    async def work(_key: SessionKey, _mailbox: Mailbox) -> None:
        await asyncio.sleep(0)
        if plan:
            raise plan.pop(0)

    return work


async def second(_key: SessionKey, _mailbox: Mailbox) -> None:
    await asyncio.sleep(1)


async def until_idle(_key: SessionKey, mailbox: Mailbox) -> None:
    while await mailbox.wait(10):
        mailbox.heard()


async def test_many_activations_have_one_server() -> None:
    servers = Servers(until_idle)
    async with running(servers) as engine:
        await asyncio.gather(*[engine.activate(A) for _ in range(100)])
        for _ in range(50):
            await asyncio.sleep(1)
            await engine.activate(A)
        assert len(servers.of(A)) == 1


async def test_sessions_are_served_side_by_side() -> None:
    servers = Servers(second)
    async with running(servers) as engine:
        await engine.activate(A)
        await engine.activate(B)
        await asyncio.sleep(0.5)
        assert servers.now == {A: 1, B: 1}


async def test_an_idle_session_costs_nothing_and_comes_back() -> None:
    servers = Servers(second)
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(100)
        assert len(servers.started) == 1
        await engine.activate(A)
        await asyncio.sleep(100)
        assert len(servers.started) == 2


async def test_a_message_while_a_server_gives_its_client_back_is_served_by_the_next() -> None:
    servers = Servers(second)
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(0.5)
        await engine.activate(A)
        await asyncio.sleep(100)
        assert len(servers.started) == 2


@pytest.mark.parametrize("ticks", range(-15, 16))
async def test_a_message_at_any_tick_of_the_end_is_served(ticks: int) -> None:
    """A server that starts after the message was activated sees it."""
    servers = Servers(second)
    activated = []
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(1 + ticks * TICK)
        activated.append(asyncio.get_running_loop().time())
        await engine.activate(A)
        await asyncio.sleep(100)
        assert servers.of(A)[-1] >= activated[0]


# A server that fails.


@pytest.mark.parametrize("error", [FULL, BUG])
async def test_a_server_that_fails_is_started_again_with_growing_pauses(error: Exception) -> None:
    servers = Servers(failing(*[error] * 7))
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(100)
        assert servers.pauses() == [*PAUSES, PAUSES[-1], PAUSES[-1]]


async def test_after_a_good_end_the_pauses_begin_anew() -> None:
    plan = [True, True, False, True, False]

    async def work(_key: SessionKey, mailbox: Mailbox) -> None:
        if plan.pop(0):
            raise FULL
        await mailbox.wait(10)  # and leaves the message to the next

    servers = Servers(work)
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(5)
        await engine.activate(A)
        await asyncio.sleep(100)
        first, second_, _, anew = servers.pauses()
        assert [first, second_, anew] == [PAUSES[0], PAUSES[1], PAUSES[0]]


async def test_the_failure_of_one_session_is_not_anothers() -> None:
    async def work(key: SessionKey, mailbox: Mailbox) -> None:
        if key == A:
            raise BUG
        await until_idle(key, mailbox)

    servers = Servers(work)
    async with running(servers) as engine:
        await engine.activate(A)
        await engine.activate(B)
        await asyncio.sleep(9)
        assert len(servers.of(A)) > 3
        assert len(servers.of(B)) == 1


async def test_a_fenced_server_is_not_started_again_before_the_next_message() -> None:
    """The server that took the session over sees to what is undone."""
    servers = Servers(failing(Fenced("Another server works on it.")))
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(100)
        assert len(servers.started) == 1
        await engine.activate(A)
        await asyncio.sleep(100)
        assert len(servers.started) == 2


# Beginning and end.


async def test_what_an_earlier_run_left_undone_is_served() -> None:
    servers = Servers(second)
    servers.left_over = [A, B]
    async with running(servers):
        assert [key for key, _ in servers.started] == [A, B]


async def test_a_store_that_is_busy_at_the_start_is_asked_again() -> None:
    servers = Servers(second)
    servers.left_over = [A]
    servers.faults = [FULL] * 2
    async with running(servers):
        await asyncio.sleep(10)
        assert servers.of(A) == [pytest.approx(PAUSES[0] + PAUSES[1], abs=0.01)]


async def test_the_end_of_the_engine_waits_for_the_end_of_all_servers() -> None:
    ended = []

    async def work(key: SessionKey, _mailbox: Mailbox) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(2)  # for its Claude Code
            ended.append(key)

    async with running(Servers(work)) as engine:
        await engine.activate(A)
        await engine.activate(B)
        await asyncio.sleep(1)
        assert not ended
    assert sorted(ended, key=str) == [A, B]


async def test_a_pause_does_not_outlive_the_engine() -> None:
    servers = Servers(failing(*[BUG] * 100))
    async with running(servers) as engine:
        await engine.activate(A)
        await asyncio.sleep(6)
    started = len(servers.started)
    await asyncio.sleep(100)
    assert len(servers.started) == started


# Signals.


@pytest.mark.parametrize(
    ("state", "served"),
    [
        (State.SUSPENDED, False),
        (State.IDLE, False),
        (State.LOST, False),
        (State.RUNNING, True),
        (State.ASKING, True),
        (State.STOPPING, True),
    ],
)
async def test_a_signal_reaches_a_session_whose_turn_runs(state: State, *, served: bool) -> None:
    taken: list[Signal | None] = []

    async def work(_key: SessionKey, mailbox: Mailbox) -> None:
        mailbox.state = state
        taken.append(await mailbox.signal())

    async with running(Servers(work)) as engine:
        await engine.activate(A)
        await asyncio.sleep(1)
        assert await engine.running(A) is served
        assert await engine.signal(A, Stop(1)) is served
        await asyncio.sleep(1)
        assert taken == ([Stop(1)] if served else [])


async def test_a_signal_to_a_session_that_nobody_serves_is_refused() -> None:
    servers = Servers(second)
    async with running(servers) as engine:
        assert not await engine.signal(A, Stop(1))
        await engine.activate(B)
        await asyncio.sleep(0.5)
        assert not await engine.signal(A, Stop(1))
        assert not servers.of(A), "a signal starts nothing"
