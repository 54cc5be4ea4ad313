"""The real Claude Code, driven by our adapter, answered by a scripted model."""

from pathlib import Path

import pytest

from bridge.agent.claude import Claude
from bridge.model import (
    AgentEvent,
    Asked,
    Outcome,
    Retrying,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from bridge.progress import Progress, fold
from bridge.simulator.script import Drop, Fail, Say, Script, Think, UseTool
from tests.contract.solo import NOW, claude, end, furnished, of, prompt, told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path)


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
    [result] = of(ToolResult, events)
    assert (result.ok, result.denied) == (False, True)
    assert end(events).outcome is Outcome.DONE


async def test_a_tool_that_is_not_declared_is_refused_without_asking(folder: Path) -> None:
    step = UseTool("Read", {"file_path": "/etc/hostname"})
    async with claude(folder, Script([step, Say("I may not.")])) as client:
        events = await told(client, "peek")
    assert not of(Asked, events)
    [result] = of(ToolResult, events)
    assert (result.ok, result.denied) == (False, True)


async def test_a_tool_that_fails_was_not_denied(folder: Path) -> None:
    step = UseTool("Read", {"file_path": "none.txt"})
    async with claude(folder, Script([step, Say("It is not there.")])) as client:
        [result] = of(ToolResult, await told(client, "read"))
    assert (result.ok, result.denied) == (False, False)


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
