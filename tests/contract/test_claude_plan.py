"""Plan mode with the real Claude Code: nothing is changed before the user has allowed the plan."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bridge.agent.claude import Claude
from bridge.agent.options import Place
from bridge.booth.serve import listening
from bridge.model import AgentEvent, Ask, Asked, ToolResult
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Say, Script, Step, Steps, UseTool, When
from bridge.simulator.talk import Talk
from tests.contract.solo import (
    NONE,
    SETTINGS,
    alone,
    end,
    furnished,
    installed,
    of,
    prompt,
    session,
    settings,
)

ALLOW, DENY = (0,), (1,)
PLAN = "# Move\n1. Pack.\n2. Go."
FREE = SETTINGS.replace('approve = ["Write"]', "approve = []")
LEAVE = UseTool("ExitPlanMode")
ENTER = UseTool("EnterPlanMode")
READ = UseTool("Read", {"file_path": "notes.txt"})
TOUCH = UseTool("Bash", {"command": "touch made"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnished(tmp_path, FREE)
    (tmp_path / "work" / "notes.txt").write_text("notes")
    return tmp_path


class Stage:
    """A client whose user answers each question of a turn in the same way."""

    def __init__(self, client: Claude, api: MessagesApi) -> None:
        self.client = client
        self.api = api
        self.asked: list[Ask] = []

    async def told(self, text: str, chosen: Sequence[int] = ALLOW) -> list[AgentEvent]:
        events = []
        async for event in self.client.run(prompt(text)):
            events.append(event)
            if isinstance(event, Asked):
                self.asked.append(event.ask)
                await self.client.reply(event.ask.nonce, chosen)
        return events

    def sent(self, number: int = -1) -> str:
        """All that the model was told in a request."""
        return json.dumps(self.api.requests[number].body["messages"])


@asynccontextmanager
async def staged(folder: Path, *turns: Steps | When) -> AsyncIterator[Stage]:
    cli = installed(folder)
    api = messages(Script(*turns))
    async with listening(api) as url:
        place = partial(Place, cli, api=url, key=NONE, closed=())
        client = alone(settings(folder), session(folder), folder / "config", place)
        try:
            yield Stage(client, api)
        finally:
            await client.close()


def write(path: Path) -> UseTool:
    return UseTool("Write", {"file_path": str(path), "content": "written"})


def planned(stage: list[Stage], *steps: Step) -> Steps:
    """Writes the plan where Claude Code says that it belongs, then this."""

    def play(_: Talk) -> list[Step]:
        told = stage[0].sent()
        path = re.search(r"[^\s\\\"`]+/plans/[\w-]+\.md", told)
        assert path, "no plan is asked for"
        return [UseTool("Write", {"file_path": path[0], "content": PLAN}), *steps]

    return play


def oks(events: Sequence[AgentEvent]) -> list[bool]:
    return [result.ok for result in of(ToolResult, events)]


async def test_nothing_changes_before_the_plan_is_allowed_and_then_it_may(folder: Path) -> None:
    new, here = folder / "work" / "new.txt", list[Stage]()
    steps = planned(here, READ, write(new), TOUCH, LEAVE, write(new), Say("Moved."))
    async with staged(folder, steps) as stage:
        here.append(stage)
        events = await stage.told("/plan the move")
        assert "/plan the move" not in stage.sent()
        assert "the move" in stage.sent()
    assert oks(events) == [True, True, False, False, True, True]
    denied = [result.text for result in of(ToolResult, events) if result.denied]
    assert all("before the plan is allowed" in text for text in denied)
    assert len(denied) == 2
    [ask] = stage.asked
    assert (ask.body, ask.options) == (PLAN, ("Allow", "Deny", "Deny with a reason"))
    assert new.read_text() == "written"
    assert not (folder / "work" / "made").exists()
    assert end(events).text == "Moved."


async def test_a_plan_that_is_denied_stays_a_plan(folder: Path) -> None:
    new, here = folder / "work" / "new.txt", list[Stage]()
    steps = planned(here, LEAVE, write(new), Say("What shall I change?"))
    async with staged(folder, steps) as stage:
        here.append(stage)
        events = await stage.told("/plan the move", DENY)
    assert oks(events) == [True, False, False]
    assert not new.exists()
    assert end(events).text == "What shall I change?"


async def test_only_the_turn_that_says_so_is_planned(folder: Path) -> None:
    """The mode ends with the turn, also when the plan was never shown."""
    new = folder / "work" / "new.txt"
    async with staged(folder, [Say("Hm.")], [write(new), Say("Done.")]) as stage:
        assert end(await stage.told("/plan the move")).text == "Hm."
        assert "Plan mode is active" in stage.sent()
        assert end(await stage.told("write it")).text == "Done."
    assert new.read_text() == "written"


async def test_a_model_that_plans_by_itself_is_held_to_it(folder: Path) -> None:
    new = folder / "work" / "new.txt"
    steps: list[Step] = [ENTER, write(new), TOUCH, LEAVE, write(new), Say("Done.")]
    async with staged(folder, steps) as stage:
        events = await stage.told("write it")
    assert oks(events) == [True, False, False, True, True]
    [ask] = stage.asked
    assert ask.body, "a plan that was only said is asked about as well"


async def test_a_plan_is_not_steered_into_a_running_turn(folder: Path) -> None:
    async with staged(folder, [Say("Long words. " * 20, pace=0.02)]) as stage:
        taken = [
            await stage.client.steer(replace(prompt("/plan it"), update_id=2))
            async for _ in stage.client.run(prompt("go"))
        ]
    assert set(taken) == {False}
