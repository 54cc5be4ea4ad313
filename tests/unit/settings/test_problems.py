"""Each trap of the settings, with the exact line the owner reads."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.settings import read
from tests.unit.settings.conftest import TOKEN

Problems = Callable[..., tuple[str, ...]]

TABLE = Path(__file__).with_name("golden.txt").read_text(encoding="utf-8")
GOLDEN = dict(case.split("\n", 1) for case in TABLE.split("\n=== ")[1:])


@pytest.mark.parametrize("case", GOLDEN.values(), ids=GOLDEN)
def test_broken_settings(problems: Problems, case: str) -> None:
    """golden.txt says how its cases are written."""
    environ = dict(re.findall(r"^\$ (\w+)=(.*)\n", case, re.MULTILINE))
    text = re.sub(r"^[$>] .*\n?", "", case, flags=re.MULTILINE)
    assert problems(text, TOKEN | environ) == tuple(re.findall(r"^> (.*)", case, re.MULTILINE))


def test_the_table_is_read_as_it_is_meant() -> None:
    assert len(GOLDEN) > 100
    assert all("\n> " in f"\n{case}" for case in GOLDEN.values())


@pytest.mark.parametrize("zone", ["", "Europe", "/etc/localtime", "../UTC", "Mars/Olympus"])
def test_a_zone_that_does_not_exist(problems: Problems, zone: str) -> None:
    (line,) = problems(f'[users.111]\nrole = "owner"\ntimezone = "{zone}"\n')
    assert line.startswith(f'a.toml:3: users.111.timezone: unknown time zone "{zone}"')
    assert line.endswith(" allowed: names such as Europe/Copenhagen or UTC")


def test_a_value_for_a_table_is_refused_even_if_a_later_layer_has_the_table(
    problems: Problems,
) -> None:
    found = problems("limits = 5\n", TOKEN | {"TOLLBRIDGE_LIMITS__QUEUE_PER_USER": "3"})
    assert found == ("a.toml:1: limits: must be a table, not 5",)


def test_all_problems_come_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    """A wrong type, a missing key, an unknown model and an unknown user do not hide each other."""
    found = problems(
        '[routing]\ndefault = "best"\n[limits]\nqueue_per_user = "x"\n'
        "[users.111]\n[budgets.users.5]\nday_usd = -1\n",
        {"TOLLBRIDGE_SESSIONS__BUSY": "maybe"},
    )
    assert [line.partition(": ")[0] for line in found] == [
        "a.toml:1",  # the token
        "a.toml:2",
        "a.toml:4",
        "a.toml:5",
        "a.toml:6",
        "a.toml:7",
        "TOLLBRIDGE_SESSIONS__BUSY",
    ]


def test_a_faulty_entry_still_counts_as_existing(problems: Problems) -> None:
    found = problems(
        '[models.mine]\ncontext_tokens = 0\nid = "claude-opus-5-5"\n[routing]\ndefault = "mine"\n'
    )
    assert found == ("a.toml:2: models.mine.context_tokens: must be more than 0, not 0",)


def test_no_secret_is_shown(problems: Problems) -> None:
    found = problems(
        "[telegram]\ntoken = 123454321\n[anthropic]\napi_key = 'sk-12345 4321'\n"
        '[store]\nurl = "mysql://me:hunter2@host/x"\n',
        {},
    )
    assert len(found) == 3
    assert not any(word in "".join(found) for word in ("12345", "hunter2"))


def test_a_missing_token_is_named_at_its_table(problems: Problems) -> None:
    text = "[limits]\nqueue_per_user = 5\n[telegram]\nstreaming = 'off'\n"
    assert problems(text, {}) == (
        (
            "a.toml:3: telegram.token: missing; get one from @BotFather and put it into "
            ".secrets.toml, TOLLBRIDGE_TELEGRAM__TOKEN or a token_file"
        ),
    )


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that we may not write to. Root may always, so root becomes somebody else here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_folders_must_be_writable(closed: Path) -> None:
    environ = TOKEN | {
        "TOLLBRIDGE_FOLDERS__MINE__PATH": str(closed),
        "TOLLBRIDGE_SESSIONS__ROOT": str(closed / "sessions"),
    }
    with pytest.raises(SettingsError) as caught:
        read(environ, Path("/"))
    why = f"{closed} may not be written to by the user that runs the bot"
    assert caught.value.problems == (
        f"TOLLBRIDGE_FOLDERS__MINE__PATH: folders.mine.path: {why}",
        (
            "TOLLBRIDGE_SESSIONS__ROOT: sessions.root: "
            f"{closed}/sessions cannot be used, because {why}"
        ),
    )


@pytest.mark.usefixtures("closed")
def test_what_lies_in_a_folder_that_we_may_not_enter_is_no_folder() -> None:
    environ = TOKEN | {
        "TOLLBRIDGE_FOLDERS__MINE__PATH": "/proc/1/cwd/x",
        "TOLLBRIDGE_SESSIONS__ROOT": "/tmp",  # noqa: S108 anybody may write there
    }
    with pytest.raises(SettingsError) as caught:
        read(environ, Path("/"))
    assert caught.value.problems == (
        (
            "TOLLBRIDGE_FOLDERS__MINE__PATH: folders.mine.path: "
            "/proc/1/cwd/x is no folder; make it, or name one that exists"
        ),
    )


def test_a_model_that_is_not_listed_needs_a_price_of_its_own(problems: Problems) -> None:
    model = '[models.mine]\nid = "gpt-7"\n[prices."gpt-7"]\ninput = 1\n'
    assert len(problems(model)) == 1
    assert problems(f"{model}output = 2\n") == ()


def test_a_listed_model_may_have_a_price_though_no_name_uses_it(problems: Problems) -> None:
    """Claude Code asks a small one of its own for side jobs."""
    assert problems('[prices."claude-3-5-haiku-20241022"]\ninput = 1\n') == ()
