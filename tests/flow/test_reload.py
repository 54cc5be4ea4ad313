"""Settings that are edited while the bot runs: the whole app, with the real Claude Code."""

import asyncio
import os
import random
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from bridge import cli, logs
from bridge.app import joined
from bridge.errors import SettingsError
from bridge.settings import Settings, read
from bridge.settings.keeper import Keeper
from bridge.settings.load import Source
from bridge.simulator.bot_api import telegram
from bridge.simulator.faults import Fault
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say, Scenario, Script, UseTool
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.flow.stage import ADA, BO, SETTINGS, Stage
from tests.unit.settings.seen import Seen

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-aa"
KEY = "sk-ant-test-0123456789-0123456789"
SECRETS = f'[telegram]\ntoken = "{TOKEN}"\n[anthropic]\napi_key = "{KEY}"\n'
WITHIN = 10.0  # seconds, as promised
LOOSE = "\n[routing]\nsticky = false\n[limits]\nqueue_per_user = 200\nmessages_per_hour = 1000\n"


@dataclass(frozen=True, slots=True)
class House:
    """A bot that follows its files."""

    stage: Stage
    keeper: Seen
    folder: Path
    environ: dict[str, str]

    @property
    def file(self) -> Path:
        return self.folder / "settings.toml"

    def edit(self, extra: str) -> None:
        self.file.write_text(SETTINGS + extra)

    def version(self, text: str) -> Settings:
        """What these settings are, read by themselves."""
        other = self.folder / "other.toml"
        other.write_text(text)
        secrets = self.folder / ".secrets.toml"
        return read(self.environ, self.folder, [other, secrets])

    async def in_force(self, version: str) -> None:
        await self.keeper.until(lambda: self.keeper.current().hash == version)


@asynccontextmanager
async def followed(folder: Path, scenario: Scenario, extra: str = "") -> AsyncIterator[House]:
    (folder / "settings.toml").write_text(SETTINGS + extra)
    secrets = folder / ".secrets.toml"
    secrets.touch(stat.S_IRUSR | stat.S_IWUSR)
    secrets.write_text(SECRETS)
    world, api = World(), messages(scenario, key=KEY)
    async with AsyncExitStack() as stack:
        environ = {
            "TOLLBRIDGE_TELEGRAM__BASE_URL": await stack.enter_async_context(
                serving(telegram(world, TOKEN))
            ),
            "TOLLBRIDGE_SESSIONS__ROOT": str(folder / "sessions"),
            "TOLLBRIDGE_STORE__URL": f"sqlite:///{folder}/store/tollbridge.db",
            "ANTHROPIC_BASE_URL": await stack.enter_async_context(serving(api)),
        }
        keeper = Seen(Source(environ, folder))
        bridge = await stack.enter_async_context(joined(keeper.current, environ))

        running = [asyncio.create_task(bridge.run()), asyncio.create_task(keeper.run(bridge.tell))]
        try:
            stage = Stage(world, api, bridge, keeper.current())
            yield House(stage, keeper, folder, environ)
        finally:
            for task in running:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


def models(stage: Stage) -> list[str]:
    """Of each request that carried work, in their order."""
    return [request.model for request in stage.model.requests if request.body["max_tokens"] > 1]


async def test_a_broken_edit_is_told_and_changes_nothing(tmp_path: Path) -> None:
    script = Script(otherwise=[Say("Yes.")])
    async with followed(tmp_path, script) as house:
        house.edit('\n[budgets.everyone]\nhuor_usd = 3\n[routing]\ndefault = "sonnet"\n')
        line = (SETTINGS + "\n[budgets.everyone]\n").count("\n") + 1
        async with asyncio.timeout(WITHIN):
            told = await house.stage.answer(f"settings.toml:{line}: budgets.everyone.huor_usd: ")
        assert 'did you mean "hour_usd"?' in told["text"]
        house.stage.say("hi")
        await house.stage.answer("Yes.")
        assert models(house.stage) == [HAIKU]
        house.edit("")
        await house.stage.answer("The settings are good again.")


async def test_the_next_turn_is_under_the_new_settings(tmp_path: Path) -> None:
    script = Script([Say("One.")], [Say("Two.")])
    async with followed(tmp_path, script, LOOSE) as house:
        before = house.keeper.current().hash
        house.stage.say("hi")
        await house.stage.answer("One.")
        house.edit(LOOSE.replace("[routing]", '[routing]\ndefault = "sonnet"'))
        after = house.version(house.file.read_text()).hash
        await house.in_force(after)
        house.stage.say("hi again")
        await house.stage.answer("Two.")
        assert models(house.stage) == [HAIKU, SONNET]
        assert await hashes(house) == [before, after]


async def test_what_needs_a_start_is_said(tmp_path: Path) -> None:
    async with followed(tmp_path, Script(), LOOSE) as house:
        house.edit(LOOSE + "\n[sessions]\nmax_live = 2\nidle_minutes = 5\n")
        told = await house.stage.answer("sessions.max_live counts from the next start.")
        assert "idle_minutes" not in told["text"]
        assert house.keeper.current().sessions.idle_minutes == 5


async def test_what_claude_code_is_started_with_counts_from_the_next_turn_too(
    tmp_path: Path,
) -> None:
    """Though the session is awake."""
    run = (UseTool("Bash", {"command": "echo 1"}), Say("Ran."))
    async with followed(tmp_path, Script([Say("Hello.")], run)) as house:
        house.stage.say("hi")
        await house.stage.answer("Hello.")
        house.file.write_text(SETTINGS + "approve = []\n")
        await house.in_force(house.version(house.file.read_text()).hash)
        house.stage.say("go")
        await house.stage.answer("Ran.")


