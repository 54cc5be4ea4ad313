"""Owners give more money and work everyone's gate, by commands and by buttons."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.alarm import CHOICES
from bridge.errors import ChatGone
from bridge.model import Offer, Place, SessionKey
from bridge.settings import Settings
from bridge.telegram import buttons
from bridge.telegram.commands import ACTIONS, BY_NAME, Reply, Tools
from bridge.telegram.updates import Names, arrival, command
from budgets.gate import Gate, State
from budgets.model import Limit, Usage
from budgets.windows import OWN
from tests.fakes import START, FakeChat, FakeEngine, FakeFolders, FakeHistories, FakeLedger
from tests.fakes import desk as desk_of
from tests.fakes import settings as settings_of
from tests.unit.telegram import raws

ADA, BEN, EVE = 1, 2, 3
DOLLAR = 1_000_000
EVE_TOO = """
[users.3]
name = "Eve"
role = "owner"
"""


@dataclass
class Purse(FakeLedger):
    """Everybody has spent a dollar in every window; what was granted raises one's own limits."""

    settled: int = DOLLAR

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        given = sum(amount for who, amount, _ in self.granted.values() if who == user)
        raised = [
            replace(limit, amount=(limit.amount or 0) + given)
            if limit.window.scope in OWN
            else limit
            for limit in limits
        ]
        return await super().usage(user, raised)


@dataclass
class Deaf(FakeChat):
    """`gone` has never started the bot."""

    gone: int = 0

    async def say(
        self, place: Place, text: str, offers: Sequence[Offer] = (), user: int = 0
    ) -> None:
        if place.chat == self.gone:
            raise ChatGone("The chat is gone.")
        await super().say(place, text, offers, user)


@dataclass
class Office:
    """Where commands and taps are served."""

    settings: Settings
    purse: Purse = field(default_factory=Purse)
    chat: Deaf = field(default_factory=Deaf)
    number: int = 0

    @property
    def tools(self) -> Tools:
        desk = desk_of(ledger=self.purse, chat=self.chat)
        return Tools(
            desk,
            FakeEngine(),
            FakeHistories(),
            FakeFolders(),
            settings=lambda: self.settings,
            running=lambda _: None,
        )

    async def replies(self, text: str, user: int = ADA, number: int = 0) -> Reply:
        """To what `user` writes, as update `number` or the next one."""
        self.number = number or self.number + 1
        came = arrival(raws.message(self.number, text, user=user), Names(BY_NAME))
        name, argument = command(text)
        key = SessionKey(user, 0, "main")
        return await self.tools.run(BY_NAME[name], came, key, argument)

    async def says(self, text: str, user: int = ADA, number: int = 0) -> str:
        return (await self.replies(text, user, number)).text

    async def taps(self, verb: str, argument: str = "", user: int = ADA) -> Reply:
        self.number += 1
        data = buttons.act("A label", verb, user, argument)["callback_data"]
        tap = arrival(raws.tap(self.number, data, user=user), Names(BY_NAME))
        act = buttons.parse(tap.text)
        assert isinstance(act, buttons.Act)
        return await self.tools.run(
            ACTIONS[act.verb], tap, SessionKey(user, 0, "main"), act.argument
        )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(settings_of(tmp_path, EVE_TOO))


def labels(reply: Reply) -> list[str]:
    rows = reply.keyboard["inline_keyboard"] if reply.keyboard else []
    return [button["text"] for row in rows for button in row]


