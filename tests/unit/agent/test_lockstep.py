"""How far Claude Code may run ahead of the turn that hears it: not at all, and never for long."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from structlog.testing import capture_logs

from bridge.agent.lockstep import PATIENCE, Lockstep
from bridge.model import Started, Text, ToolResult, ToolUse

USE, RESULT = ToolUse("t1", "Bash"), ToolResult("t1", ok=True, text="")


async def over(waiting: Coroutine[Any, Any, None], seconds: float = 1.0) -> "asyncio.Task[None]":
    """It, after that time."""
    task = asyncio.create_task(waiting)
    await asyncio.sleep(seconds)
    return task


async def test_a_tool_waits_until_the_turn_has_dealt_with_its_call() -> None:
    step = Lockstep()
    for event in (Started("c", "m"), Text("m", 0, "Hm."), RESULT, ToolUse("t2", "Bash")):
        step.passed(event)
    task = await over(step.called("t1"))
    assert not task.done()
    step.passed(USE)
    await task


async def test_a_call_that_was_dealt_with_already_waits_for_nothing() -> None:
    step = Lockstep()
    step.passed(USE)
    assert (await over(step.called("t1"), 0)).done()


async def test_the_next_request_waits_for_all_the_results() -> None:
    step = Lockstep()
    task = await over(step.returned(["t1", "t2"]))
    for event in (USE, ToolUse("t2", "Bash"), ToolResult("t2", ok=False, text="")):
        step.passed(event)
    await asyncio.sleep(1)
    assert not task.done()
    step.passed(RESULT)
    await task


async def test_a_turn_that_never_deals_with_it_does_not_hold_up_the_work() -> None:
    step = Lockstep()
    with capture_logs() as logs:
        task = await over(step.returned(["t1"]), PATIENCE - 0.1)
        assert not task.done()
        await asyncio.sleep(0.2)
        assert task.done()
    assert [entry["event"] for entry in logs] == ["lockstep.lost"]