async def hashes(house: House) -> list[str]:
    desk = house.stage.bridge.desk
    beginning = desk.clock.now().replace(year=2020)
    return [decision.settings for decision in await desk.decisions.since(beginning)]


# Edits at random while turns run.


@dataclass(frozen=True, slots=True)
class Version:
    text: str
    good: bool
    model: str


def versions(chance: random.Random, number: int) -> Iterator[Version]:
    """Half of them broken, each one another text."""
    goods = [True] * (number // 2) + [False] * (number // 2)
    chance.shuffle(goods)
    for at, good in enumerate(goods):
        model = chance.choice(["haiku", "sonnet", "opus"])
        extra = LOOSE.replace("[routing]", f'[routing]\ndefault = "{model}"')
        extra += f'[models.{model}]\nabout = "version {at}"\n'
        fault = chance.choice(["[", "x = 1", '[sessions]\nbusy = "no"', "[routing]\ndefault = 5"])
        yield Version(SETTINGS + extra + ("" if good else fault), good, model)


def write(file: Path, text: str, chance: random.Random) -> None:
    """In place or by rename, as editors do."""
    if chance.random() < 0.5:
        file.write_text(text)
        return
    other = file.with_name(".settings.toml.swp")
    other.write_text(text)
    other.replace(file)


async def talk(stage: Stage, user: int, over: asyncio.Event) -> int:
    """One message after another. How many there were."""
    number = 0
    while not over.is_set():
        number += 1
        stage.say(f"question {number}", user)
        await stage.until(partial(answered, stage, user, number))
    return number


def answered(stage: Stage, user: int, number: int) -> bool:
    return sum("Yes." in text for text in stage.texts(user)) == number


async def test_two_hundred_edits_while_turns_run(tmp_path: Path) -> None:
    """Every turn runs under exactly one valid version; none is lost, the last one counts."""
    chance = random.Random(7)  # noqa: S311 - the same edits every time
    script = Script(otherwise=[Say("Yes.")])
    async with followed(tmp_path, script, LOOSE) as house:
        used = {house.keeper.current().hash: "haiku"}
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            talks = [group.create_task(talk(house.stage, user, over)) for user in (ADA, BO)]
            for at, version in enumerate(versions(chance, 200)):
                if version.good:
                    used[name := house.version(version.text).hash] = version.model
                write(house.file, version.text, chance)
                if version.good and at % 3 == 0:
                    await house.in_force(name)
                await asyncio.sleep(0)
            over.set()
        await house.in_force(name if version.good else [*used][-1])
        desk = house.stage.bridge.desk
        made = await desk.decisions.since(desk.clock.now().replace(year=2020))
        assert len(made) == sum(task.result() for task in talks)
        assert {(d.settings, d.choice.model) for d in made} <= set(used.items())
        ids = {name: model.id for name, model in house.keeper.current().models.items()}
        asked = [ids[d.choice.model] for d in made]
        assert sorted(models(house.stage)) == sorted(asked)
        assert len({d.settings for d in made}) > 1


# Secrets.


async def test_no_secret_is_in_anything_that_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs, chats, the files of the store and of Claude Code, `config show`, `check`, a crash."""
    logs.configure("DEBUG")
    script = Script([UseTool("Bash", {"command": "env; cat ../../../.secrets.toml"}), Say("Seen.")])
    try:
        async with followed(tmp_path, script) as house:
            house.stage.world.faults.add(Fault("sendMessage", "drop"))
            house.stage.say("look around")
            await house.stage.tap("env;", "Deny")
            await house.stage.answer("Seen.")
            house.edit(f'\n[telegram]\nstreaming = "{TOKEN}"\n[limits]\nqueue_per_user = "{KEY}"\n')
            told = await house.stage.answer("telegram.streaming: unknown value")
            crash(house.keeper.current())
            chat = str([*house.stage.world.messages(ADA), told])
            environ = house.environ
        monkeypatch.chdir(tmp_path)
        printed = [told_by(environ, "check")]
        house.edit("")
        printed += [told_by(environ, *call) for call in (("config", "show"), ("check",))]
        printed += [told_by(environ, "config", "show", "--json")]
    finally:
        structlog.reset_defaults()
    shown = capfd.readouterr()
    house.file.unlink()
    written = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    del written[str(tmp_path / ".secrets.toml")]
    written |= {"log": f"{shown.out}{shown.err}".encode(), "chat": chat.encode()}
    written |= {f"command {at}": text.encode() for at, text in enumerate(printed)}
    assert "settings.broken" in shown.err
    assert "(hidden)" in "".join(printed)
    for secret in (TOKEN, KEY, TOKEN.partition(":")[2]):
        assert [name for name, content in written.items() if secret.encode() in content] == []


def crash(settings: Settings) -> None:
    """A bug, with the secrets at hand."""
    token = settings.telegram.token.get_secret_value()
    try:
        os.environ[f"a bug of {len(token)} letters in {settings}"]
    except KeyError:
        structlog.get_logger().exception("crash")


def told_by(environ: dict[str, str], *arguments: str) -> str:
    clean = {name: None for name in os.environ if name.startswith(("TOLLBRIDGE", "ANTHROPIC"))}
    return CliRunner().invoke(cli.main, arguments, env={**clean, **environ}).output


async def test_a_bot_does_not_begin_with_broken_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[sessions]\nbusy = 5\n")
    with pytest.raises(SettingsError, match=r"settings\.toml:2: sessions\.busy: "):
        Keeper(Source({}, tmp_path))
