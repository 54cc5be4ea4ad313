"""Stopping, steering and killing the real Claude Code."""

import asyncio
from pathlib import Path

import pytest

from bridge.agent.claude import Claude
from bridge.errors import AgentError
from bridge.model import AgentEvent, Asked, Completed, Noticed, Outcome, Text, ToolUse
from bridge.simulator.script import Fail, Say, Script, Stall, UseTool, When
from tests.contract.solo import claude, end, furnished, left, of, prompt, told, words

LONG = Say("Long words. " * 50, pace=0.05)
SHORT = Say("Some words. " * 10, pace=0.03)


def bash(command: str) -> UseTool:
    return UseTool("Bash", {"command": command, "description": "test"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path)


async def until(kind: type[AgentEvent], client: Claude, text: str) -> "Turn":
    """A turn that runs until it tells this; then it can be meddled with."""
    turn = Turn(client, text)
    await turn.told(kind)
    return turn


class Turn:
    def __init__(self, client: Claude, text: str) -> None:
        self.events: list[AgentEvent] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run(client, text))

    async def told(self, kind: type[AgentEvent]) -> None:
        while not any(isinstance(event, kind) for event in self.events):
            assert not self._task.done(), self.events
            await self._news.wait()
            self._news.clear()

    async def over(self) -> list[AgentEvent]:
        await self._task
        return self.events

    async def _run(self, client: Claude, text: str) -> None:
        async for event in client.run(prompt(text)):
            self.events.append(event)
            self._news.set()


async def test_a_stop_ends_the_words_and_what_was_steered_and_the_client_goes_on(
    folder: Path,
) -> None:
    script = Script(When("go", [LONG]), When("more", [Say("More.")]), When("b", [Say("Again.")]))
    async with claude(folder, script) as client:
        turn = await until(Text, client, "go")
        assert await client.steer(prompt("more"))
        await client.interrupt()
        assert end(await turn.over()).outcome is Outcome.STOPPED
        assert end(turn.events).claude_id
        assert words(await told(client, "b")) == ["Again."]


async def test_a_stop_ends_a_command_and_what_it_started(folder: Path) -> None:
    """Also what has left the group of the command."""
    script = Script(
        When("go", [bash("(sleep 61 & setsid sleep 62 & wait)"), LONG]), When("b", [Say("Again.")])
    )
    async with claude(folder, script) as client:
        turn = await until(ToolUse, client, "go")
        await commands(folder, 2)
        await client.interrupt()
        assert end(await turn.over()).outcome is Outcome.STOPPED
        await commands(folder, 0)
        assert end(await told(client, "b")).text == "Again."


async def commands(folder: Path, number: int) -> None:
    """Returns when so many `sleep` run for this folder."""
    async with asyncio.timeout(20):
        while len([pid for pid in left(folder) if name(pid) == "sleep"]) != number:  # noqa: ASYNC110 another process
            await asyncio.sleep(0.02)


def name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


async def test_a_stop_before_anything_is_sent_ends_the_turn(folder: Path) -> None:
    async with claude(folder, Script([Say("One.")])) as client:
        run = asyncio.create_task(told(client, "a"))
        await asyncio.sleep(0)
        await client.interrupt()
        assert end(await run).outcome is Outcome.STOPPED
        assert not of(Text, await run)
        assert end(await told(client, "a")).text == "One."


async def test_a_turn_that_is_given_up_does_not_leak_into_the_next(folder: Path) -> None:
    async with claude(folder, Script([LONG], [Say("Again.")])) as client:
        run = client.run(prompt("go"))
        async for event in run:
            if isinstance(event, Text):
                break
        await run.aclose()
        assert words(await told(client, "b")) == ["Again."]


async def test_steered_prompts_are_answered_in_the_same_turn(folder: Path) -> None:
    """During words they get an answer of their own, during a tool they are absorbed."""
    script = Script(
        When("first", [SHORT]),
        When("second", [Say("Second.")]),
        When("tool", [UseTool("Write", {"file_path": "a", "content": "b"}), Say("Written.")]),
    )
    async with claude(folder, script) as client:
        assert not await client.steer(prompt("nobody")), "no turn runs"
        turn = await until(Text, client, "first")
        assert await client.steer(prompt("second"))
        events = await turn.over()
        assert words(events) == ["Some words. " * 10, "Second."]
        assert len(of(Completed, events)) == 1
        assert not await client.steer(prompt("late")), "it is over"

        turn = await until(Asked, client, "tool")
        assert await client.steer(prompt("by the way"))
        await client.reply(of(Asked, turn.events)[0].ask.nonce, (0,))
        assert end(await turn.over()).text == "Written."


async def test_a_failure_before_a_steered_prompt_is_told(folder: Path) -> None:
    fail = Fail(400, "invalid_request_error", "no", times=None)
    script = Script(When("first", [Say("Words. " * 9, pace=0.05), fail]), When("b", [Say("B.")]))
    async with claude(folder, script) as client:
        turn = await until(Text, client, "first")
        assert await client.steer(prompt("b"))
        events = await turn.over()
    assert (end(events).outcome, end(events).text) == (Outcome.DONE, "B.")
    assert "Try again" in of(Noticed, events)[0].text


async def test_a_kill_ends_the_process_and_what_it_started_and_the_history_stays(
    folder: Path,
) -> None:
    script = Script(
        When("third", [Say("Three.")]),
        When("second", [bash("(setsid sleep 63 & sleep 64 & wait)"), Say("Never.")]),
        When("first", [Say("One.")]),
    )
    async with claude(folder, script) as client:
        first = end(await told(client, "first"))
        turn = await until(ToolUse, client, "second")
        await commands(folder, 2)
        await client.kill()
        with pytest.raises(AgentError, match="did not go on"):
            await turn.over()
        assert left(folder) == []
        again = await told(client, "third")
    assert (end(again).text, end(again).claude_id) == ("Three.", first.claude_id)
    assert not of(Noticed, again)


async def test_nothing_is_left_of_a_client_that_is_closed_while_it_works(folder: Path) -> None:
    async with claude(folder, Script([Say("So "), Stall(60)])) as client:
        turn = await until(Text, client, "go")
        await client.close()
        with pytest.raises(AgentError):
            await turn.over()
    assert left(folder) == []
