"""What /cost tells and draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bridge.model import SessionKey, Spend
from bridge.settings import Budgets, Everyone, Settings
from bridge.telegram import picture
from bridge.telegram.commands import BY_NAME, Context, Reply, statement
from bridge.telegram.commands.statement import View
from bridge.telegram.drawing import NoPicture
from bridge.telegram.picture import Chart
from budgets import windows
from budgets.gate import Gate, State
from budgets.model import Limit, Scope, Usage
from budgets.shares import Share
from tests.fakes import START, FakeEngine, FakeFolders, FakeHistories, FakeLedger, desk
from tests.unit.telegram.fakes_sessions import Bot

ZONE = "Europe/Copenhagen"  # START is 13:00 on 2 November there
ADA, BEN, GROUP = 1, 2, -100


def spend(cost: int, day: str = "2026-11-02", **changes: str | int) -> Spend:
    return replace(Spend(day, BEN, "main", "haiku", 1, cost), **changes)  # type: ignore[arg-type]


def usage(scope: Scope, most: int | None, settled: int = 0, held: int = 0) -> Usage:
    return Usage(Limit(windows.window(scope, START, ZONE), most), settled, held)


def view(*mine: Spend, usages: Sequence[Usage] = (), gate: Gate = Gate()) -> View:  # noqa: B008 - a frozen value
    return View(START, ZONE, mine, None, usages, gate)


class TestSums:
    def test_today_and_this_month_are_told_apart_from_what_was_before(self) -> None:
        rows = spend(1_000_000, "2026-10-31"), spend(200_000, "2026-11-01"), spend(50_000)
        assert statement.text(view(*rows)).startswith("**Today** $0.05 · **this month** $0.25")

    def test_today_is_the_users_day(self) -> None:
        """At 23:00 in London it is tomorrow in Copenhagen."""
        late = replace(view(spend(1), spend(7_000_000, "2026-11-03")), now=START.replace(hour=23))
        assert "**Today** $7.00" in statement.text(late)

    def test_in_a_group_the_groups_come_first_and_the_askers_follow(self) -> None:
        shared = replace(view(spend(1_000_000)), group=[spend(3_000_000, user=ADA)])
        first, _, second = statement.text(shared).splitlines()[:3]
        assert first == "This group: **Today** $3.00 · **this month** $3.00"
        assert second == "You: **Today** $1.00 · **this month** $1.00"

    def test_nothing_spent_is_told_as_such(self) -> None:
        assert statement.text(view()) == "**Today** $0.00 · **this month** $0.00"


class TestLimits:
    def test_a_day_tells_what_is_used_held_left_and_when_it_resets(self) -> None:
        day = usage(Scope.USER_DAY, 1_000_000, 250_000, 50_000)
        assert statement.line(day, view()) == (
            "- Your day: $0.30 of $1.00 ($0.05 set aside for running work), $0.70 left, "
            "resets tomorrow at 00:00"
        )

    def test_a_month_resets_on_a_date(self) -> None:
        month = usage(Scope.USER_MONTH, 20_000_000)
        assert statement.line(month, view()).endswith("$20.00 left, resets on 1 Dec at 00:00")

    def test_everyones_month_ends_in_utc_and_is_told_in_the_users_zone(self) -> None:
        assert statement.line(usage(Scope.MONTH, 1), view()).endswith("resets on 1 Dec at 01:00")

    def test_everyones_hour_slides_and_has_no_reset(self) -> None:
        hour = usage(Scope.HOUR, 3_000_000, 1_000_000)
        assert statement.line(hour, view()) == "- Everyone, last hour: $1.00 of $3.00, $2.00 left"

    def test_more_than_the_limit_leaves_nothing_not_less(self) -> None:
        day = usage(Scope.USER_DAY, 1_000_000, 5_000_000)
        assert "$5.00 of $1.00, $0.00 left" in statement.line(day, view())

    def test_without_a_budget_it_says_who_can_help(self) -> None:
        assert "ask the owner" in statement.line(usage(Scope.USER_DAY, None), view())

    def test_everyones_windows_without_a_limit_deny_nothing(self) -> None:
        line = statement.line(usage(Scope.MONTH, None, 1_500_000), view())
        assert line == "- Everyone, this month: $1.50, no limit is set"


class TestGate:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            (State.TRIPPED, "nothing runs for now; that ends by 13:45 at the latest."),
            (State.SMALL, "only the smallest model runs for now; that ends by 13:45"),
            (State.SHUT, "An owner has stopped all work, until an owner opens it again."),
        ],
    )
    def test_one_that_is_not_open_is_one_sentence(self, state: State, words: str) -> None:
        sentence = statement.gate(view(gate=Gate(state, START - timedelta(minutes=15))))
        assert words in sentence
        assert sentence.count(".") == 1

    def test_an_open_one_is_not_mentioned(self) -> None:
        assert statement.gate(view()) == ""


class TestLists:
    def test_the_model_that_cost_most_comes_first(self) -> None:
        text = statement.text(view(spend(250_000, turns=4), spend(300_000, model="sonnet")))
        assert "**This month by model**\n\n- sonnet: $0.30, 1 turn\n- haiku: $0.25, 4 turns" in text

    def test_sessions_are_added_up_over_days_and_models(self) -> None:
        rows = spend(1_000_000), spend(2_000_000, "2026-11-01", model="opus")
        text = statement.text(view(*rows, spend(500_000, session="docs")))
        assert "**This month by session**\n\n- `main`: $3.00\n- `docs`: $0.50" in text

    def test_of_many_the_dearest_are_named_and_the_rest_is_added_up(self) -> None:
        rows = [spend(number * 100_000, session=f"s{number}") for number in range(1, 9)]
        lines = statement.text(view(*rows)).splitlines()
        assert "- `s4`: $0.40" in lines
        assert lines[-1] == "- and 3 more: $0.60"

    def test_another_month_is_not_listed(self) -> None:
        assert "by model" not in statement.text(view(spend(9, "2026-10-31")))


def test_with_a_subscription_dollars_are_said_to_be_equivalents() -> None:
    share = Share("five_hours", 0.42, START + timedelta(hours=2))
    told = statement.text(replace(view(), parts={"five_hours": 0.8}, shares=[share]))
    assert "only equivalents" in told
    assert "42% of what the Claude subscription allows in five hours is used" in told
    assert "up to 80% may be. It resets at" in told
    assert "equivalents" not in statement.text(view())


def test_a_window_of_the_subscription_that_was_not_told_of_is_not_full() -> None:
    told = statement.text(replace(view(), parts={"seven_days": 0.5}))
    assert "Subscription, seven days: nothing used that I know of, up to 50% may be" in told


class TestPicture:
    TODAY = date(2026, 11, 2)

    def drawn(self, *spends: Spend, models: Sequence[str] = ("haiku", "opus")) -> Chart:
        return picture.chart("Spend per day", spends, self.TODAY, models)

    def test_the_last_day_is_today_and_the_first_29_days_before(self) -> None:
        chart = self.drawn()
        assert (chart.days[0], chart.days[-1], len(chart.days)) == ("2026-10-04", "2026-11-02", 30)

    def test_each_model_has_its_sum_of_each_day(self) -> None:
        docs, old = spend(2, session="docs"), spend(4, "2026-10-04")
        chart = self.drawn(spend(1), docs, old, spend(8, model="opus"))
        haiku, opus = chart.stacks
        assert (haiku.costs[0], haiku.costs[-1], sum(haiku.costs)) == (4, 3, 7)
        assert opus.costs[-1] == 8

    def test_days_before_are_left_out(self) -> None:
        assert not any(self.drawn(spend(1, "2026-10-03")).stacks[0].costs)

    def test_models_keep_their_places_whatever_they_cost(self) -> None:
        names = [stack.name for stack in self.drawn(spend(1, model="opus")).stacks]
        assert names == ["haiku", "opus"]

    def test_a_model_that_left_the_settings_is_shown_too(self) -> None:
        assert self.drawn(spend(5, model="old")).stacks[-1].name == "old"

    def test_of_too_many_the_cheapest_are_others_and_nothing_is_lost(self) -> None:
        rows = [spend(number, model=f"m{number}") for number in range(1, 10)]
        chart = self.drawn(*rows)
        assert [stack.name for stack in chart.stacks] == ["m5", "m6", "m7", "m8", "m9", "others"]
        assert sum(sum(stack.costs) for stack in chart.stacks) == sum(range(1, 10))

    def test_a_long_name_is_shortened(self) -> None:
        assert self.drawn(models=["x" * 64]).stacks[0].name == "x" * 19 + "…"


@dataclass
class Gated(FakeLedger):
    """Everyone's hour tells the gate."""

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        return [replace(used, gate=self.state.state) for used in await super().usage(user, limits)]


