"""Strangers, an owner's code, requests: the whole app, on files that it follows and writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge import cli
from bridge.app import joined
from bridge.settings.edit import Editor
from bridge.settings.keeper import Keeper
from bridge.settings.load import Source
from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say, Script
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.flow.program import finished, program
from tests.flow.stage import ADA, BO, KEY, STRANGER, Stage

OWNER = """# Our house.

[users.111]   # the boss
name = "Ada"
role = "owner"
timezone = "Europe/Copenhagen"

[access]
requests = true

# ── Money ──
[budgets.default]
day_usd = 5.00
month_usd = 20.00

[claude]
sandbox = "off"   # no bubblewrap in tests
"""


@dataclass(frozen=True, slots=True)
class House:
    """A bot in a folder, and a terminal beside it."""

    stage: Stage
    folder: Path

    @property
    def local(self) -> str:
        return (self.folder / "settings.local.toml").read_text()

    def quiet(self, person: int) -> bool:
        return self.stage.heard(person) == []

    async def heard_by_all(self, person: int = ADA) -> None:
        """Whatever came before this answer has been looked at."""
        self.stage.say("/status", person)
        await self.stage.answer("Session", person)


@asynccontextmanager
async def world_of(folder: Path) -> AsyncIterator[tuple[World, dict[str, str]]]:
    world = World()
    api = messages(Script(otherwise=[Say("Yes.")]), key=KEY)
    async with serving(telegram(world, limits=None)) as page, serving(api) as model:
        yield (
            world,
            {
                "TOLLBRIDGE_TELEGRAM__BASE_URL": page,
                "TOLLBRIDGE_SESSIONS__ROOT": str(folder / "sessions"),
                "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
                "TOLLBRIDGE_CLAUDE__SANDBOX": '"off"',
                "ANTHROPIC_BASE_URL": model,
            },
        )


async def init(folder: Path, environ: dict[str, str], *more: str) -> str:
    """What `tollbridge init` prints, with every answer as an option."""
    answers = ("--token", TOKEN, "--key", KEY, "--name", "", "--timezone", "Europe/Paris")
    call = ["init", "--folder", str(folder), *answers, "--day-usd", "2.50", *more]
    clean = {"TELEGRAM_TOKEN": None, "ANTHROPIC_API_KEY": None, **environ}
    result = await asyncio.to_thread(CliRunner().invoke, cli.main, call, env=clean)
    assert result.exit_code == 0, result.output
    return result.output


@asynccontextmanager
async def running(folder: Path, world: World, environ: dict[str, str]) -> AsyncIterator[House]:
    source = Source(environ, folder)
    keeper = Keeper(source)
    async with AsyncExitStack() as stack:
        bridge = await stack.enter_async_context(joined(keeper.current, environ, Editor(source)))

        async def tell(text: str) -> None:
            raise AssertionError(text)

        tasks = [asyncio.create_task(bridge.run()), asyncio.create_task(keeper.run(tell))]
        api = messages(Script())
        try:
            yield House(Stage(world, api, bridge, keeper.current()), folder)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


def code(printed: str) -> str:
    return next(line.split()[1] for line in printed.splitlines() if "/start" in line)


async def test_who_sends_the_code_becomes_the_owner_and_can_work_at_once(tmp_path: Path) -> None:
    async with world_of(tmp_path) as (world, environ):
        shown = code(await init(tmp_path, environ))
        async with running(tmp_path, world, environ) as house:
            stage = house.stage
            stage.say("/start", STRANGER)
            stage.say("hello?", STRANGER)
            stage.say(f"/start {shown.lower()}")
            told = await stage.answer("You are the owner")
            assert "Hello Ada!" in told["text"]
            stage.say("work")
            await stage.answer("Yes.")
            assert house.quiet(STRANGER)
            assert 'role = "owner"' in house.local
            assert 'timezone = "Europe/Paris"' in house.local
            assert "day_usd = 2.5" in house.local
            assert "pairing" not in house.local


async def test_from_nothing_with_the_two_commands(tmp_path: Path) -> None:
    """`tollbridge init`, `tollbridge run`, as programs; then nothing is missing any more."""
    answers = ("--token", TOKEN, "--key", KEY)
    async with world_of(tmp_path) as (world, environ):
        status, printed = await finished("init", *answers, folder=tmp_path, environ=environ)
        assert status == 0
        async with program("run", folder=tmp_path, environ=environ):
            world.say(ADA, f"/start {code(printed)}")
            await world.wait(lambda: any("owner" in text for text in texts(world)), 30)
            world.say(ADA, "work")
            await world.wait(lambda: any("Yes." in text for text in texts(world)), 30)
        status, printed = await finished("init", folder=tmp_path, environ=environ)
        assert (status, "Ada is the owner" in printed) == (0, True)


def texts(world: World) -> list[str]:
    return [m.get("text", "") for m in world.messages(ADA) if m["from"]["is_bot"]]


async def test_a_code_is_worth_nothing_the_second_time(tmp_path: Path) -> None:
    """Not even when both come in the same moment, before the first one is in force."""
    async with world_of(tmp_path) as (world, environ):
        shown = code(await init(tmp_path, environ))
        world.say(BO, f"/start {shown}")
        world.say(STRANGER, f"/start {shown}")
        async with running(tmp_path, world, environ) as house:
            await house.stage.answer("You are the owner", BO)
            house.stage.say(f"/start {shown}", STRANGER)
            await house.heard_by_all(BO)
            assert house.quiet(STRANGER)
            assert f"[users.{STRANGER}]" not in house.local


async def test_wrong_codes_are_told_five_times_then_not_even_the_right_one_counts(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path) as (world, environ):
        shown = code(await init(tmp_path, environ))
        async with running(tmp_path, world, environ) as house:
            for _ in range(6):
                house.stage.say("/start ABCD-EFGH", STRANGER)
            house.stage.say(f"/start {shown}", STRANGER)
            house.stage.say(f"/start {shown}")
            await house.stage.answer("You are the owner")
            await house.stage.until(lambda: len(house.stage.texts(STRANGER)) == 5)
            assert all("That is not the code" in text for text in house.stage.texts(STRANGER))
            assert f"[users.{STRANGER}]" not in house.local


async def test_an_expired_code_says_so_to_whoever_has_it_and_to_nobody_else(
    tmp_path: Path,
) -> None:
    async with world_of(tmp_path) as (world, environ):
        shown = code(await init(tmp_path, environ))
        file = tmp_path / "settings.local.toml"
        lines = file.read_text().splitlines()
        file.write_text(
            "\n".join(
                "until = 2020-01-01T00:00:00Z" if "until" in each else each for each in lines
            ).replace("until = 2020-01-01T00:00:00Z", 'until = "2020-01-01T00:00:00Z"')
        )
        async with running(tmp_path, world, environ) as house:
            house.stage.say("/start ABCD-EFGH", STRANGER)
            house.stage.say(f"/start {shown}")
            await house.stage.answer("This code has expired.")
            assert house.quiet(STRANGER)
            assert "[users." not in house.local


@pytest.fixture
def house_of_ada(tmp_path: Path) -> Path:
    (tmp_path / "settings.toml").write_text(OWNER)
    return tmp_path


def keys(environ: dict[str, str]) -> dict[str, str]:
    return environ | {"TOLLBRIDGE_TELEGRAM__TOKEN": TOKEN, "ANTHROPIC_API_KEY": KEY}


async def test_a_request_that_is_approved_lets_the_stranger_in(house_of_ada: Path) -> None:
    """And the hand-written file for this machine keeps its comments."""
    local = house_of_ada / "settings.local.toml"
    local.write_text("# mine\n[sessions]\nidle_minutes = 5  # short\n\n# the end\n")
    async with world_of(house_of_ada) as (world, environ):
        async with running(house_of_ada, world, keys(environ)) as house:
            stage = house.stage
            stage.say("/start", STRANGER)
            await stage.answer("I have asked the owner.", STRANGER)
            asked = await stage.answer("Somebody wants to use this bot")
            assert asked["text"].splitlines()[1:] == ["Cy", "Telegram id 333, @cy"]
            await stage.tap("Somebody wants", "Approve as member")
            await stage.answer("You may use this bot now, as a member.", STRANGER)
            stage.say("hi", STRANGER)
            await stage.answer("Yes.", STRANGER)
            await stage.answer("Cy may use the bot, as member.")
        kept = "# mine\n[sessions]\nidle_minutes = 5  # short\n\n# the end\n"
        assert house.local == (
            f'{kept}\n[users.333]\nname = "Cy"\nrole = "member"\ntimezone = "Europe/Copenhagen"\n'
        )
        assert (house_of_ada / "settings.toml").read_text() == OWNER


async def test_who_is_ignored_hears_nothing_and_is_not_shown_again_after_a_restart(
    house_of_ada: Path,
) -> None:
    async with world_of(house_of_ada) as (world, environ):
        async with running(house_of_ada, world, keys(environ)) as house:
            house.stage.say("/start", STRANGER)
            await house.stage.tap("Somebody wants", "Ignore")
            await house.stage.answer("Cy gets no answer")
        async with running(house_of_ada, world, keys(environ)) as house:
            house.stage.say("/start", STRANGER)
            await house.heard_by_all()
            assert house.stage.texts(STRANGER) == [
                "I have asked the owner. You will hear from me when they have decided."
            ]
            assert not any("Somebody wants" in text for text in house.stage.texts())


async def test_an_approval_still_counts_after_a_restart(house_of_ada: Path) -> None:
    async with world_of(house_of_ada) as (world, environ):
        async with running(house_of_ada, world, keys(environ)) as house:
            house.stage.say("/start", STRANGER)
            await house.stage.answer("Somebody wants")
        async with running(house_of_ada, world, keys(environ)) as house:
            await house.stage.tap("Somebody wants", "Approve as guest")
            await house.stage.answer("You may use this bot now, as a guest.", STRANGER)
            assert 'name = "Cy"' in house.local


async def test_a_user_is_removed_from_the_chat(house_of_ada: Path) -> None:
    local = house_of_ada / "settings.local.toml"
    local.write_text('[users.222]\nname = "Bo"\nrole = "member"\n\n# ── Budgets ──\n'
                     "[budgets.users.222]\nday_usd = 1.00\n")  # fmt: skip
    async with world_of(house_of_ada) as (world, environ):
        async with running(house_of_ada, world, keys(environ)) as house:
            house.stage.say("/users")
            await house.stage.tap("Who may use this bot", "Remove Bo")
            await house.stage.tap("Remove Bo?", "Remove")
            await house.stage.answer("Bo is removed.")
            house.stage.say("hi", BO)
            await house.heard_by_all()
            assert house.quiet(BO)
        assert local.read_text() == "# ── Budgets ──\n"
