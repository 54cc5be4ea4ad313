"""A conversation that was held in a terminal goes on in the chat."""

from pathlib import Path

import pytest

from bridge.agent.histories import Histories
from bridge.errors import AgentError
from bridge.model import History, Noticed
from bridge.simulator.script import Say, Step
from bridge.simulator.talk import Talk
from tests.contract.solo import NOW, claude, end, furnished, of, told


def count(talk: Talk) -> list[Step]:
    return [Say(f"{talk.turn} before")]


async def test_a_conversation_is_found_and_goes_on_in_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = furnished(tmp_path)
    async with claude(folder, count, home="terminal") as client:
        mine = end(await told(client, "Fix the oven, please"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(folder / "config" / mine.home))
    histories = Histories(folder / "ours")
    assert await histories.found(folder / "private") == []
    [found] = await histories.found(folder / "work")
    assert (found.claude_id, found.title) == (mine.claude_id, "Fix the oven, please")
    assert found.folder == folder / "work"
    home = await histories.adopt(found)
    (folder / "ours" / home).rename(folder / "config" / home)
    async with claude(folder, count, claude_id=found.claude_id, home=home) as client:
        events = await told(client, "b")
    assert end(events).text == "1 before"
    assert not of(Noticed, events)


async def test_one_that_is_gone_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    with pytest.raises(AgentError, match="no longer there"):
        await Histories(tmp_path).adopt(History("x", "t", NOW, tmp_path))
