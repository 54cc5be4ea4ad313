"""Who hears of money, in which words, and how often."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bridge.alarm import Alarm
from bridge.errors import ChatError, ChatGone, StoreError
from bridge.model import Offer, Place, SessionKey, Spend, Turn
from bridge.settings import Settings
from bridge.settings.allowance import limits
from budgets.gate import Gate, State
from budgets.model import Limit, Scope, Usage
from tests.fakes import START, FakeChat, FakeLedger, LoopClock, settings

ADA, BEN, EVE = 1, 2, 3  # Eve is another owner
DOLLAR = 1_000_000
MORE = """
[users.3]
name = "Eve"
role = "owner"
timezone = "Europe/Copenhagen"
"""


@dataclass
class Purse(FakeLedger):
    """What is spent, by window. `faults` are raised by the next looks at it."""

    spent_in: dict[Scope, int] = field(default_factory=dict)
    looks: int = 0
    faults: list[Exception] = field(default_factory=list)

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        self.looks += 1
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.pop(0)
        return [Usage(limit, self.spent_in.get(limit.window.scope, 0)) for limit in limits]

    async def spent(
        self,
        since: datetime,
        until: datetime,
        user: int | None = None,
        timezone: str = "UTC",
        chat: int | None = None,
    ) -> Sequence[Spend]:
        return self.spends


@dataclass
class Deaf(FakeChat):
    """Some cannot be written to. `delay`: seconds that Telegram takes."""

    deaf: dict[int, ChatError] = field(default_factory=dict)
    delay: float = 0.0

    async def say(
        self, place: Place, text: str, offers: Sequence[Offer] = (), user: int = 0
    ) -> None:
        await asyncio.sleep(self.delay)
        if place.chat in self.deaf:
            raise self.deaf[place.chat]
        await super().say(place, text, offers, user)


@dataclass
class Scene:
    current: Settings
    purse: Purse = field(default_factory=Purse)
    chat: Deaf = field(default_factory=Deaf)

    def alarm(self) -> Alarm:
        return Alarm(self.purse, self.chat, lambda: self.current, LoopClock())

    def usage(self, scope: Scope, settled: int, gate: State = State.OPEN) -> Usage:
        found = next(
            limit for limit in limits(self.current, BEN, START) if limit.window.scope is scope
        )
        return Usage(found, settled, gate=gate)

    async def charge(self, user: int = BEN, **spent: int) -> None:
        """The sums are these now, and `user` was charged."""
        self.purse.spent_in.update({Scope(name): amount for name, amount in spent.items()})
        async with self.alarm() as alarm:
            alarm.settled(turn(user))

    async def refuse(self, usage: Usage, user: int = BEN, update_id: int = 7) -> None:
        async with self.alarm() as alarm:
            alarm.refused(turn(user, update_id), usage)

    def heard(self, user: int) -> list[str]:
        return [text for place, text in self.chat.said if place == Place(user)]


def turn(user: int = BEN, update_id: int = 7) -> Turn:
    return Turn(update_id, SessionKey(-5, 0, "main"), user, 1, "haiku", START)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(settings(tmp_path, MORE))


class TestSettled:
    async def test_each_part_is_told_to_the_user_once(self, scene: Scene) -> None:
        for amount in (400_000, 500_000, 600_000, 800_000, 900_000, DOLLAR, DOLLAR):
            await scene.charge(user_day=amount)
        assert scene.heard(BEN) == [
            "You have spent $0.50 of $1.00 today (50 %). It resets at 00:00.",
            "You have spent $0.80 of $1.00 today (80 %). It resets at 00:00.",
            "You have spent $1.00 of $1.00 today (100 %). It resets at 00:00.",
        ]
        assert not scene.heard(ADA)

    async def test_of_several_parts_crossed_at_once_only_the_highest_is_told(
        self, scene: Scene
    ) -> None:
        await scene.charge(user_day=850_000)
        assert len(scene.heard(BEN)) == 1
        assert "(85 %)" in scene.heard(BEN)[0]

    async def test_a_part_below_one_that_was_told_is_not_told_any_more(self, scene: Scene) -> None:
        await scene.charge(user_day=850_000)
        parts = scene.current.budgets.alerts.model_copy(update={"at": (0.5, 0.7, 0.8)})
        budgets = scene.current.budgets.model_copy(update={"alerts": parts})
        scene.current = scene.current.model_copy(update={"budgets": budgets})
        await scene.charge(user_day=850_000)
        assert len(scene.heard(BEN)) == 1

    async def test_the_users_month_is_a_window_of_its_own(self, scene: Scene) -> None:
        await scene.charge(user_day=500_000, user_month=10 * DOLLAR)
        assert len(scene.heard(BEN)) == 2
        assert "$10.00 of $20.00 this month (50 %)" in scene.heard(BEN)[1]

    async def test_what_everyone_spends_in_the_month_is_told_to_every_owner_in_their_zone(
        self, scene: Scene
    ) -> None:
        await scene.charge(month=50 * DOLLAR)
        await scene.charge(ADA, month=51 * DOLLAR)
        told = "Everyone together has spent $50.00 of $100.00 this month (50 %). It resets on"
        assert scene.heard(ADA) == [f"{told} 1 December at 00:00."]
        assert scene.heard(EVE) == [f"{told} 1 December at 01:00."]
        assert not scene.heard(BEN)

    async def test_the_hour_slides_so_no_part_of_it_is_told(self, scene: Scene) -> None:
        await scene.charge(hour=3 * DOLLAR)
        assert not scene.chat.said

    async def test_many_charges_of_one_user_are_looked_at_together(self, scene: Scene) -> None:
        async with scene.alarm() as alarm:
            for _ in range(100):
                alarm.settled(turn())
        assert scene.purse.looks == 1

    async def test_a_charge_that_comes_while_another_is_told_is_not_lost(
        self, scene: Scene
    ) -> None:
        async with scene.alarm() as alarm:
            alarm.settled(turn())
            await asyncio.sleep(0)
            scene.purse.spent_in[Scope.USER_DAY] = 500_000
            alarm.settled(turn())
        assert len(scene.heard(BEN)) == 1

    async def test_what_was_told_is_not_written_again(self, scene: Scene) -> None:
        scene.purse.spent_in[Scope.USER_DAY] = 500_000
        async with scene.alarm() as alarm:
            alarm.settled(turn())
            await asyncio.sleep(1)
            scene.purse.told.clear()
            alarm.settled(turn())
        assert not scene.purse.told

    async def test_a_user_who_was_taken_out_of_the_settings_is_no_trouble(
        self, scene: Scene
    ) -> None:
        await scene.charge(99, user_day=DOLLAR)
        assert not scene.chat.said


class TestUsedUp:
    async def test_the_owners_hear_who_needs_more_with_a_button_that_grants_it(
        self, scene: Scene
    ) -> None:
        await scene.refuse(scene.usage(Scope.USER_DAY, 950_000))
        told = "`Ben` has used up $0.95 of $1.00 for today: the next step does not fit."
        assert scene.heard(ADA) == [told]
        assert scene.heard(EVE) == [told]
        assert not scene.heard(BEN)
        assert scene.chat.offered == [Offer("Grant $1 more", "grant", "2/1000000/7")] * 2

    async def test_they_hear_it_once(self, scene: Scene) -> None:
        for number in range(3):
            await scene.refuse(scene.usage(Scope.USER_DAY, DOLLAR), update_id=number)
        assert len(scene.heard(ADA)) == 1

    async def test_they_hear_it_again_when_what_was_granted_is_used_up_too(
        self, scene: Scene
    ) -> None:
        usage = scene.usage(Scope.USER_DAY, DOLLAR)
        await scene.refuse(usage)
        raised = replace(usage, limit=replace(usage.limit, amount=2 * DOLLAR), settled=2 * DOLLAR)
        await scene.refuse(raised)
        assert "$2.00 of $2.00" in scene.heard(ADA)[1]

    async def test_an_owner_who_is_out_of_money_gets_the_button_too(self, scene: Scene) -> None:
        await scene.refuse(scene.usage(Scope.USER_MONTH, 20 * DOLLAR), user=ADA)
        assert scene.heard(ADA)[0].startswith("You have used up $20.00 of $20.00 for this month")
        assert scene.heard(EVE)[0].startswith("`Ada` has used up")

    async def test_everyones_month_is_told_once_and_nothing_is_offered(self, scene: Scene) -> None:
        for user in (ADA, BEN):
            await scene.refuse(scene.usage(Scope.MONTH, 99_900_000), user=user)
        assert scene.heard(ADA) == [
            (
                "Everyone together has spent $99.90 of $100.00 this month, and the next step of "
                "somebody did not fit. It resets on 1 December at 00:00."
            )
        ]
        assert not scene.chat.offered

    async def test_without_a_budget_no_owner_is_disturbed(self, scene: Scene) -> None:
        usage = scene.usage(Scope.USER_DAY, 0)
        await scene.refuse(replace(usage, limit=replace(usage.limit, amount=None)))
        assert not scene.chat.said


class TestTripped:
    @pytest.fixture
    def usage(self, scene: Scene) -> Usage:
        scene.purse.state = Gate(State.TRIPPED, START - timedelta(minutes=10))
        return scene.usage(Scope.HOUR, 2_900_000, State.TRIPPED)

    async def test_the_owners_hear_who_spent_what_on_which_model(
        self, scene: Scene, usage: Usage
    ) -> None:
        scene.purse.spends = [
            Spend("2026-11-02", BEN, "main", "haiku", 1, 100_000),
            Spend("2026-11-02", BEN, "fix", "opus", 2, 1_000_000),
            Spend("2026-11-02", ADA, "main", "opus", 2, 800_000),
            Spend("2026-11-02", BEN, "main", "opus", 2, 1_000_000),
        ]
        await scene.refuse(usage)
        assert scene.heard(ADA)[0].splitlines() == [
            (
                "Everyone together has spent $2.90 of $3.00 in the last hour, and the next step "
                "did not fit: the gate is closed for everyone. "
                "It opens by itself by 12:50 at the latest."
            ),
            "",
            "- `Ben`: $2.00, opus",
            "- `Ada`: $0.80, opus",
            "- `Ben`: $0.10, haiku",
        ]
        assert "by 13:50 at the latest" in scene.heard(EVE)[0]
        assert not scene.heard(BEN)

    async def test_an_owner_can_choose_what_happens_now(self, scene: Scene, usage: Usage) -> None:
        await scene.refuse(usage)
        verbs = [(offer.label, offer.verb) for offer in scene.chat.offered[:3]]
        assert verbs == [
            ("Resume now", "gate-open"),
            ("Resume, small model only", "gate-small"),
            ("Stay closed", "gate-shut"),
        ]

    async def test_a_long_list_is_cut(self, scene: Scene, usage: Usage) -> None:
        scene.purse.spends = [
            Spend("2026-11-02", 100 + n, "main", "opus", 1, 100_000) for n in range(7)
        ]
        await scene.refuse(usage)
        lines = scene.heard(ADA)[0].splitlines()
        assert len([line for line in lines if line.startswith("- User 10")]) == 5
        assert lines[-1] == "- and 2 more"

    async def test_each_trip_is_told_once(self, scene: Scene, usage: Usage) -> None:
        for user in (ADA, BEN, ADA):
            await scene.refuse(usage, user)
        assert len(scene.heard(ADA)) == 1
        scene.purse.state = Gate(State.TRIPPED, START)
        await scene.refuse(usage)
        assert len(scene.heard(ADA)) == 2

    async def test_a_request_too_large_for_an_hour_that_is_half_empty_is_no_trip(
        self, scene: Scene, usage: Usage
    ) -> None:
        await scene.refuse(replace(usage, settled=1_500_000))
        assert not scene.chat.said

    @pytest.mark.parametrize("state", [State.OPEN, State.SHUT, State.SMALL])
    async def test_what_an_owner_decided_is_not_told_to_them(
        self, scene: Scene, usage: Usage, state: State
    ) -> None:
        scene.purse.state = Gate(state, START, by=ADA)
        await scene.refuse(usage)
        assert not scene.chat.said


class TestFaults:
    async def test_an_owner_who_never_started_the_bot_does_not_keep_it_from_the_others(
        self, scene: Scene
    ) -> None:
        scene.chat.deaf[ADA] = ChatGone("The chat is gone.")
        await scene.refuse(scene.usage(Scope.USER_DAY, DOLLAR))
        assert not scene.heard(ADA)
        assert scene.heard(EVE)

    @pytest.mark.parametrize("fault", [StoreError("The disk is full."), ValueError("a bug")])
    async def test_what_fails_does_not_silence_what_comes_after(
        self, scene: Scene, fault: Exception
    ) -> None:
        scene.purse.faults.append(fault)
        scene.purse.spent_in[Scope.USER_DAY] = 500_000
        async with scene.alarm() as alarm:
            alarm.settled(turn(ADA))
            await asyncio.sleep(1)
            alarm.settled(turn(BEN))
        assert not scene.heard(ADA)
        assert scene.heard(BEN)

    async def test_the_end_does_not_wait_for_ever(self, scene: Scene) -> None:
        scene.chat.delay = 1e6
        began = LoopClock().now()
        await scene.refuse(scene.usage(Scope.USER_DAY, DOLLAR))
        assert LoopClock().now() - began < timedelta(seconds=6)