class TestGrant:
    @pytest.mark.parametrize("who", ["2", "Ben", "ben"])
    async def test_by_id_or_name_and_the_reply_says_what_is_left(
        self, office: Office, who: str
    ) -> None:
        assert await office.says(f"/grant {who} 1.50", number=42) == (
            "Granted $1.50 to `Ben`. $1.50 is left today, $20.50 is left this month."
        )
        assert office.purse.granted == {42: (BEN, 1_500_000, ADA)}

    async def test_the_user_hears_of_it_and_what_to_do_next(self, office: Office) -> None:
        await office.says("/grant Ben $2")
        assert office.chat.said == [
            (
                Place(BEN),
                (
                    "`Ada` has granted you $2.00. $2.00 is left today, $21.00 is left this month. "
                    "What was refused, please send again."
                ),
            )
        ]

    async def test_an_owner_may_grant_to_themself_and_is_told_once(self, office: Office) -> None:
        assert (await office.says("/grant Ada 1")).startswith("Granted $1.00 to `Ada`.")
        assert not office.chat.said

    async def test_the_owner_is_told_when_the_user_cannot_be_written_to(
        self, office: Office
    ) -> None:
        office.chat.gone = BEN
        assert (await office.says("/grant Ben 1")).endswith("please tell them yourself.")

    async def test_a_command_that_is_repeated_after_a_crash_grants_once(
        self, office: Office
    ) -> None:
        await office.says("/grant Ben 1", number=42)
        assert await office.says("/grant Ben 1", number=42) == (
            "That was granted already. $1.00 is left today, $20.00 is left this month."
        )
        assert len(office.chat.said) == 1

    async def test_only_an_owner_may(self, office: Office) -> None:
        assert await office.says("/grant Ben 1", BEN) == "Only an owner can do that."
        assert not office.purse.granted

    @pytest.mark.parametrize(
        "amount",
        ["0", "-1", "0.0000001", "1001", "nan", "1e3", "1,50", "many", "$", "1.", "\u0661"],
    )
    async def test_what_is_no_amount_grants_nothing_and_shows_how_to_write_one(
        self, office: Office, amount: str
    ) -> None:
        assert "`/grant NAME 1.50`" in await office.says(f"/grant Ben {amount}")
        assert not office.purse.granted

    @pytest.mark.parametrize(
        ("amount", "micro"), [("1", DOLLAR), ("$0.000001", 1), ("1000", 1000 * DOLLAR)]
    )
    async def test_an_amount_is_exact_to_the_micro_dollar(
        self, office: Office, amount: str, micro: int
    ) -> None:
        await office.says(f"/grant Ben {amount}", number=1)
        assert office.purse.granted[1] == (BEN, micro, ADA)

    @pytest.mark.parametrize("text", ["/grant", "/grant Ben", "/grant 5"])
    async def test_half_a_command_shows_the_whole(self, office: Office, text: str) -> None:
        assert "`/grant NAME 1.50`" in await office.says(text)

    async def test_an_unknown_name_is_refused(self, office: Office) -> None:
        assert await office.says("/grant Be 1") == "There is no user `Be` in the settings."

    async def test_of_two_with_one_name_the_number_is_asked_for(self, tmp_path: Path) -> None:
        again = '[users.9]\nname = "ben"\nrole = "guest"\n'
        office = Office(settings_of(tmp_path, again))
        assert "may be 2 or 9" in await office.says("/grant Ben 1")
        assert "Granted" in await office.says("/grant 9 1")

    async def test_a_name_may_have_a_space_in_it(self, tmp_path: Path) -> None:
        more = '[users.9]\nname = "Ada Two"\nrole = "guest"\n'
        office = Office(settings_of(tmp_path, more))
        assert "to `Ada Two`" in await office.says("/grant Ada Two 1")

    async def test_without_a_budget_there_is_nothing_to_add_to(self, office: Office) -> None:
        assert "has no budget" in (await office.taps("grant", "99/1000000/7")).text
        assert not office.purse.granted


class TestGrantButton:
    async def test_one_tap_grants(self, office: Office) -> None:
        reply = await office.taps("grant", "2/1000000/77")
        assert reply.text.startswith("Granted $1.00 to `Ben`. $1.00 is left today")
        assert not labels(reply)
        assert office.purse.granted == {77: (BEN, DOLLAR, ADA)}

    async def test_two_owners_with_the_same_button_grant_once(self, office: Office) -> None:
        await office.taps("grant", "2/1000000/77")
        late = await office.taps("grant", "2/1000000/77", EVE)
        assert late.text.startswith("That was granted already.")
        assert office.purse.granted == {77: (BEN, DOLLAR, ADA)}
        assert len(office.chat.said) == 1

    async def test_who_is_no_owner_any_more_cannot_use_it(self, office: Office) -> None:
        assert (
            await office.taps("grant", "2/1000000/77", BEN)
        ).text == "Only an owner can do that."
        assert not office.purse.granted

    async def test_a_button_of_another_version_says_what_to_write(self, office: Office) -> None:
        assert "/grant NAME 1" in (await office.taps("grant", "2")).text

    def test_the_longest_one_fits_a_button(self) -> None:
        longest = buttons.act("Grant $1 more", "grant", 10**15, f"{10**15}/{DOLLAR}/{2**31}")
        assert len(longest["callback_data"].encode()) <= buttons.MOST


