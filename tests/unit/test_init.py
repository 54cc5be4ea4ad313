"""`tollbridge init`, as a person or a script runs it, against the simulated Telegram."""

import asyncio
import os
import re
import stat
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge import cli
from bridge.settings import Settings, pairing, read
from bridge.setup import zone
from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.flow.program import REPO

KEY = "sk-ant-api03-0123456789"
NONE = dict.fromkeys(
    ("TELEGRAM_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "TOLLBRIDGE_SETTINGS")
)
# A terminal between us and the program.
TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
ANSWERS = ("--token", TOKEN, "--key", KEY, "--timezone", "Europe/Paris")


class Home:
    """A folder, and what `tollbridge init` does in it."""

    def __init__(self, folder: Path, page: str) -> None:
        self.folder = folder
        self.environ = {"TOLLBRIDGE_TELEGRAM__BASE_URL": page, "HOME": str(folder)}

    async def init(self, *more: str, **environ: str) -> Result:
        """In a thread: Telegram is served in this loop."""
        call = ["init", "--folder", str(self.folder), *more]
        given: dict[str, str | None] = {**NONE, **self.environ, **environ}
        return await asyncio.to_thread(CliRunner().invoke, cli.main, call, env=given)

    async def types(self, *lines: str) -> tuple[int, str]:
        """A person at a terminal: the exit code, and everything that was to be seen."""
        clean = {name: each for name, each in os.environ.items() if name not in NONE}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", TERMINAL, sys.executable, "-m", "bridge", "init"),
            cwd=self.folder,
            env={**clean, **self.environ, "PYTHONPATH": str(REPO)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin
        assert process.stdout
        seen = b""
        for line in lines:
            seen += b"\n"
            while not seen.endswith(b": "):
                seen += await process.stdout.read(4096)
                assert not process.stdout.at_eof(), seen
            process.stdin.write(f"{line}\n".encode())
        seen += await process.stdout.read()
        process.stdin.close()
        return await process.wait(), seen.decode()

    def settings(self) -> Settings:
        return read(self.environ, self.folder)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()

    def mode(self, name: str) -> int:
        return stat.S_IMODE((self.folder / name).stat().st_mode)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}


def code(output: str) -> str:
    found = re.search(r"/start ([A-Z]{4}-[A-Z]{4})$", output, re.MULTILINE)
    assert found, output
    return found[1]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with serving(telegram(World())) as page:
        yield Home(tmp_path, page)


class TestPerson:
    async def test_is_asked_and_may_be_wrong(self, home: Home) -> None:
        """Every wrong answer is asked again; nothing secret is to be seen."""
        lines = ("nonsense", "123456789:wrong", TOKEN, "", "a key", KEY, "Ada", "Europe/Pariss")
        status, seen = await home.types(*lines, "Europe/Paris", "much", "2.50")
        assert status == 0
        assert "That is no token." in seen
        assert "Telegram does not know this token." in seen
        assert "This is @tollbridge_bot." in seen
        assert "There is no Claude login" in seen
        assert "That is no key" in seen
        assert 'did you mean "Europe/Paris"?' in seen
        assert "Write dollars" in seen
        assert TOKEN not in seen
        assert KEY not in seen
        settings = home.settings()
        assert settings.telegram.token.get_secret_value() == TOKEN
        assert settings.anthropic.api_key.get_secret_value() == KEY
        offered = settings.access.pairing
        assert (offered.name, offered.timezone) == ("Ada", "Europe/Paris")
        assert (float(offered.day_usd or 0), float(offered.month_usd or 0)) == (2.5, 50.0)
        assert pairing.fits(code(seen.replace("\r", "")), offered.seal)

    async def test_may_press_enter_for_what_has_a_default(self, home: Home) -> None:
        home.environ["TZ"] = "Europe/Copenhagen"
        status, seen = await home.types(TOKEN, KEY, "", "", "")
        assert status == 0
        assert "[as in Telegram]" in seen
        assert "[Europe/Copenhagen]" in seen
        assert "[1.00]" in seen
        settings = home.settings()
        assert settings.access.pairing.timezone == "Europe/Copenhagen"
        assert settings.access.pairing.day_usd is None
        assert (settings.budgets.default.day, settings.budgets.default.month) == (10**6, 2 * 10**7)

    async def test_is_asked_only_for_what_is_missing(self, home: Home) -> None:
        assert (await home.init(*ANSWERS)).exit_code == 0
        secrets = home.folder / ".secrets.toml"
        secrets.write_text(f'[telegram]\ntoken = "{TOKEN}"\n')
        status, seen = await home.types(KEY)
        assert status == 0
        assert "@BotFather" not in seen
        assert home.settings().anthropic.api_key.get_secret_value() == KEY


class TestScript:
    async def test_gives_every_answer_as_an_option(self, home: Home) -> None:
        result = await home.init(*ANSWERS, "--name", "Ada", "--day-usd", "3")
        assert result.exit_code == 0
        assert home.mode(".secrets.toml") == 0o600
        assert KEY not in home.text("settings.local.toml")
        assert code(result.output).replace("-", "") not in home.text("settings.local.toml")
        until = home.settings().access.pairing.end
        assert until is not None
        assert 23.9 < (until - datetime.now(UTC)).total_seconds() / 3600 <= 24

    async def test_is_told_all_that_is_missing(self, home: Home) -> None:
        result = await home.init()
        assert result.exit_code == 2
        assert "Give: --token, --key" in result.output
        assert home.files() == {}

    async def test_is_told_what_is_wrong(self, home: Home) -> None:
        result = await home.init(*ANSWERS, "--timezone", "Mars")
        assert result.exit_code == 2
        assert "--timezone: There is no time zone 'Mars'" in result.output
        assert home.files() == {}

    async def test_may_leave_secrets_in_the_environment(self, home: Home) -> None:
        result = await home.init(TOLLBRIDGE_TELEGRAM__TOKEN=TOKEN, ANTHROPIC_API_KEY=KEY)
        assert result.exit_code == 0
        assert set(home.files()) == {"settings.local.toml"}

    async def test_may_be_logged_in(self, home: Home) -> None:
        (home.folder / ".claude").mkdir()
        (home.folder / ".claude/.credentials.json").write_text("{}")
        assert (await home.init("--token", TOKEN)).exit_code == 0
        assert "anthropic" not in home.text(".secrets.toml")


class TestFiles:
    async def test_a_second_run_changes_nothing(self, home: Home) -> None:
        await home.init(*ANSWERS)
        before = home.files()
        again = await home.init(*ANSWERS)
        assert again.exit_code == 0
        assert "tollbridge init --new-code" in again.output
        assert home.files() == before

    async def test_what_is_there_stays_with_its_comments(self, home: Home) -> None:
        secrets = home.folder / ".secrets.toml"
        secrets.touch(0o600)
        secrets.write_text(f'# mine\n[anthropic]\napi_key = "{KEY}"   # the old one\n')
        local = home.folder / "settings.local.toml"
        local.write_text("# this machine\n[sessions]\nidle_minutes = 3 # short\n")
        await home.init("--token", TOKEN, "--key", "sk-another-key-0")
        assert home.text(".secrets.toml") == (
            f'# mine\n[anthropic]\napi_key = "{KEY}"   # the old one\n'
            f'\n[telegram]\ntoken = "{TOKEN}"\n'
        )
        assert home.text("settings.local.toml").startswith(
            "# this machine\n[sessions]\nidle_minutes = 3 # short\n\n[budgets.default]\n"
        )

    async def test_another_code_takes_the_place_of_the_first(self, home: Home) -> None:
        first = code((await home.init(*ANSWERS, "--name", "Ada")).output)
        second = code((await home.init("--new-code")).output)
        offered = home.settings().access.pairing
        assert pairing.fits(second, offered.seal)
        assert not pairing.fits(first, offered.seal)
        assert (offered.name, offered.timezone) == ("Ada", "Europe/Paris")

    async def test_with_an_owner_no_code_is_shown(self, home: Home) -> None:
        (home.folder / "settings.toml").write_text('[users.111]\nname = "Ada"\nrole = "owner"\n')
        result = await home.init(*ANSWERS)
        assert "Nothing is missing. Ada is the owner." in result.output
        assert set(home.files()) == {"settings.toml", ".secrets.toml"}

    async def test_broken_settings_are_told_and_stay(self, home: Home) -> None:
        (home.folder / "settings.toml").write_text("[sesions]\n")
        before = home.files()
        result = await home.init(*ANSWERS)
        assert result.exit_code == 1
        assert "settings.toml:1: sesions: unknown table" in result.output
        assert home.files() == before

    async def test_a_token_that_was_revoked_is_told(self, home: Home) -> None:
        result = await home.init("--key", KEY, TOLLBRIDGE_TELEGRAM__TOKEN="1:gone")
        assert result.exit_code == 1
        assert "Telegram refused the bot token" in result.output


class TestZone:
    def test_a_variable_wins(self, tmp_path: Path) -> None:
        (tmp_path / "timezone").write_text("Europe/Paris\n")
        assert zone.guessed({"TZ": ":Europe/Oslo"}, tmp_path) == "Europe/Oslo"
        assert zone.guessed({"TZ": "nonsense"}, tmp_path) == "Europe/Paris"

    def test_else_the_link_that_the_system_keeps(self, tmp_path: Path) -> None:
        (tmp_path / "localtime").symlink_to("../usr/share/zoneinfo/Asia/Tokyo")
        assert zone.guessed({}, tmp_path) == "Asia/Tokyo"

    def test_else_utc(self, tmp_path: Path) -> None:
        assert zone.guessed({}, tmp_path) == "UTC"
