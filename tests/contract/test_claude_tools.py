"""The tools that the bridge offers to the real Claude Code: sending a file, calling for help."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bridge.agent.options import Place, escalation
from bridge.booth.serve import listening
from bridge.errors import AgentError
from bridge.model import AgentEvent, Asked, Climb, Filed, Outcome, ToolResult, ToolUse
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Say, Script, Step, UseTool
from bridge.simulator.talk import Talk
from tests.contract.solo import (
    NONE,
    Stays,
    alone,
    claude,
    end,
    furnished,
    installed,
    of,
    pool,
    prompt,
    session,
    settings,
)
from tests.contract.test_claude_spare import ready

SEND = "mcp__tollbridge__send_file"
ESCALATE = "mcp__tollbridge__escalate"
HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path)


@dataclass
class Reader:
    """Takes the events of a turn as the bridge does, and looks at a file when it is told of it."""

    events: list[AgentEvent] = field(default_factory=list)
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    async def read(self, run: AsyncGenerator[AgentEvent]) -> None:
        async with aclosing(run) as events:
            async for event in events:
                self.events.append(event)
                if isinstance(event, Filed):
                    self.files[event.path.name] = event.path.read_bytes(), event.caption


def sending(path: str, caption: str = "") -> Script:
    return Script([UseTool(SEND, {"path": path, "caption": caption}), Say("There it is.")])


async def sent(folder: Path, path: str, caption: str = "") -> Reader:
    reader = Reader()
    async with claude(folder, sending(path, caption)) as client:
        await reader.read(client.run(prompt("send it")))
    return reader


async def test_a_file_of_the_folder_is_handed_over_without_an_approval(folder: Path) -> None:
    (folder / "work" / "out").mkdir()
    (folder / "work" / "out" / "plot.png").write_bytes(b"\x89PNG")
    reader = await sent(folder, "out/plot.png", "the plot")
    assert reader.files == {"plot.png": (b"\x89PNG", "the plot")}
    assert not of(Asked, reader.events)
    [use], [result] = of(ToolUse, reader.events), of(ToolResult, reader.events)
    assert (use.name, use.input["path"]) == ("send_file", "out/plot.png")
    assert result.ok
    assert end(reader.events).outcome is Outcome.DONE
    assert not list((folder / "config").glob("*/outgoing")), "the copy is gone after the turn"


@pytest.mark.parametrize(
    "path",
    ["/etc/hostname", "../private/secret", "link", "linked/secret", "none.txt", ".", "empty"],
)
async def test_what_is_outside_or_no_file_is_refused(folder: Path, path: str) -> None:
    work = folder / "work"
    (folder / "private" / "secret").write_text("secret")
    (work / "link").symlink_to(folder / "private" / "secret")
    (work / "linked").symlink_to(folder / "private")
    (work / "empty").touch()
    reader = await sent(folder, path)
    [result] = of(ToolResult, reader.events)
    assert not result.ok
    assert path in result.text
    assert not reader.files
    assert end(reader.events).text == "There it is."


async def test_the_spare_offers_the_same_tools(folder: Path) -> None:
    (folder / "work" / "a.txt").write_text("inside")
    offered: list[str] = []

    def scenario(talk: Talk) -> list[Step]:
        offered[:] = talk.tools
        return [UseTool(SEND, {"path": "a.txt"}), Say("Sent.")]

    reader = Reader()
    async with pool(folder, scenario) as lender, lender:
        spare = await ready(lender)
        async with lender.lend(session(folder), Stays()) as client:
            await reader.read(client.run(prompt("send it")))
    assert end(reader.events).home == spare.home.name, "it was taken"
    assert reader.files == {"a.txt": (b"inside", "")}
    assert {SEND, ESCALATE} <= set(offered)


# Calling for a larger model


def helped(talk: Talk) -> list[Step]:
    """Asks for help where it can; then the model that works now says its name."""
    tool = talk.tool("escalate")
    use = [UseTool(tool, {"reason": "hard", "tried": "much"})] if tool else []
    return [*use, Say(talk.model)]


class Stage:
    """A client whose model may be asked to hand over."""

    def __init__(self, folder: Path, api: MessagesApi, url: str) -> None:
        current = settings(folder)
        cli = installed(folder)
        self.api = api
        self.client = alone(
            current,
            session(folder),
            folder / "config",
            lambda home: Place(cli, home, url, NONE, ()),
            escalate=escalation(current),
        )

    async def up(self, reason: str, tried: str) -> str:
        await self.client.switch(SONNET)
        return f"sonnet takes over: {reason}, {tried}"

    async def told(self, model: str, climb: Climb | None, **given: Any) -> list[AgentEvent]:
        what = replace(prompt("go", model), climb=climb, **given)
        return [event async for event in self.client.run(what)]

    def bodies(self) -> list[dict[str, Any]]:
        return [entry.body for entry in self.api.requests]


async def test_a_larger_model_takes_over_within_the_turn(folder: Path) -> None:
    api = messages(helped)
    async with listening(api) as url:
        stage = Stage(folder, api, url)
        events = await stage.told(HAIKU, stage.up)
        await stage.client.close()
    [result] = of(ToolResult, events)
    assert (result.ok, result.text) == (True, "sonnet takes over: hard, much")
    assert end(events).text == SONNET
    first, *_, last = stage.bodies()
    assert (first["model"], last["model"]) == (HAIKU, SONNET)
    assert "sonnet takes over" in str(last["messages"]), "it reads what was done before"


async def test_help_is_offered_only_when_the_turn_may_climb(folder: Path) -> None:
    """A process that was started without the tool is replaced when a turn wants it."""
    api = messages(helped)

    def offers() -> bool:
        return ESCALATE in {tool["name"] for tool in stage.bodies()[-1]["tools"]}

    async with listening(api) as url:
        stage = Stage(folder, api, url)
        first = await stage.told(HAIKU, None)
        assert not offers()
        second = await stage.told(HAIKU, stage.up)
        assert offers()
        assert end(first).claude_id == end(second).claude_id, "the history goes on"
        third = await stage.told(HAIKU, None)
        await stage.client.close()
    [refused] = of(ToolResult, third)
    assert not refused.ok
    assert end(third).text == HAIKU


async def test_a_model_that_is_not_there_leaves_the_old_one_at_work(folder: Path) -> None:
    api = messages(helped, models={HAIKU, "claude-opus-5-5"})
    reasons = []
    async with listening(api) as url:
        stage = Stage(folder, api, url)

        async def up(_reason: str, _tried: str) -> str:
            with pytest.raises(AgentError) as refusal:
                await stage.client.switch(SONNET)
            reasons.append(str(refusal.value))
            return "Go on."

        events = await stage.told(HAIKU, up)
        await stage.client.close()
    assert "cannot be used" in reasons[0]
    assert end(events).text == HAIKU


async def test_a_broken_callback_does_not_break_the_turn(folder: Path) -> None:
    api = messages(helped)

    async def broken(_reason: str, _tried: str) -> str:
        raise RuntimeError("secret words")

    async with listening(api) as url:
        stage = Stage(folder, api, url)
        events = await stage.told(HAIKU, broken)
        await stage.client.close()
    [result] = of(ToolResult, events)
    assert not result.ok
    assert "secret" not in result.text
    assert end(events).outcome is Outcome.DONE


async def test_effort_holds_for_its_turn(folder: Path) -> None:
    """It is changed in the running process, and reaches the API."""
    api = messages(lambda _: [Say("Yes.")])
    async with listening(api) as url:
        stage = Stage(folder, api, url)
        await stage.told(HAIKU, None)
        usual = stage.bodies()[-1]["output_config"]["effort"]
        for effort in ("high", "low"):
            await stage.told(HAIKU, None, effort=effort)
            assert stage.bodies()[-1]["output_config"]["effort"] == effort
        await stage.told(SONNET, None, effort="max")
        assert stage.bodies()[-1]["output_config"]["effort"] == "max"
        await stage.told(HAIKU, None)
        await stage.client.close()
    assert stage.bodies()[-1]["output_config"]["effort"] == usual
