"""What the commands answer."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.model import Session, SessionKey, Spend, Stop
from bridge.progress import Phase, Progress, Step
from bridge.settings import Budget, Settings
from bridge.telegram.commands import BY_NAME, COMMANDS, Context, menu
from bridge.telegram.updates import Names, arrival
from tests.fakes import (
    START,
    FakeEngine,
    FakeFolders,
    FakeHistories,
    FakeInbox,
    FakeLedger,
    FakeSessions,
    desk,
)
from tests.unit.telegram import raws

KEY = SessionKey(2, 0, "main")
FOLDER = Path("/srv/sessions/2/main")
SESSION = Session(
    KEY, 2, FOLDER, START, START, model="haiku", messages=3, cost=123_456, context_tokens=12_345
)


@pytest.fixture
def context(current: Settings) -> Context:
    """Ben, a member in Copenhagen, asks."""
    return Context(
        user=2,
        key=KEY,
        argument="",
        settings=current,
        now=START,
        desk=desk(),
        engine=FakeEngine(),
        histories=FakeHistories(),
        folders=FakeFolders(),
        running=lambda _: None,
    )


async def ask(name: str, context: Context) -> str:
    return (await BY_NAME[name].run(context)).text


async def test_start_says_who_you_are_and_where_i_work(context: Context) -> None:
    with_session = replace(context, desk=desk(sessions=FakeSessions({KEY: SESSION})))
    text = await ask("start", with_session)
    assert "Ben" in text
    assert "member" in text
    assert str(FOLDER) in text


async def test_start_works_before_the_first_message(context: Context) -> None:
    assert str(context.settings.sessions.root) in await ask("start", context)


async def test_help_has_a_line_for_every_command(context: Context) -> None:
    lines = (await ask("help", context)).splitlines()
    for command in COMMANDS:
        assert f"- /{command.name}: {command.help}" in lines


def test_the_menu_is_what_telegram_accepts() -> None:
    for entry in menu():
        assert 1 <= len(entry["command"]) <= 32
        assert entry["command"].replace("_", "").isalnum()
        assert 1 <= len(entry["description"]) <= 256


async def test_stop_signals_the_session(context: Context) -> None:
    engine = FakeEngine(served={KEY})
    assert await ask("stop", replace(context, engine=engine)) == "Stopping."
    assert engine.signals == [(KEY, Stop(2))]


async def test_stop_says_when_nothing_runs(context: Context) -> None:
    assert await ask("stop", context) == "Nothing is running."


class TestCost:
    async def test_it_tells_amounts_limits_what_is_left_and_when_it_resets(
        self, context: Context
    ) -> None:
        ledger = FakeLedger(
            [
                Spend("2026-11-01", 2, "main", "sonnet", 1, 200_000),
                Spend("2026-11-02", 2, "main", "haiku", 4, 250_000),
                Spend("2026-11-02", 1, "main", "opus", 9, 900_000),
            ],
            settled=250_000,
            held=50_000,
        )
        text = await ask("cost", replace(context, desk=desk(ledger=ledger)))
        assert "**Today** $0.25 · **this month** $0.45" in text
        assert "Your day: $0.30 of $1.00 ($0.05 set aside for running work), $0.70 left" in text
        assert "resets tomorrow at 00:00" in text
        assert "Your month: $0.30 of $20.00" in text
        assert "resets on 1 Dec at 00:00" in text
        assert "- haiku: $0.25, 4 turns" in text
        assert "- sonnet: $0.20, 1 turn" in text
        assert "opus" not in text

    async def test_the_model_that_cost_most_comes_first(self, context: Context) -> None:
        spends = [
            Spend("2026-11-02", 2, "main", "cheap", 1, 1),
            Spend("2026-11-02", 2, "main", "dear", 1, 2),
        ]
        text = await ask("cost", replace(context, desk=desk(ledger=FakeLedger(spends))))
        assert text.index("dear") < text.index("cheap")

    async def test_more_than_the_limit_leaves_nothing_not_less(self, context: Context) -> None:
        text = await ask("cost", replace(context, desk=desk(ledger=FakeLedger(settled=5_000_000))))
        assert "$5.00 of $1.00, $0.00 left" in text

    async def test_without_a_budget_it_says_who_can_help(self, context: Context) -> None:
        budgets = context.settings.budgets.model_copy(update={"default": Budget()})
        bare = context.settings.model_copy(update={"budgets": budgets})
        assert "ask the owner" in await ask("cost", replace(context, settings=bare))


class TestStatus:
    async def test_a_session_is_described(self, context: Context) -> None:
        later = replace(
            context,
            desk=desk(sessions=FakeSessions({KEY: SESSION})),
            now=START + timedelta(minutes=10),
        )
        first, *rest = (await ask("status", later)).splitlines()
        assert first == (
            "Session `main`: started 10 min ago, 3 messages, haiku, context 12 %, $0.12"
        )
        assert "- Nothing is running" in rest
        assert f"- Folder: `{FOLDER}`" in rest

    async def test_a_model_that_was_taken_from_the_settings_is_no_trouble(
        self, context: Context
    ) -> None:
        old = FakeSessions({KEY: replace(SESSION, model="gone")})
        text = await ask("status", replace(context, desk=desk(sessions=old)))
        assert "gone, context 12,345 tokens" in text

    async def test_what_runs_and_what_waits(self, context: Context) -> None:
        inbox = FakeInbox()
        for number in (1, 2, 3):
            await inbox.put(arrival(raws.message(number, user=2), Names(())), 10)
        running = Progress(START, Phase.WORKING, steps=(Step("1", "Bash", "ls"),))
        text = await ask(
            "status", replace(context, desk=desk(inbox=inbox), running=lambda _: running)
        )
        assert "Running for 0 s: working, Bash" in text
        assert "Waiting: 2 messages" in text

    async def test_before_the_first_message(self, context: Context) -> None:
        assert "no messages yet" in await ask("status", context)
