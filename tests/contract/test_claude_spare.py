"""A session that begins with the spare process is like any other."""

import asyncio
from pathlib import Path

import pytest

from bridge.agent import transcript
from bridge.agent.connection import Connection
from bridge.agent.options import sandboxed
from bridge.agent.pool import Pool
from bridge.agent.spare import Spare
from bridge.model import Noticed, Text, ToolResult
from bridge.simulator.script import Say, Step, UseTool
from bridge.simulator.talk import Talk
from tests.contract.solo import Stays, end, furnished, left, of, pool, session, told

SETTINGS = '[users.111]\nrole = "owner"\n[claude]\nsandbox = "{}"\napprove = []\n'


def bash(command: str) -> UseTool:
    return UseTool("Bash", {"command": command, "description": "test"})


def work(talk: Talk) -> list[Step]:
    """Every kind of tool, with relative paths, and a look at where the model thinks it is."""
    if talk.turn:
        return [Say(f"{talk.turn} before in {talk.folder}")]
    return [
        UseTool("Read", {"file_path": "a.txt"}),
        UseTool("Write", {"file_path": "b.txt", "content": "made"}),
        bash("pwd && cat b.txt && echo more > c.txt"),
        bash("echo no > ../private/d.txt"),
        Say(talk.folder),
    ]


async def ready(lender: Pool) -> Connection:
    """The spare, when it is there."""
    spare = lender._spare
    assert isinstance(spare, Spare)
    assert spare._filling
    await spare._filling
    assert spare._ready
    return spare._ready.connection


@pytest.mark.parametrize("sandbox", ["off", "required"])
async def test_the_spare_works_in_the_folder_of_the_session_that_takes_it(
    tmp_path: Path, sandbox: str
) -> None:
    if sandbox == "required" and not sandboxed():
        pytest.skip("bubblewrap and socat are not installed")
    folder = furnished(tmp_path, SETTINGS.format(sandbox))
    (folder / "work" / "a.txt").write_text("inside")
    mine = session(folder)
    async with pool(folder, work) as lender, lender:
        spare = await ready(lender)
        async with lender.lend(mine, Stays()) as client:
            events = await told(client, "go", "claude-sonnet-5-5")
        saved = end(events)
        assert saved.home == spare.home.name, "it was taken"
        read, write, shell, outside = of(ToolResult, events)
        assert "inside" in read.text
        assert write.ok
        assert f"{folder}/work\nmade" in shell.text
        assert outside.ok is (sandbox == "off")
        assert saved.text == f"{folder}/work"
        assert (folder / "work" / "c.txt").read_text() == "more\n"
        path = transcript.find(folder / "config" / saved.home, saved.claude_id)
        assert path
        assert saved.last_entry in path.read_text()
        assert not spare.alive, "it ends with the loan"

        again = session(folder, claude_id=saved.claude_id, home=saved.home,
                        last_entry=saved.last_entry)  # fmt: skip
        async with lender.lend(again, Stays()) as client:
            events = await told(client, "again")
        assert end(events).text == f"1 before in {folder}/work"
        assert not of(Noticed, events)
    assert left(folder) == []


async def test_a_spare_that_died_is_replaced_by_a_start(tmp_path: Path) -> None:
    folder = furnished(tmp_path)
    (folder / "work" / "a.txt").write_text("inside")
    async with pool(folder, lambda _: [Say("Here.")]) as lender, lender:
        spare = await ready(lender)
        spare.kill()
        assert spare._reader
        await asyncio.wait({spare._reader})
        async with lender.lend(session(folder), Stays()) as client:
            events = await told(client, "go")
        assert of(Text, events)[-1].text == "Here."
        assert end(events).home != spare.home.name
    assert left(folder) == []
