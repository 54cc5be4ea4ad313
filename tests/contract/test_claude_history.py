"""The history of a session: its home, its resume, what happens when it cannot be trusted."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bridge.agent import transcript
from bridge.model import Completed, Exchange, Noticed, Outcome
from bridge.simulator.script import Say, Script, Step
from bridge.simulator.talk import Talk
from tests.contract.solo import claude, end, furnished, of, told

SAID = (Exchange("What is it?", "A teapot."),)


def count(talk: Talk) -> list[Step]:
    """How many turns came before, and whether the summary was given."""
    return [Say(f"{talk.turn} before" + (", told" if "A teapot." in talk.said else ""))]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Completed]:
    """The homes after the first turn of a session, whose process has ended."""
    folder = furnished(tmp_path_factory.mktemp("begun"))

    async def turn() -> Completed:
        async with claude(folder, count) as client:
            return end(await told(client, "a"))

    return folder / "config", asyncio.run(turn())


@pytest.fixture
def folder(tmp_path: Path, begun: tuple[Path, Completed]) -> Path:
    shutil.copytree(begun[0], furnished(tmp_path) / "config", dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def saved(begun: tuple[Path, Completed]) -> Completed:
    return begun[1]


def as_saved(completed: Completed) -> dict[str, Any]:
    return {
        "claude_id": completed.claude_id,
        "home": completed.home,
        "last_entry": completed.last_entry,
    }


def file(folder: Path, of: Completed) -> Path:
    path = transcript.find(folder / "config" / of.home, of.claude_id)
    assert path
    return path


async def test_a_turn_tells_where_its_history_lies_and_how_far_it_goes(
    folder: Path, saved: Completed
) -> None:
    assert [home.name for home in (folder / "config").iterdir()] == [saved.home]
    assert saved.last_entry in file(folder, saved).read_text()


async def test_a_session_is_resumed_in_another_process(folder: Path, saved: Completed) -> None:
    async with claude(folder, count, **as_saved(saved)) as client:
        events = await told(client, "b")
    assert end(events).text == "1 before"
    assert (end(events).claude_id, end(events).home) == (saved.claude_id, saved.home)
    assert end(events).last_entry != saved.last_entry
    assert not of(Noticed, events)


async def test_a_first_turn_that_told_no_home_is_found_again(
    folder: Path, saved: Completed
) -> None:
    """It failed: then only the id of its history is known."""
    async with claude(folder, count, claude_id=saved.claude_id) as client:
        again = end(await told(client, "b"))
    assert (again.text, again.home) == ("1 before", saved.home)


async def test_a_line_that_a_kill_has_cut_is_passed_over(folder: Path, saved: Completed) -> None:
    with file(folder, saved).open("a") as out:
        out.write('{"type":"assistant","uuid":"half')
    async with claude(folder, count, **as_saved(saved)) as client:
        events = await told(client, "b")
    assert end(events).text == "1 before"
    assert not of(Noticed, events)
    home = folder / "config" / saved.home
    assert transcript.state(home, saved.claude_id, saved.last_entry) is transcript.State.OK


def gone(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_text("")


def torn(path: Path) -> None:
    lines = path.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if json.loads(line).get("type") == "user")
    lines[place] = lines[place][:40]
    path.write_text("\n".join(lines))


def set_back(path: Path) -> None:
    lines = path.read_text().splitlines()
    ids = [i for i, line in enumerate(lines) if json.loads(line).get("uuid")]
    path.write_text("\n".join(lines[: ids[-1]]) + "\n")


@pytest.mark.parametrize("harm", [gone, emptied, torn, set_back])
async def test_a_history_that_cannot_be_trusted_is_begun_anew(
    folder: Path, saved: Completed, harm: Any
) -> None:
    """The user is told first, and Claude Code is told what was said last."""
    path = file(folder, saved)
    harm(path)
    async with claude(folder, count, said=SAID, **as_saved(saved)) as client:
        events = await told(client, "b")
        assert isinstance(events[0], Noticed)
        assert "summary" in events[0].text
        assert (end(events).outcome, end(events).text) == (Outcome.DONE, "0 before, told")
        assert end(events).claude_id != saved.claude_id
        again = await told(client, "c")
    assert end(again).text == "1 before"
    assert not of(Noticed, again)
    assert not path.exists()
    assert len(list(path.parent.glob("*.aside-*"))) == (harm is not gone)


async def test_a_history_that_claude_code_refuses_is_begun_anew(
    folder: Path, saved: Completed
) -> None:
    """It looks whole, but is none for Claude Code."""
    file(folder, saved).write_text(f'{{"uuid": "{saved.last_entry}", "type": "nonsense"}}\n')
    async with claude(folder, count, said=SAID, **as_saved(saved)) as client:
        events = await told(client, "b")
    assert isinstance(events[0], Noticed)
    assert end(events).text == "0 before, told"


async def test_a_fork_goes_its_own_way(folder: Path, saved: Completed) -> None:
    async with claude(folder, count, fork=True, **as_saved(saved)) as client:
        events = await told(client, "b")
        forked = end(events)
        assert (forked.text, end(await told(client, "c")).text) == ("1 before", "2 before")
    assert not of(Noticed, events)
    assert forked.home != saved.home
    assert forked.claude_id != saved.claude_id
    async with claude(folder, count, **as_saved(forked)) as client:
        events = await told(client, "d")
    assert end(events).text == "3 before"
    assert not of(Noticed, events)
    async with claude(folder, count, **as_saved(saved)) as client:
        assert end(await told(client, "b")).text == "1 before"


async def test_a_history_that_was_never_begun_is_no_news(folder: Path) -> None:
    """Killed before it had written anything."""
    missing = "11111111-1111-4111-8111-111111111111"
    async with claude(folder, Script([Say("Fresh.")]), claude_id=missing) as client:
        events = await told(client, "a")
    assert end(events).text == "Fresh."
    assert not of(Noticed, events)
