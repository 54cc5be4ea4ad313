"""The real Claude Code waits for the turn that hears it, and for nobody else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bridge.agent.claude import Claude
from bridge.agent.options import Place
from bridge.booth.serve import listening
from bridge.model import AgentEvent, Outcome, ToolResult, ToolUse
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Say, Scenario, Script, Step, UseTool
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
    told,
)

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
READ = UseTool("Read", {"file_path": "noted.txt"})
TOOLS = 'tools = ["Read", "Agent", "Bash"]\n'


class Deaf(Claude):
    """It cannot tell the turn what came of a tool."""

    async def returned(self, _tool_uses: Iterable[str]) -> None:
        raise RuntimeError("this is broken")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path, SETTINGS + TOOLS)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as entries:
        yield entries


@asynccontextmanager
async def working(
    folder: Path, scenario: Scenario, make: type[Claude] = Claude
) -> AsyncIterator[tuple[Claude, MessagesApi]]:
    api = messages(scenario)
    cli = installed(folder)
    async with listening(api) as url:
        where = lambda home: Place(cli, home, url, NONE, ())  # noqa: E731
        client = alone(settings(folder), session(folder), folder / "config", where, make=make)
        try:
            yield client, api
        finally:
            await client.close()


def models(api: MessagesApi) -> list[str]:
    return [request.model for request in api.requests if request.body["max_tokens"] > 1]


async def dealt(
    client: Claude, kind: type[AgentEvent], deal: Callable[[], Awaitable[None]]
) -> list[AgentEvent]:
    """A turn that does this at the last event of the kind that it was told."""
    events: list[AgentEvent] = []
    async for event in client.run(prompt("go")):
        events.append(event)
        if isinstance(event, kind):
            await deal()
    return events


async def test_a_tool_runs_when_the_turn_has_noted_it(folder: Path, logs: list[EventDict]) -> None:
    """Meanwhile Claude Code can be spoken to."""
    async with working(folder, Script([READ, Say("Read.")])) as (client, _):

        async def note() -> None:
            for model in (SONNET, OPUS, HAIKU):
                await client.switch(model)
            (folder / "work" / "noted.txt").write_text("it was noted")

        events = await dealt(client, ToolUse, note)
    [result] = of(ToolResult, events)
    assert "it was noted" in result.text
    assert waits(logs) == 0


@pytest.mark.parametrize("step", [READ, (READ, READ, READ)])
async def test_the_next_request_leaves_when_the_turn_knows_the_results(
    folder: Path, logs: list[EventDict], step: Step
) -> None:
    (folder / "work" / "noted.txt").write_text("x")
    async with working(folder, Script([step, Say("Read.")])) as (client, api):
        await dealt(client, ToolResult, lambda: client.switch(SONNET))
        assert models(api) == [HAIKU, SONNET]
    assert waits(logs) == 0


async def test_the_tools_of_a_subagent_wait_for_nobody(folder: Path, logs: list[EventDict]) -> None:
    agent = UseTool(
        "Agent", {"description": "d", "prompt": "INNER", "subagent_type": "general-purpose"}
    )

    def scenario(talk: Talk) -> list[Step]:
        return [READ, Say("Inner.")] if "INNER" in talk.said else [agent, Say("Outer.")]

    (folder / "work" / "noted.txt").write_text("x")
    async with working(folder, scenario) as (client, api):
        events = await told(client, "go")
        assert len(models(api)) == 4, "both have worked"
    assert [use.name for use in of(ToolUse, events)] == ["Agent"]
    assert end(events).text == "Outer."
    assert waits(logs) == 0


async def test_a_turn_that_is_stopped_while_its_tool_waits_ends_at_once(
    folder: Path, logs: list[EventDict]
) -> None:
    bash = UseTool("Bash", {"command": "touch made"})
    async with working(folder, Script([bash, Say("Made.")], [Say("Again.")])) as (client, _):
        events = await dealt(client, ToolUse, client.interrupt)
        assert end(events).outcome is Outcome.STOPPED
        assert end(await told(client, "b")).text == "Again."
    assert not (folder / "work" / "made").exists()
    assert waits(logs) == 0


async def test_that_the_turn_cannot_be_told_does_not_end_it(
    folder: Path, logs: list[EventDict]
) -> None:
    async with working(folder, Script([READ, Say("Done.")]), Deaf) as (client, _):
        events = await told(client, "go")
    assert (end(events).outcome, end(events).text) == (Outcome.DONE, "Done.")
    assert [e["event"] for e in logs if e["log_level"] == "error"] == ["hook.broken"]


def waits(logs: list[EventDict]) -> int:
    """How often nobody came."""
    return sum(entry["event"] in {"lockstep.lost", "claude.stop"} for entry in logs)