class TestGate:
    async def test_it_shows_how_it_stands(self, office: Office) -> None:
        reply = await office.replies("/gate")
        assert reply.text == (
            "The gate is open; what was refused has to be sent again. "
            "Everyone together has spent $1.00 of $3.00 in the last hour."
        )
        assert labels(reply) == ["Small model only", "Close"]

    async def test_one_whose_hour_has_emptied_is_open(self, office: Office) -> None:
        office.purse.state = Gate(State.TRIPPED, START - timedelta(minutes=10))
        assert (await office.says("/gate")).startswith("The gate is open")

    async def test_a_tripped_one_says_when_it_opens_by_itself(self, office: Office) -> None:
        office.purse.settled = 2 * DOLLAR
        office.purse.state = Gate(State.TRIPPED, START - timedelta(minutes=10))
        reply = await office.replies("/gate")
        assert "opens by 12:50 at the latest" in reply.text
        assert labels(reply) == ["Resume now", "Resume, small model only", "Stay closed"]

    async def test_resume_opens_it_and_forgives_the_hour(self, office: Office) -> None:
        office.purse.state = Gate(State.TRIPPED, START - timedelta(minutes=10))
        reply = await office.taps("gate-open")
        now = office.purse.state.since
        assert office.purse.state == Gate(State.OPEN, now, now, ADA)
        assert reply.text.startswith("The gate is open")

    async def test_it_opens_for_the_small_model_only(self, office: Office) -> None:
        office.purse.state = Gate(State.TRIPPED, START - timedelta(minutes=10))
        reply = await office.taps("gate-small", user=EVE)
        now = office.purse.state.since
        assert office.purse.state == Gate(State.SMALL, now, now, EVE)
        assert reply.text.startswith(
            "`Eve` has opened the gate for the smallest model only, until 13:00."
        )
        assert labels(reply) == ["Every model", "Close"]

    async def test_it_stays_closed_until_an_owner_opens_it(self, office: Office) -> None:
        floor = START - timedelta(minutes=30)
        office.purse.state = Gate(State.TRIPPED, START - timedelta(minutes=10), floor)
        reply = await office.taps("gate-shut")
        assert office.purse.state == Gate(State.SHUT, office.purse.state.since, floor, ADA)
        assert reply.text.startswith("`Ada` has closed the gate for everyone")
        assert labels(reply) == ["Resume now", "Resume, small model only"]

    @pytest.mark.parametrize("verb", ["gate-open", "gate-small", "gate-shut"])
    async def test_an_old_button_changes_nothing_that_holds_already(
        self, office: Office, verb: str
    ) -> None:
        state = {"gate-open": State.OPEN, "gate-small": State.SMALL, "gate-shut": State.SHUT}[verb]
        office.purse.state = before = Gate(state, START, START, EVE)
        await office.taps(verb)
        assert office.purse.state == before

    async def test_what_is_open_already_is_not_forgiven_again(self, office: Office) -> None:
        floor = START - timedelta(minutes=30)
        office.purse.state = Gate(State.SMALL, floor, floor, ADA)
        await office.taps("gate-open")
        assert office.purse.state.state is State.OPEN
        assert office.purse.state.floor == floor

    async def test_only_an_owner_may(self, office: Office) -> None:
        assert await office.says("/gate", BEN) == "Only an owner can do that."
        assert (await office.taps("gate-shut", user=BEN)).text == "Only an owner can do that."
        assert office.purse.state == Gate()

    async def test_without_a_limit_for_the_hour_there_is_no_gate(self, office: Office) -> None:
        everyone = office.settings.budgets.everyone.model_copy(update={"hour_usd": None})
        budgets = office.settings.budgets.model_copy(update={"everyone": everyone})
        office.settings = office.settings.model_copy(update={"budgets": budgets})
        assert "hour_usd" in await office.says("/gate")
        assert "hour_usd" in (await office.taps("gate-open")).text

    def test_every_choice_has_an_action(self) -> None:
        assert {offer.verb for offers in CHOICES.values() for offer in offers} <= set(ACTIONS)
