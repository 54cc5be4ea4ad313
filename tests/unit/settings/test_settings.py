"""The value that everyone else gets."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pydantic
import pytest

from bridge.errors import SettingsError
from bridge.settings import Settings, policy, read
from routing.choose import choose
from routing.model import Request
from tests.unit.settings.conftest import TOKEN

Read = Callable[..., Settings]
Problems = Callable[..., tuple[str, ...]]
SHIPPED = Path(__file__).parents[3] / "settings.toml"


def test_the_shipped_file_lacks_nothing_but_the_token(tmp_path: Path) -> None:
    assert read({}, tmp_path, [SHIPPED], token_needed=False).budgets.default.day == 1_000_000
    with pytest.raises(SettingsError) as caught:
        read({}, tmp_path, [SHIPPED])
    (line,) = caught.value.problems
    assert line.startswith("settings.toml:")
    assert ": telegram.token: missing; " in line


def test_the_shipped_file_changes_no_default(tmp_path: Path) -> None:
    """It adds rules, tests, expectations and budgets; all else in it explains what is so anyway."""
    shipped = read(TOKEN, tmp_path, [SHIPPED]).model_dump()
    packaged = read(TOKEN, tmp_path).model_dump()
    assert {key for key in shipped if shipped[key] != packaged[key]} == {"routing", "budgets"}
    for key in ("default", "sticky", "escalate"):
        assert shipped["routing"][key] == packaged["routing"][key]


def test_the_shipped_file_mentions_every_key() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    for section, field in Settings.model_fields.items():
        assert f"[{section}" in text
        table = field.annotation
        if isinstance(table, type) and issubclass(table, pydantic.BaseModel):
            for key in table.model_fields:
                assert f"{key} =" in text or f"[{section}.{key}" in text


def test_the_comments_of_the_shipped_file_can_be_taken_away(tmp_path: Path) -> None:
    """Whoever removes the # of the samples gets good settings."""
    samples = ("users.111", "budgets.users.111", "claude.mcp.weather")
    lines = []
    inside = False
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        inside = line.startswith(tuple(f"# [{name}]" for name in samples)) or (
            inside and line.startswith("# ")
        )
        lines.append(line.removeprefix("# ") if inside else line)
    file = tmp_path / "settings.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    settings = read(TOKEN, tmp_path)
    assert settings.users[111].role == "owner"
    assert settings.budgets.of(111).day == 5_000_000
    assert settings.budgets.of(111).month == 20_000_000
    assert settings.claude.mcp["weather"].command == "weather-mcp"


def test_dollars_become_whole_micro_dollars(read_text: Read) -> None:
    """0.1 + 0.2 is no question of floats here."""
    budget = read_text("[budgets.default]\nday_usd = 0.3\nmonth_usd = 1.000001\n").budgets.default
    assert (budget.day, budget.month) == (300_000, 1_000_001)


def test_a_secret_is_in_no_text_of_the_settings(read_text: Read) -> None:
    settings = read_text(
        '[anthropic]\napi_key = "sk-secret"\n[store]\nurl = "postgresql://me:secret@host/db"\n',
        {"TOLLBRIDGE_TELEGRAM__TOKEN": "1:secret"},
    )
    assert "secret" not in repr(settings) + str(settings)


def test_the_hash_names_the_content_but_no_secret(read_text: Read) -> None:
    text = "[limits]\nqueue_per_user = 1\n"
    one = read_text(text, {"TOLLBRIDGE_TELEGRAM__TOKEN": "1:x"}).hash
    assert read_text(f"# the same\n{text}", {"TOLLBRIDGE_TELEGRAM__TOKEN": "2:y"}).hash == one
    assert read_text("[limits]\nqueue_per_user = 2\n").hash != one


def test_settings_cannot_be_changed(read_text: Read) -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        read_text().limits.queue_per_user = 5


def test_the_policy_has_the_rules_in_order(read_text: Read) -> None:
    rules = policy(
        read_text(
            '[routing.rules.late]\npriority = 20\nwhen = {}\nuse = "opus"\n'
            '[routing.rules.early]\npriority = 10\nwhen = { words_any = "x" }\nuse = "sonnet"\n'
        )
    )
    assert [rule.name for rule in rules.rules] == ["early", "late"]
    assert [rules.tiers[name].rank for name in ("haiku", "sonnet", "opus")] == [0, 1, 2]
    request = Request(text="x", user=1, role="owner", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert choose(request, rules).model == "sonnet"


def test_a_routing_test_may_name_a_role_and_a_user(problems: Problems) -> None:
    found = problems(
        '[users.5]\nrole = "guest"\n'
        '[routing.rules.a]\npriority = 1\nwhen = { role = "guest" }\nuse = "opus"\n'
        '[[routing.tests]]\ntext = "hi"\nexpect = "haiku"\n'
        '[[routing.tests]]\ntext = "hi"\nexpect = "opus"\nrole = "guest"\n'
        '[[routing.tests]]\ntext = "hi"\nexpect = "opus"\nuser = 5\n'
    )
    assert found == ()
