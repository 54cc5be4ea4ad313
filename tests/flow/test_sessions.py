"""Sessions that live long and die cleanly: the whole app with the real Claude Code."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from bridge.model import Place
from bridge.simulator.cast import User
from bridge.simulator.script import Say, Script, Stall, UseTool, When
from bridge.simulator.talk import Talk
from bridge.simulator.world import World
from tests.flow.program import claudes, environ_of, pids
from tests.flow.stage import ADA, Stage, staged

ECHO = Script(When("", lambda talk: [Say(f"Echo: {talk.said}")]))


def echoes(stage: Stage, chat: int = ADA) -> list[str]:
    return [t.splitlines()[0] for t in stage.texts(chat) if t.startswith("Echo: ")]


def processes(folder: Path) -> int:
    """Claude Codes of this bridge, without what they started."""
    return sum(b"\0CLAUDE_AGENT_SDK_VERSION=" in environ_of(pid) for pid in mains(folder))


def mains(folder: Path) -> list[int]:
    return [pid for pid in claudes(folder) if Path(f"/proc/{pid}/exe").readlink().name == "claude"]


async def test_ten_messages_at_once_are_answered_in_order(tmp_path: Path) -> None:
    async with staged(tmp_path, ECHO) as stage:
        for n in range(10):
            stage.say(f"number {n}")
        await stage.answer("Echo: number 9")
        assert echoes(stage) == [f"Echo: number {n}" for n in range(10)]


async def test_fifty_sessions_share_four_clients(tmp_path: Path) -> None:
    people = [User(id=1000 + n, name=f"P{n}", username=f"p{n}") for n in range(50)]
    extra = "".join(f'[users.{p.id}]\nrole = "member"\n' for p in people)
    extra += "[sessions]\nmax_live = 4\n"
    most = 0
    async with staged(tmp_path, ECHO, extra, World(users=people)) as stage:
        for person in people:
            stage.say(f"from {person.id}", person.id)
        for person in people:
            await stage.answer(f"Echo: from {person.id}", person.id)
            most = max(most, len(mains(tmp_path)))
    assert 1 <= most <= 5  # four, and the spare


async def test_each_session_has_its_own_history_and_the_switch_survives_a_restart(
    tmp_path: Path,
) -> None:
    def count(talk: Talk) -> list[Say]:
        return [Say(f"Turn {talk.turn} of this conversation.")]

    world = World()
    async with staged(tmp_path, count, world=world) as stage:
        stage.say("a")
        await stage.answer("Turn 0")
        stage.say("/new docs")
        await stage.answer("docs")
        stage.say("b")
        await stage.until(lambda: sum("Turn 0" in t for t in stage.texts()) == 2)
        stage.say("/session main")
        stage.say("c")
        await stage.answer("Turn 1")
        stage.say("/session docs")
        stage.say("/status")
        await stage.answer("Session docs")
    async with staged(tmp_path, count, world=world) as stage:
        stage.say("d")
        await stage.until(lambda: sum("Turn 1" in t for t in stage.texts()) == 2)


@pytest.mark.parametrize("name", ["../up", "a/b", ".", "", "a" * 65, "-x"])
async def test_a_name_that_could_escape_is_refused(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ECHO) as stage:
        stage.say(f"/new {name}")
        stage.say("/sessions")
        await stage.until(lambda: len(stage.heard()) >= 2)
        assert not (tmp_path / "up").exists()
        assert [s.key.name for s in await stage.bridge.desk.sessions.every(_place())] in (
            [],
            ["main"],
        )


def _place() -> Place:
    return Place(ADA)


async def test_stop_ends_a_running_command_and_its_children_within_two_seconds(
    tmp_path: Path,
) -> None:
    script = Script([UseTool("Bash", {"command": "sh -c 'tail -f /dev/null' & tail -f /dev/null"})])
    async with staged(tmp_path, script, "approve = []\n") as stage:
        stage.say("wait")
        await stage.until(
            lambda: [d for d in stage.world.live.drafts(ADA) if "Bash" in d.text.text]
        )
        began = time.monotonic()
        stage.say("/stop")
        await stage.answer("Stopped.")
        assert time.monotonic() - began < 2
        assert not [pid for pid in pids() if b"tail" in _command(pid) and pid in claudes(tmp_path)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_a_frozen_claude_code_is_restarted_and_the_user_is_told(tmp_path: Path) -> None:
    script = Script(When("freeze", [Say("Words. "), Stall(60)]), When("", [Say("Alive.")]))
    extra = "[sessions]\nsilence_minutes = 0.05\nspare = false\n"
    async with staged(tmp_path, script, extra) as stage:
        stage.say("freeze")
        await stage.draft("Words.")
        for pid in mains(tmp_path):
            os.kill(pid, signal.SIGSTOP)
        await stage.answer("silent")
        stage.say("hello")
        await stage.answer("Alive.")


async def test_a_message_at_the_moment_of_the_idle_timeout_is_answered(tmp_path: Path) -> None:
    """Twenty tries with the real clock, five people at a time."""
    idle = 0.6  # seconds
    people = [User(id=1000 + n, name=f"P{n}", username=f"p{n}") for n in range(5)]
    extra = "".join(f'[users.{p.id}]\nrole = "member"\n' for p in people)
    extra += f"[sessions]\nidle_minutes = {idle / 60}\nspare = false\n"
    async with staged(tmp_path, ECHO, extra, World(users=people)) as stage:

        async def tries(person: int, number: int) -> None:
            for n in range(5):
                stage.say(f"try {n}.", person)
                await stage.answer(f"Echo: try {n}.", person)
                await asyncio.sleep(idle + (n * 5 + number - 12) * 0.01)  # around the timeout

        await asyncio.gather(*(tries(p.id, number) for number, p in enumerate(people)))
        assert all(len(echoes(stage, p.id)) == 5 for p in people)


async def test_a_waiting_message_can_be_sent_at_once(tmp_path: Path) -> None:
    step = UseTool("Bash", {"command": "until [ -e go ]; do :; done"})
    script = Script([step, Say("All done.")])
    async with staged(tmp_path, script, "approve = []\n") as stage:
        stage.say("start")
        await stage.until(
            lambda: [d for d in stage.world.live.drafts(ADA) if "Bash" in d.text.text]
        )
        stage.say("and this too")
        await stage.tap("aiting", "Send now")
        [folder] = stage.settings.sessions.root.glob("*/main")
        (folder / "go").touch()
        await stage.answer("All done.")
        await stage.until(lambda: any("and this too" in str(r.body) for r in stage.model.requests))
        stage.say("/status")
        await stage.answer("Session main")
        assert sum("All done." in t for t in stage.texts()) == 1
