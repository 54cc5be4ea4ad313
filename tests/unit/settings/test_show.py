"""`tollbridge config show`: what is in force, and where it comes from."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge import cli
from bridge.settings import Settings
from bridge.settings.load import Source
from bridge.settings.show import Shown, shown

TOKEN, KEY = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-aa", "sk-ant-0123456789-0123456789"
TEXT = """
[users.111]
role = "owner"
[routing.rules.big]
priority = 1
when = { chars_over = 800 }
use = "opus"
[budgets.default]
day_usd = 1.5
[claude.mcp.m]
url = "https://me:pass@word@host/x"
[[routing.tests]]
text = "hi"
expect = "haiku"
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to be in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(TEXT)
    return tmp_path


def values(folder: Path, prefix: str = "", **environ: str) -> dict[str, Shown]:
    found = Source(environ, folder, token_needed=False).inspect()
    return {one.key: one for one in shown(*found, prefix)}


def printed(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(cli.main, ["config", "show", *arguments], env=environ)


def test_each_value_has_its_origin(house: Path) -> None:
    (house / "settings.local.toml").write_text("\n[budgets.default]\nmonth_usd = 20\n")
    found = values(house, TOLLBRIDGE_SESSIONS__BUSY="steer", ANTHROPIC_API_KEY=KEY)
    assert {key: found[key].origin for key in ORIGINS} == ORIGINS


ORIGINS = {
    "users.111.role": "settings.toml:3",
    "users.111.timezone": "default",
    "routing.rules.big.when.chars_over": "settings.toml:6",
    "routing.tests.0.text": "settings.toml:13",
    "budgets.default.day_usd": "settings.toml:9",
    "budgets.default.month_usd": "settings.local.toml:3",
    "sessions.busy": "TOLLBRIDGE_SESSIONS__BUSY",
    "anthropic.api_key": "ANTHROPIC_API_KEY",
    "telegram.token": "default",
    "folders": "default",
}


@pytest.mark.usefixtures("house")
def test_values_are_written_as_in_the_file() -> None:
    lines = printed("budgets").output.splitlines()
    assert "budgets.default.day_usd = 1.5  # settings.toml:9" in lines
    assert "budgets.default.month_usd = (not set)  # default" in lines
    assert "budgets.alerts.at = [0.5, 0.8, 1.0]  # default" in lines
    assert all(line.startswith("budgets.") for line in lines)


@pytest.mark.usefixtures("house")
def test_every_value_of_the_settings_is_there() -> None:
    """Each line once."""
    lines = printed().output.splitlines()
    keys = [line.partition(" = ")[0] for line in lines]
    assert len(keys) == len(set(keys))
    assert {key.partition(".")[0] for key in keys} == set(Settings.model_fields)


def test_a_prefix_ends_where_a_name_ends(house: Path) -> None:
    assert set(values(house, "users.111")) == {f"users.111.{k}" for k in USER}
    assert set(values(house, "users.11")) == set()
    assert set(values(house, "limits.queue_per_user")) == {"limits.queue_per_user"}
    result = printed("limit")
    assert (result.exit_code, result.output) == (
        1,
        "There is no setting that begins with limit.\n",
    )


USER = ("name", "role", "timezone", "busy")


@pytest.mark.usefixtures("house")
def test_json_is_for_programs() -> None:
    found = json.loads(printed("--json", TOLLBRIDGE_TELEGRAM__TOKEN=TOKEN).output)
    day = {"value": 1.5, "origin": "settings.toml:9"}
    assert found["budgets.default.day_usd"] == day
    assert found["budgets.everyone.hour_usd"]["value"] is None
    assert found["telegram.token"]["value"] == "(hidden)"
    assert found["anthropic.api_key"]["value"] == "(not set)"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("postgresql://me:pass@host/db", "postgresql://me:(hidden)@host/db"),
        ("postgresql://me:p/a@s:s@host/db", "postgresql://me:(hidden)@host/db"),
        ("postgresql://host/db?password=pass", "postgresql://host/db?password=(hidden)"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("sqlite:////a@b.db", "sqlite:////a@b.db"),
    ],
)
def test_the_password_of_an_address_is_hidden(house: Path, url: str, safe: str) -> None:
    assert values(house, TOLLBRIDGE_STORE__URL=url)["store.url"].value == safe


def test_no_secret_is_shown_wherever_it_stands(house: Path) -> None:
    text = f'\n[claude]\ninstructions = "use {KEY}"\napprove = ["{TOKEN}"]\n'
    (house / "settings.local.toml").write_text(text)
    for arguments in ((), ("--json",)):
        output = printed(*arguments, TOLLBRIDGE_TELEGRAM__TOKEN=TOKEN).output
        assert "use (hidden)" in output
        assert not any(secret in output for secret in (TOKEN, KEY, "pass@word"))


def test_of_broken_settings_the_problems_are_shown(house: Path) -> None:
    (house / "settings.toml").write_text("[limits]\nqueue_per_user = 'x'\n")
    result = printed()
    assert result.exit_code == 1
    assert result.output.startswith("settings.toml:2: limits.queue_per_user: must be a whole")
