"""`tollbridge run` as a process: it answers, and it ends in good order."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from watchfiles import awatch

from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say, Scenario, Script, Stall, UseTool, When
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.flow.foreign import Telegram, model
from tests.flow.program import claudes, finished, gone, program
from tests.flow.stage import ADA, KEY, SETTINGS


def environ(folder: Path, page: str, api: str) -> dict[str, str]:
    (folder / "settings.toml").write_text(SETTINGS)
    return {
        "TOLLBRIDGE_TELEGRAM__BASE_URL": page,
        "TOLLBRIDGE_TELEGRAM__TOKEN": TOKEN,
        "TOLLBRIDGE_SESSIONS__ROOT": str(folder / "sessions"),
        "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
        "TOLLBRIDGE_CLAUDE__APPROVE": "[]",
        "ANTHROPIC_BASE_URL": api,
        "ANTHROPIC_API_KEY": KEY,
    }


@asynccontextmanager
async def running(
    folder: Path, world: World, scenario: Scenario
) -> AsyncIterator[asyncio.subprocess.Process]:
    async with (
        serving(telegram(world, limits=None)) as page,
        serving(messages(scenario, key=KEY)) as api,
        program("run", folder=folder, environ=environ(folder, page, api)) as process,
    ):
        yield process


async def in_the_middle(world: World, folder: Path) -> None:
    """Until the answer has begun to stream."""
    world.say(ADA, "talk")
    await world.wait(lambda: any("Words" in d.text.text for d in world.live.drafts(ADA)), 30)
    assert claudes(folder)


async def test_it_answers_on_servers_that_are_not_ours(tmp_path: Path) -> None:
    chat = Telegram()
    async with (
        serving(chat.app) as page,
        serving(model) as api,
        program("run", folder=tmp_path, environ=environ(tmp_path, page, api)),
    ):
        chat.say("hi")
        async with asyncio.timeout(30):
            while "A plain answer." not in (await chat.sent.get())["text"]:
                pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_a_turn_ends_it_with_0_and_no_claude_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    world = World()
    async with running(tmp_path, world, Script([Say("Words. " * 500, pace=0.05)])) as process:
        await in_the_middle(world, tmp_path)
        process.send_signal(number)
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        assert not claudes(tmp_path)


async def test_a_signal_while_the_api_is_silent_ends_it_too(tmp_path: Path) -> None:
    world = World()
    async with running(tmp_path, world, Script([Say("Words."), Stall(60)])) as process:
        await in_the_middle(world, tmp_path)
        process.terminate()
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        assert not claudes(tmp_path)


async def test_after_a_kill_no_claude_is_left(tmp_path: Path) -> None:
    world = World()
    async with running(tmp_path, world, Script([Say("Words. " * 500, pace=0.05)])) as process:
        await in_the_middle(world, tmp_path)
        process.kill()
        assert await gone(tmp_path, within=10)


async def test_after_a_kill_what_a_tool_started_is_gone_as_well(tmp_path: Path) -> None:
    world = World()
    script = Script([Say("Words."), UseTool("Bash", {"command": "tail -f /dev/null"}), Say("x")])
    async with running(tmp_path, world, script) as process:
        await in_the_middle(world, tmp_path)
        process.kill()
        assert await gone(tmp_path, within=10)


async def test_a_message_that_a_kill_interrupted_is_answered_once_after_the_restart(
    tmp_path: Path,
) -> None:
    world = World()
    script = Script(When("talk", [Say("Words. " * 40, pace=0.05)]))
    async with running(tmp_path, world, script) as process:
        await in_the_middle(world, tmp_path)
        process.kill()
    async with running(tmp_path, world, script):
        await world.wait(lambda: answers(world), 30)
        world.say(ADA, "/status")
        await world.wait(lambda: len(bots(world)) > 1, 30)
    assert len(answers(world)) == 1


async def test_a_tool_that_a_kill_interrupted_is_not_repeated(tmp_path: Path) -> None:
    world = World()
    script = Script([Say("Words."), UseTool("Bash", {"command": "echo 1 >> n; tail -f /dev/null"})])
    async with running(tmp_path, world, script) as process:
        await in_the_middle(world, tmp_path)
        marks = await written(tmp_path)
        process.kill()
        assert await gone(tmp_path, within=10)
    async with running(tmp_path, world, script):
        await world.wait(lambda: any("interrupted" in m["text"] for m in bots(world)), 30)
    assert marks.read_text() == "1\n"


async def written(folder: Path) -> Path:
    """The file `n` that the tool writes, once something is in it."""
    sessions = folder / "sessions"
    async with asyncio.timeout(20):
        async for _ in awatch(sessions, yield_on_timeout=True, rust_timeout=200):
            if found := [file for file in sessions.rglob("n") if file.stat().st_size]:
                return found[0]
    raise AssertionError("the watch ended")


def bots(world: World) -> list[dict[str, str]]:
    return [m for m in world.messages(ADA) if m["from"]["is_bot"]]


def answers(world: World) -> list[dict[str, str]]:
    return [m for m in bots(world) if "Words." in m.get("text", "")]


async def test_without_a_token_it_says_what_to_do(tmp_path: Path) -> None:
    code, output = await finished("run", folder=tmp_path)
    assert code == 1
    assert "telegram.token" in output
    assert "BotFather" in output
    assert "Traceback" not in output


async def test_a_token_that_telegram_refuses_is_one_sentence(tmp_path: Path) -> None:
    async with serving(telegram(World(), "1:other")) as page:
        given = environ(tmp_path, page, "http://127.0.0.1:9")
        code, output = await finished("run", folder=tmp_path, environ=given)
    assert code == 1
    assert "refused the bot token" in output
    assert "Traceback" not in output
    assert TOKEN not in output


async def test_without_a_key_or_a_login_it_says_what_to_do(tmp_path: Path) -> None:
    given = environ(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")
    del given["ANTHROPIC_API_KEY"]
    code, output = await finished("run", folder=tmp_path, environ=given)
    assert code == 1
    assert "setup-token" in output
    assert "Traceback" not in output


async def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    async with serving(telegram(World())) as page:
        port = page.rpartition(":")[2]
        code, output = await finished("demo", "--no-open", "--port", port, folder=tmp_path)
    assert code == 1
    assert f"Port {port} is in use" in output
    assert "Traceback" not in output


async def test_wrong_usage_is_2(tmp_path: Path) -> None:
    code, _ = await finished("demo", "--prot", "1", folder=tmp_path)
    assert code == 2


async def test_check_prints_each_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[routing]\ndefault = "hiku"\n[budgets.defalt]\n')
    code, output = await finished("check", folder=tmp_path)
    assert code == 1
    assert any(
        line.startswith("settings.toml:2: routing.default: ") for line in output.splitlines()
    )
    assert any(line.startswith("settings.toml:3: budgets.defalt: ") for line in output.splitlines())
