"""MCP servers that are declared, with the real Claude Code: their tools pass the same guard."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.agent import process
from bridge.agent.options import lent, sandboxed
from bridge.agent.pool import Pool
from bridge.booth.serve import listening
from bridge.model import AgentEvent, Asked, ToolResult
from bridge.settings import read
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say, Step, UseTool
from bridge.simulator.talk import Talk
from tests.contract.solo import ADA, NONE, OpenToll, Stays, left, of, prompt, session

SERVER = '''
import os
from mcp.server import MCPServer

weather = MCPServer("weather")

@weather.tool()
def key() -> str:
    """The key that it was given."""
    return "key=" + os.environ.get("WEATHER_KEY", "") + " variables=" + " ".join(os.environ)

@weather.tool()
def forget() -> str:
    """Asked about first."""
    return "forgotten"

weather.run()
'''
SETTINGS = """
[users.111]
role = "owner"
[sessions]
root = "{folder}/sessions"
spare = false
[claude]
sandbox = "required"
tools = ["Bash"]
approve = ["mcp__weather__forget"]
[claude.mcp.weather]
command = "{python}"
args = ["{folder}/server.py"]
env = ["WEATHER_KEY"]
[claude.mcp.off]
command = "{python}"
enabled = false
"""


pytestmark = pytest.mark.skipif(not sandboxed(), reason="bubblewrap and socat are not installed")


def furnished(folder: Path) -> None:
    for name in ("work", "private", "config"):
        (folder / name).mkdir()
    (folder / "server.py").write_text(SERVER)
    (folder / "settings.toml").write_text(SETTINGS.format(folder=folder, python=sys.executable))
    # A file in the session's folder declares nothing.
    (folder / "work" / ".mcp.json").write_text('{"mcpServers": {"evil": {"command": "true"}}}')


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


async def told(
    folder: Path, steps: Sequence[Step], offered: list[str]
) -> tuple[list[AgentEvent], list[str]]:
    """The events, and the command lines of the processes while they ran."""
    current = read({}, folder, token_needed=False)

    def scenario(talk: Talk) -> Sequence[Step]:
        offered[:] = talk.tools
        return steps

    async with listening(messages(scenario)) as url:
        pool = Pool(
            lambda: current,
            OpenToll(url),
            cli=process.install(folder / "private", [*process.PASSED, *NONE, *lent(current)]),
            config=folder / "config",
            key=NONE,
            closed=(),
        )
        events, lines = list[AgentEvent](), list[str]()
        async with pool.lend(session(folder), Stays()) as client:
            async for event in client.run(prompt("go")):
                events.append(event)
                lines += [command(pid) for pid in left(folder)]
                if isinstance(event, Asked):
                    await client.reply(event.ask.nonce, (1,), user=ADA)
    return events, lines


async def test_a_declared_server_is_used_through_the_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEATHER_KEY", "sunny-4711")
    furnished(tmp_path)
    offered: list[str] = []
    steps: list[Step] = [
        UseTool("mcp__weather__key"),
        UseTool("mcp__weather__forget"),
        UseTool("Bash", {"command": "env"}),
        Say("Done."),
    ]
    events, lines = await told(tmp_path, steps, offered)
    key, forget, env = of(ToolResult, events)
    assert "key=sunny-4711" in key.text
    assert (forget.ok, forget.denied) == (False, True)
    [asked] = of(Asked, events)
    assert "mcp__weather__forget" in asked.ask.title
    assert "sunny-4711" not in env.text, "it is not for commands"
    assert "CLAUDE_CODE_CHILD_SESSION" in env.text, "commands are known by it"
    assert "CLAUDE_CODE_CHILD_SESSION" not in key.text, "and servers are none"
    assert all("sunny" not in each for each in lines), "the command line is open to everybody"
    assert {"mcp__weather__key", "mcp__weather__forget"} <= set(offered)
    assert not [name for name in offered if "evil" in name or "off" in name]