def context(settings: Settings, ledger: FakeLedger, user: int = BEN, chat: int = 0) -> Context:
    return Context(
        user=user,
        key=SessionKey(chat or user, 0, "main"),
        argument="",
        settings=settings,
        now=START,
        desk=desk(ledger=ledger),
        engine=FakeEngine(),
        histories=FakeHistories(),
        folders=FakeFolders(),
        running=lambda _: None,
    )


async def asked(settings: Settings, ledger: FakeLedger, user: int = BEN, chat: int = 0) -> Reply:
    return await BY_NAME["cost"].run(context(settings, ledger, user, chat))


def budgeted(settings: Settings, **changes: object) -> Settings:
    budgets: Budgets = settings.budgets.model_copy(update=changes)
    return settings.model_copy(update={"budgets": budgets})


class TestCommand:
    async def test_it_tells_and_draws_the_askers_spend_only(self, current: Settings) -> None:
        ledger = FakeLedger([spend(250_000), spend(900_000, user=ADA)])
        reply = await asked(current, ledger)
        assert "**Today** $0.25" in reply.text
        assert reply.chart
        assert sum(sum(stack.costs) for stack in reply.chart.stacks) == 250_000

    async def test_models_are_called_by_their_names_in_the_settings(
        self, current: Settings
    ) -> None:
        reply = await asked(current, FakeLedger([spend(1_000_000, model="claude-opus-5-5")]))
        assert "- opus: $1.00, 1 turn" in reply.text

    async def test_the_picture_goes_back_into_last_month(self, current: Settings) -> None:
        reply = await asked(current, FakeLedger([spend(1_000_000, "2026-10-04")]))
        assert "**this month** $0.00" in reply.text
        assert reply.chart
        assert reply.chart.stacks[0].costs[0] == 1_000_000

    async def test_in_a_group_it_is_the_groups(self, current: Settings) -> None:
        ledger = FakeLedger([spend(1_000_000), spend(2_000_000, user=ADA)])
        reply = await asked(current, ledger, chat=GROUP)
        assert "This group: **Today** $3.00" in reply.text
        assert "You: **Today** $1.00" in reply.text
        assert reply.chart
        assert reply.chart.title.startswith("This group's spend")

    async def test_an_owner_sees_everyones_spend_without_a_limit_too(
        self, current: Settings
    ) -> None:
        free = budgeted(current, everyone=Everyone())
        ledger = FakeLedger([spend(1_000_000), spend(2_000_000, user=ADA)])
        told = (await asked(free, ledger, ADA)).text
        assert "Everyone, this month: $3.00, no limit is set" in told
        assert "Everyone" not in (await asked(free, ledger, BEN)).text

    async def test_a_closed_gate_is_told(self, current: Settings) -> None:
        gate = Gate(State.SHUT, datetime(2026, 11, 2, 9, tzinfo=UTC))
        assert "stopped all work" in (await asked(current, Gated(state=gate))).text

    async def test_without_a_limit_for_everyones_hour_there_is_no_gate(
        self, current: Settings
    ) -> None:
        told = (await asked(current, FakeLedger(state=Gate(State.SHUT)))).text
        assert "stopped all work" not in told

    async def test_the_unit_of_the_settings_is_told(self, current: Settings) -> None:
        told = (await asked(budgeted(current, unit="window"), FakeLedger())).text
        assert "only equivalents" in told


class TestPhoto:
    """After the text, and never instead of it."""

    async def test_the_photo_follows_the_text(self, bot: Bot) -> None:
        async def draw(chart: Chart) -> bytes:
            assert bot.api.texts(), "the text does not wait"
            return chart.title.encode()

        bot.dispatch._draw = draw
        assert "**" not in await bot.says("/cost")
        assert [call.method for call in bot.api.calls] == ["sendMessage", "sendPhoto"]
        assert bot.api.calls[1].params["chat_id"] == ADA

    async def test_a_picture_that_fails_leaves_the_text(self, bot: Bot) -> None:
        async def draw(_: Chart) -> bytes:
            raise NoPicture("no font")

        bot.dispatch._draw = draw
        assert "Today" in await bot.says("/cost")
        assert [call.method for call in bot.api.calls] == ["sendMessage"]
        assert len(bot.inbox.finished) == 1
