"""Which layer wins, and what a layer may say."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.settings import Settings, read
from bridge.settings.layers import DEFAULTS, merge
from tests.unit.settings.conftest import TOKEN

Read = Callable[..., Settings]
USER = '[users.111]\nname = "Ada"\nrole = "owner"\n'


@pytest.fixture
def house(tmp_path: Path) -> Callable[..., Settings]:
    """A folder with these files, read with these variables."""

    def build(files: Mapping[str, str], environ: Mapping[str, str] = TOKEN) -> Settings:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
            (tmp_path / name).chmod(0o600)
        return read(environ, tmp_path)

    return build


def test_an_empty_folder_has_the_defaults(house: Read) -> None:
    settings = house({})
    assert settings.routing.default == "haiku"
    assert settings.models["opus"].id == "claude-opus-5-5"
    assert settings.sessions.root == Path.home() / "telegram/sessions"


def test_nobody_may_spend_by_default(house: Read) -> None:
    settings = house({})
    assert settings.users == {}
    assert settings.budgets.of(111).day is None
    assert settings.budgets.everyone.hour is None


def test_later_files_win(house: Read) -> None:
    settings = house(
        {
            "settings.toml": "[limits]\nqueue_per_user = 1\nmessages_per_hour = 1\n",
            "settings.local.toml": "[limits]\nqueue_per_user = 2\n",
            ".secrets.toml": '[telegram]\ntoken = "5:x"\n',
        },
        {"TOLLBRIDGE_LIMITS__MESSAGES_PER_HOUR": "3"},
    )
    assert (settings.limits.queue_per_user, settings.limits.messages_per_hour) == (2, 3)
    assert settings.telegram.token.get_secret_value() == "5:x"


def test_tables_merge_key_by_key(house: Read) -> None:
    """A local amount does not take the file's other amount away, nor a new model the old ones."""
    settings = house(
        {
            "settings.toml": "[budgets.default]\nday_usd = 1\nmonth_usd = 20\n",
            "settings.local.toml": "[budgets.default]\nday_usd = 2\n"
            '[models.mine]\nid = "claude-opus-5-5"\n',
        }
    )
    assert (settings.budgets.default.day, settings.budgets.default.month) == (2_000_000, 20_000_000)
    assert set(settings.models) == {"haiku", "sonnet", "opus", "mine"}


def test_lists_replace(house: Read) -> None:
    settings = house({"settings.toml": '[claude]\napprove = ["Bash"]\ntools = []\n'})
    assert settings.claude.approve == ("Bash",)
    assert settings.claude.tools == ()


def test_variables_reach_into_keyed_tables(house: Read) -> None:
    settings = house(
        {
            "settings.toml": USER + "[routing.rules.Big]\npriority = 1\n"
            'when = { chars_over = 1 }\nuse = "opus"\n'
        },
        TOKEN
        | {
            "TOLLBRIDGE_ROUTING__RULES__BIG__USE": "sonnet",
            "TOLLBRIDGE_BUDGETS__USERS__111__DAY_USD": "2",
            "TOLLBRIDGE_USERS__222__ROLE": "guest",
            "TOLLBRIDGE_CLAUDE__APPROVE": '["Write"]',
            "TOLLBRIDGE_ROUTING__STICKY": "False",
        },
    )
    assert settings.routing.rules["Big"].use == "sonnet"
    assert settings.budgets.of(111).day == 2_000_000
    assert settings.users[222].role == "guest"
    assert settings.claude.approve == ("Write",)
    assert not settings.routing.sticky


@pytest.mark.parametrize("text", ["12345", "true", "2026-01-01", "1.50", "Ada, the first"])
def test_a_text_in_a_variable_needs_no_quotes(read_text: Read, text: str) -> None:
    environ = TOKEN | {"TOLLBRIDGE_USERS__111__NAME": text}
    assert read_text(USER, environ).users[111].name == text


def test_tollbridge_settings_replaces_the_files_but_not_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[limits]\nqueue_per_user = 1\n")
    (tmp_path / "a.toml").write_text("[limits]\nmessages_per_hour = 1\n")
    (tmp_path / "b.toml").write_text("[limits]\nmessages_per_hour = 2\n")
    listed = {"TOLLBRIDGE_SETTINGS": f"{tmp_path}/a.toml;{tmp_path}/b.toml"}
    limits = read(TOKEN | listed, tmp_path).limits
    assert (limits.queue_per_user, limits.messages_per_hour) == (10, 2)


