"""The real Claude Code, driven by our adapter, answered by a scripted model."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from bridge.agent import process
from bridge.agent.claude import Claude
from bridge.agent.guard import Guard
from bridge.agent.options import Place, options
from bridge.booth.serve import listening
from bridge.errors import AgentError
from bridge.model import (
    AgentEvent,
    Asked,
    Completed,
    Outcome,
    Prompt,
    Retrying,
    Session,
    SessionKey,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from bridge.progress import Progress, fold
from bridge.settings import read
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Drop, Fail, Say, Script, Stall, Think, UseTool, When

KEY = SessionKey(111, 0, "main")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = 111
MODEL = "claude-haiku-5-5"
SETTINGS = """
[users.111]
role = "owner"
[claude]
sandbox = "off"
approve = ["Write"]
"""

Client = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "settings.toml").write_text(SETTINGS)
    (tmp_path / "work").mkdir()
    (tmp_path / "private").mkdir()
    return tmp_path


@asynccontextmanager
async def claude(folder: Path, script: Script, resume: str | None = None) -> AsyncIterator[Claude]:
    settings = read({}, folder, token_needed=False)
    session = Session(KEY, ADA, folder / "work", NOW, NOW, claude_id=resume)
    async with listening(messages(script)) as api:
        key = {"ANTHROPIC_API_KEY": "none"}
        names = [*process.PASSED, *key]
        cli = process.install(folder / "private", names)
        place = Place(cli, folder / "config", api, key, ())
        guard = Guard(session.folder, settings.claude.tools, settings.claude.approve)

        def fresh(**given: Any) -> ClaudeAgentOptions:
            return options(settings, session, place, **given)

        client = Claude(session, guard, fresh, asyncio.Semaphore(2))
        try:
            yield client
        finally:
            await client.close()


async def told(client: Claude, text: str) -> list[AgentEvent]:
    return [event async for event in client.run(prompt(text))]


def prompt(text: str) -> Prompt:
    return Prompt(str(uuid.uuid4()), 1, ADA, text, MODEL)


def end(events: list[AgentEvent]) -> Completed:
    assert isinstance(events[-1], Completed)
    return events[-1]


def of(kind: type[Any], events: list[AgentEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


async def test_an_answer_streams_and_completes(folder: Path) -> None:
    async with claude(folder, Script([Say("Hello there, friend.", pace=0.01)])) as client:
        events = await told(client, "hi")
    assert of(Text, events)[-1].text == "Hello there, friend."
    assert (end(events).outcome, end(events).text) == (Outcome.DONE, "Hello there, friend.")
    assert end(events).claude_id
    assert end(events).context_tokens > 100


async def test_two_turns_share_one_process_and_its_history(folder: Path) -> None:
    async with claude(folder, Script([Say("One.")], [Say("Two.")])) as client:
        first = await told(client, "a")
        second = await told(client, "b")
    assert [end(e).text for e in (first, second)] == ["One.", "Two."]
    assert end(first).claude_id == end(second).claude_id


async def test_a_session_is_resumed_in_another_process(folder: Path) -> None:
    script = Script([Say("One.")], [Say("Two.")])
    async with claude(folder, script) as client:
        first = await told(client, "a")
    async with claude(folder, script, end(first).claude_id) as client:
        second = await told(client, "b")
    assert end(second).text == "Two."


async def test_a_lost_history_starts_a_new_one(folder: Path) -> None:
    missing = "11111111-1111-4111-8111-111111111111"
    async with claude(folder, Script([Say("Fresh.")]), missing) as client:
        assert end(await told(client, "a")).text == "Fresh."


async def test_thinking_and_tools_are_told(folder: Path) -> None:
    (folder / "work" / "a.txt").write_text("inside")
    script = Script([Think("Hm."), UseTool("Read", {"file_path": "a.txt"}), Say("Read it.")])
    async with claude(folder, script) as client:
        events = await told(client, "look")
    [use], [result] = of(ToolUse, events), of(ToolResult, events)
    assert (use.name, use.id) == ("Read", result.id)
    assert result.ok
    assert "inside" in result.text
    assert [t.text for t in of(Thinking, events)][-1:] == ["Hm."]


async def test_an_approved_tool_runs(folder: Path) -> None:
    target = folder / "work" / "new.txt"
    step = UseTool("Write", {"file_path": str(target), "content": "made"})
    async with claude(folder, Script([step, Say("Done.")])) as client:
        await answering(client, (0,))
    assert target.read_text() == "made"


async def test_a_denied_tool_does_not_run_and_the_turn_goes_on(folder: Path) -> None:
    target = folder / "work" / "new.txt"
    step = UseTool("Write", {"file_path": str(target), "content": "made"})
    async with claude(folder, Script([step, Say("All right.")])) as client:
        events = await answering(client, (1,))
    assert not target.exists()
    assert end(events).outcome is Outcome.DONE


async def test_a_tool_that_is_not_declared_is_refused_without_asking(folder: Path) -> None:
    step = UseTool("Read", {"file_path": "/etc/hostname"})
    async with claude(folder, Script([step, Say("I may not.")])) as client:
        events = await told(client, "peek")
    assert not of(Asked, events)
    assert not of(ToolResult, events)[0].ok


async def test_a_question_gets_the_chosen_answer(folder: Path) -> None:
    options_ = [{"label": "Red", "description": "r"}, {"label": "Blue", "description": "b"}]
    asked = {"question": "Which?", "header": "Colour", "options": options_, "multiSelect": False}
    step = UseTool("AskUserQuestion", {"questions": [asked]})
    async with claude(folder, Script([step, Say("Blue it is.")])) as client:
        events = await answering(client, (1,))
    assert "Blue" in of(ToolResult, events)[0].text


async def answering(client: Claude, chosen: tuple[int, ...]) -> list[AgentEvent]:
    events = []
    async for event in client.run(prompt("go")):
        events.append(event)
        if isinstance(event, Asked):
            await client.reply(event.ask.nonce, chosen)
    assert of(Asked, events), "nobody was asked"
    return events


async def test_a_stop_ends_the_turn_and_the_client_goes_on(folder: Path) -> None:
    script = Script([Say("Long words. " * 50, pace=0.05)], [Say("Again.")])
    async with claude(folder, script) as client:
        events = []
        async for event in client.run(prompt("go")):
            events.append(event)
            if isinstance(event, Text):
                await client.interrupt()
        assert end(events).outcome is Outcome.STOPPED
        assert end(await told(client, "b")).text == "Again."


async def test_a_turn_that_is_given_up_does_not_leak_into_the_next(folder: Path) -> None:
    script = Script([Say("Long words. " * 50, pace=0.05)], [Say("Again.")])
    async with claude(folder, script) as client:
        run = client.run(prompt("go"))
        async for event in run:
            if isinstance(event, Text):
                break
        await run.aclose()
        events = await told(client, "b")
    assert [t.text for t in of(Text, events)][-1] == "Again."


async def test_a_dropped_stream_is_told_once(folder: Path) -> None:
    script = Script([Say("All of it is here. ", pace=0.01), Drop(), Say("And more.")])
    async with claude(folder, script) as client:
        progress = Progress(NOW)
        for event in await told(client, "hi"):
            progress = fold(progress, event)
    assert progress.text.split() == ["All", "of", "it", "is", "here.", "And", "more."]


async def test_a_retry_is_told(folder: Path) -> None:
    async with claude(folder, Script([Fail(529), Say("Now.")])) as client:
        events = await told(client, "hi")
    assert of(Retrying, events)[0].attempt == 1
    assert end(events).text == "Now."


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, "invalid_request_error", "did not accept"),
        (404, "not_found_error", "does not know this model"),
        (402, "billing_error", "You have spent it all."),
    ],
)
async def test_a_failure_is_one_sentence(folder: Path, status: int, kind: str, words: str) -> None:
    fail = Fail(status, kind, "You have spent it all.", times=None)
    async with claude(folder, Script([fail])) as client:
        failed = end(await told(client, "hi"))
    assert failed.outcome is Outcome.FAILED
    assert words in failed.text


async def test_a_process_that_dies_is_a_sentence_and_the_next_turn_starts_another(
    folder: Path,
) -> None:
    script = Script(When("go", [Say("x "), Stall(60)]), When("b", [Say("Back.")]))
    async with claude(folder, script) as client:
        with pytest.raises(AgentError, match="killed"):
            await killed_when_it_speaks(client, folder)
        assert end(await told(client, "b")).text == "Back."


async def killed_when_it_speaks(client: Claude, folder: Path) -> None:
    async for event in client.run(prompt("go")):
        if isinstance(event, Text):
            kill(folder)


def kill(folder: Path) -> None:
    """SIGKILL for the Claude Code that works in this folder."""
    for proc in Path("/proc").iterdir():
        with suppress(OSError):
            if proc.name.isdigit() and (proc / "cwd").readlink() == folder / "work":
                os.kill(int(proc.name), signal.SIGKILL)
