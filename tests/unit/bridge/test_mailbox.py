"""What reaches a server: level, not edge, so that nothing depends on who comes first."""

import asyncio

import pytest

from bridge.mailbox import Mailbox
from bridge.model import Signal, Stop, Tapped
from tests.fakes import TICK

IDLE = 600.0


async def test_without_a_knock_the_time_passes() -> None:
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    assert not await mailbox.wait(IDLE)
    assert loop.time() == pytest.approx(IDLE, abs=0.001)


async def test_a_knock_ends_the_wait_at_once() -> None:
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    loop.call_later(5, mailbox.knock)
    assert await mailbox.wait(IDLE)
    assert loop.time() == pytest.approx(5, abs=0.001)


async def test_a_knock_before_the_wait_counts() -> None:
    mailbox = Mailbox()
    mailbox.knock()
    assert await mailbox.wait(IDLE)
    assert await mailbox.wait(IDLE), "until somebody says it was heard"
    mailbox.heard()
    assert not await mailbox.wait(IDLE)


@pytest.mark.parametrize("ticks", range(-10, 11))
async def test_a_knock_at_the_last_moment_is_not_lost(ticks: int) -> None:
    mailbox = Mailbox()
    asyncio.get_running_loop().call_later(IDLE + ticks * TICK, mailbox.knock)
    in_time = await mailbox.wait(IDLE)
    assert in_time is mailbox.knocked
    await asyncio.sleep(1)
    assert mailbox.knocked


async def test_who_is_asked_to_leave_wakes_up() -> None:
    mailbox = Mailbox()
    asyncio.get_running_loop().call_later(5, mailbox.leave)
    assert await mailbox.wait(IDLE)
    assert mailbox.leaving


async def test_signals_come_in_order() -> None:
    mailbox = Mailbox()
    signals: list[Signal] = [Tapped("n", (0,)), Stop(1)]
    for signal in signals:
        mailbox.send(signal)
    assert [await mailbox.signal(), await mailbox.signal()] == signals


async def test_old_signals_can_be_forgotten() -> None:
    mailbox = Mailbox()
    mailbox.send(Stop(1))
    mailbox.forget()
    mailbox.send(Stop(2))
    assert await mailbox.signal() == Stop(2)


async def test_who_waits_for_signals_learns_that_there_are_no_more() -> None:
    mailbox = Mailbox()
    waiting = asyncio.create_task(mailbox.signal())
    await asyncio.sleep(1)
    mailbox.send(Stop(1))
    mailbox.hang_up()
    assert await waiting is None
