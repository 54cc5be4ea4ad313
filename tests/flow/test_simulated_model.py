"""The real Claude Code talks to the simulated model."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    Message,
    PermissionResultAllow,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolPermissionContext,
)

from bridge.simulator.guide import guide
from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Drop, Fail, Say, Script, Stall, Step, Think, UseTool
from bridge.simulator.serve import serving
from bridge.simulator.talk import Talk

ENVIRONMENT = {
    "ANTHROPIC_API_KEY": "dummy",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",
}


async def allow(
    tool: str, asked: dict[str, Any], _: ToolPermissionContext
) -> PermissionResultAllow:
    """Everything is allowed, and every question is answered with its last option."""
    if tool != "AskUserQuestion":
        return PermissionResultAllow()
    answers = {one["question"]: one["options"][-1]["label"] for one in asked["questions"]}
    return PermissionResultAllow(updated_input={**asked, "answers": answers})


@asynccontextmanager
async def claude(api: MessagesApi, folder: Path, **env: str) -> AsyncIterator[ClaudeSDKClient]:
    work = folder / "work"
    work.mkdir()
    async with serving(api) as url:
        here = {"ANTHROPIC_BASE_URL": url, "CLAUDE_CONFIG_DIR": str(folder / "config")}
        options = ClaudeAgentOptions(
            cwd=work,
            model="claude-haiku-5-5",
            tools=["Bash", "Write", "AskUserQuestion"],
            setting_sources=[],
            include_partial_messages=True,
            can_use_tool=allow,
            env=ENVIRONMENT | here | env,
        )
        async with ClaudeSDKClient(options) as client:
            yield client


async def turn(client: ClaudeSDKClient, prompt: str) -> list[Message]:
    await client.query(prompt)
    return [message async for message in client.receive_response()]


def texts(heard: list[Message]) -> list[str]:
    blocks = [block for one in heard if isinstance(one, AssistantMessage) for block in one.content]
    return [block.text for block in blocks if isinstance(block, TextBlock)]


def deltas(heard: list[Message]) -> list[str]:
    found = [one.event.get("delta", {}) for one in heard if isinstance(one, StreamEvent)]
    return [delta["text"] for delta in found if delta.get("type") == "text_delta"]


def result(heard: list[Message]) -> ResultMessage:
    assert isinstance(heard[-1], ResultMessage)
    return heard[-1]


async def test_an_answer_streams_and_costs_what_claude_code_thinks(tmp_path: Path) -> None:
    api = messages(Script([Say("Hello you, there.", chunk=6)]))
    async with claude(api, tmp_path) as client:
        heard = await turn(client, "hi")
    assert deltas(heard) == ["Hello ", "you, t", "here."]
    assert texts(heard) == ["Hello you, there."]
    assert not result(heard).is_error
    cost = result(heard).total_cost_usd
    assert cost is not None
    assert cost * 1e6 == pytest.approx(api.bill, abs=1)


async def test_the_second_turn_reads_the_first_from_the_cache(tmp_path: Path) -> None:
    api = messages(Script([Say("One.")], [Say("Two.")]))
    async with claude(api, tmp_path) as client:
        heard = [texts(await turn(client, "next")) for _ in range(2)]
    first, second = api.requests
    assert heard == [["One."], ["Two."]]
    assert second.usage.cache_read == first.usage.cache_write_5m > 0


async def test_a_tool_runs_and_its_result_is_quoted(tmp_path: Path) -> None:
    def steps(talk: Talk) -> list[Step]:
        quoted = " and ".join(found.text for found in talk.results)
        both = tuple(UseTool("Bash", {"command": f"echo {word}"}) for word in ("left", "right"))
        return [Think("Two at once."), both, Say(f"I saw {quoted}.")]

    async with claude(messages(Script(steps)), tmp_path) as client:
        heard = await turn(client, "look")
    thoughts = [
        block.thinking
        for one in heard
        if isinstance(one, AssistantMessage)
        for block in one.content
        if isinstance(block, ThinkingBlock)
    ]
    assert thoughts == ["Two at once."]
    assert texts(heard) == ["I saw left and right."]


async def test_an_overloaded_model_is_tried_again(tmp_path: Path) -> None:
    api = messages(Script([Fail(), Say("Here I am.")]))
    async with claude(api, tmp_path) as client:
        heard = await turn(client, "hi")
    retries = [
        one for one in heard if isinstance(one, SystemMessage) and one.subtype == "api_retry"
    ]
    assert [retry.data["error_status"] for retry in retries] == [529]
    assert texts(heard) == ["Here I am."]
    assert [entry.status for entry in api.requests] == [529, 200]


@pytest.mark.parametrize("fault", [Drop(), Fail(500, "api_error", "Boom")])
async def test_a_broken_stream_is_continued(tmp_path: Path, fault: Step) -> None:
    api = messages(Script([Say("First, "), fault, Say("second.")]))
    async with claude(api, tmp_path) as client:
        heard = await turn(client, "hi")
    assert texts(heard) == ["First, ", "second."]
    assert not result(heard).is_error
    assert [entry.cut for entry in api.requests] == [True, False]


async def test_a_cut_answer_is_continued_until_it_is_whole(tmp_path: Path) -> None:
    api = messages(Script([Say("x" * 200)]))
    async with claude(api, tmp_path, CLAUDE_CODE_MAX_OUTPUT_TOKENS="20") as client:
        heard = await turn(client, "go")
    assert [len(text) for text in texts(heard)] == [80, 80, 40]


async def test_an_interrupted_stream_is_cut_and_the_next_turn_works(tmp_path: Path) -> None:
    api = messages(Script([Say("So far"), Stall(3600, times=None)], [Say("Hello again.")]))
    async with claude(api, tmp_path) as client:
        await client.query("go")
        async for one in client.receive_response():
            if deltas([one]):
                await client.interrupt()
        assert texts(await turn(client, "hi")) == ["Hello again."]
    assert [entry.cut for entry in api.requests] == [True, False]


async def test_a_hidden_check_of_a_model_is_answered(tmp_path: Path) -> None:
    api = messages(Script([Say("One.")]), models=["claude-haiku-5-5", "claude-sonnet-4-6"])
    async with claude(api, tmp_path) as client:
        await client.set_model("claude-sonnet-4-6")
        with pytest.raises(Exception, match="not found"):
            await client.set_model("claude-sonnet-4-5")
        await turn(client, "hi")
    assert api.requests[-1].model == "claude-sonnet-4-6"


async def test_a_compaction_is_answered_and_the_session_goes_on(tmp_path: Path) -> None:
    api = messages(Script([Say("One.")], otherwise=[Say("More.")]))
    async with claude(api, tmp_path) as client:
        await turn(client, "hi")
        await turn(client, "and")
        compacted = await turn(client, "/compact")
        assert not result(compacted).is_error
        assert texts(await turn(client, "again")) == ["One."]  # the count starts again


async def test_the_guide_shows_its_tricks(tmp_path: Path) -> None:
    async with claude(messages(guide(tokens_per_second=None)), tmp_path) as client:
        poem = texts(await turn(client, "write a poem"))
        files = texts(await turn(client, "list files"))
        swim = texts(await turn(client, "ask me something"))
    assert "poem-1.txt" in poem[-1]
    assert (tmp_path / "work" / "poem-1.txt").read_text().startswith("A bridge")
    assert "poem-1.txt" in files[-1]
    assert "Swimming! Brave." in swim[-1]


async def test_each_request_names_its_session(tmp_path: Path) -> None:
    api = messages(Script([Say("One.")]))
    async with claude(api, tmp_path) as client:
        session = result(await turn(client, "hi")).session_id
    (entry,) = api.requests
    assert entry.headers["x-claude-code-session-id"] == session
    assert json.loads(entry.body["metadata"]["user_id"])["session_id"] == session