@pytest.mark.parametrize("name", ["gone.toml", "."])
def test_a_file_that_is_named_must_be_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r":1: the file cannot be read: "):
        read(TOKEN, tmp_path, [tmp_path / name])


def test_a_text_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"[users.111]\nname = 'Bj\xf8rn'\n")
    with pytest.raises(SettingsError, match=r"^settings\.toml:2: the file is no UTF-8 text$"):
        read(TOKEN, tmp_path)


def test_windows_line_ends_and_marks_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xef\xbb\xbf[limits]\r\nqueue_per_user = 3\r\n")
    assert read(TOKEN, tmp_path).limits.queue_per_user == 3


def test_every_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[limits\n")
    (tmp_path / "settings.local.toml").write_text("\n= 5\n")
    with pytest.raises(SettingsError) as caught:
        read(TOKEN, tmp_path)
    assert [line.partition(": ")[0] for line in caught.value.problems] == [
        "settings.toml:1",
        "settings.local.toml:2",
    ]


def test_nothing_beside_the_settings_is_run(tmp_path: Path) -> None:
    """Dynaconf would run a hook file and load `a.local.toml` when it loads `a.toml` itself."""
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "a.local.toml").write_text("[limits]\nqueue_per_user = 1\n")
    (tmp_path / "dynaconf_hooks.py").write_text(
        "def post(settings):\n    return {'LIMITS': {'queue_per_user': 1}}\n"
    )
    assert read(TOKEN, tmp_path, [tmp_path / "a.toml"]).limits.queue_per_user == 10


def test_anthropics_variables_apply_where_the_settings_say_nothing(read_text: Read) -> None:
    environ = TOKEN | {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9/", "ANTHROPIC_API_KEY": "sk-env"}
    ambient = read_text('[anthropic]\nbase_url = "https://api.anthropic.com"\n', environ).anthropic
    assert ambient.base_url == "http://127.0.0.1:9"
    assert ambient.api_key.get_secret_value() == "sk-env"
    own = read_text('[anthropic]\nbase_url = "http://own"\napi_key = "sk"\n', environ).anthropic
    assert (own.base_url, own.api_key.get_secret_value()) == ("http://own", "sk")


def test_the_first_place_of_a_table_and_the_last_of_a_value_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[users.111]\nname = 1\n")
    (tmp_path / "settings.local.toml").write_text("\n[users.111]\nname = 2\n")
    with pytest.raises(SettingsError) as caught:
        read(TOKEN, tmp_path)
    assert caught.value.problems == (
        "settings.toml:1: users.111.role: missing; it must be one of owner, member, guest",
        "settings.local.toml:3: users.111.name: must be a text in quotes, not 2",
    )


def test_merging_changes_neither_side() -> None:
    under, over = {"a": {"b": 1, "c": [1]}}, {"a": {"c": [2]}}
    assert merge(under, over) == {"a": {"b": 1, "c": [2]}}
    assert under == {"a": {"b": 1, "c": [1]}}


def test_the_defaults_are_good_as_they_are(tmp_path: Path) -> None:
    assert read(TOKEN, tmp_path, [DEFAULTS]) == read(TOKEN, tmp_path)


def test_the_environment_is_the_one_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "TOLLBRIDGE_LIMITS__QUEUE_PER_USER", "1")
    assert read(TOKEN, tmp_path).limits.queue_per_user == 10


def test_variables_and_files_of_dynaconf_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own switches are global; lists would be appended, other tables read."""
    (tmp_path / "settings.toml").write_text("[claude]\napprove = ['Bash']\n[default.limits]\n")
    (tmp_path / ".env").write_text("TOLLBRIDGE_LIMITS__QUEUE_PER_USER=1\n")
    monkeypatch.chdir(tmp_path)
    for name in ("MERGE_ENABLED", "ENVIRONMENTS", "LOAD_DOTENV"):
        monkeypatch.setenv(f"{name}_FOR_DYNACONF", "true")
    with pytest.raises(SettingsError, match=r"^settings\.toml:3: default: unknown table"):
        read(TOKEN, tmp_path)
    (tmp_path / "settings.toml").write_text("[claude]\napprove = ['Bash']\n")
    settings = read(TOKEN, tmp_path)
    assert settings.claude.approve == ("Bash",)
    assert settings.limits.queue_per_user == 10
