"""Strangers: who of them gets an answer, how often, and what an owner can decide."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.errors import ChatGone, SettingsError
from bridge.settings import Role, Settings, pairing
from bridge.settings.schema import Pairing
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import ACTIONS, BY_NAME, Reply, Tools, welcome
from bridge.telegram.outbox import Outbox, Rates
from bridge.telegram.person import LONGEST, Person, person, tidy
from bridge.telegram.strangers import Strangers
from bridge.telegram.updates import Names, arrival, command
from tests.fakes import START, FakeApi, FakeChat, FakeEngine, FakeFolders, FakeHistories, LoopClock
from tests.fakes import desk as desk_of
from tests.fakes import settings as settings_of
from tests.unit.telegram import raws

ADA, BEN, CY = 1, 2, 3
NAMES = Names(BY_NAME, "TollBot")
CODE = "ABCD-EFGH"
SEAL = pairing.sealed(CODE)
HOUR, DAY = 3600, 86_400


class Hands(LoopClock):
    """A clock that a test sets: a thread hashes codes, and for threads no time is skipped."""

    passed = 0.0

    def monotonic(self) -> float:
        return self.passed


@dataclass
class FakeRoll:
    """`Roll` that notes what it was told. `faults` are raised by the next changes."""

    told: list[tuple[object, ...]] = field(default_factory=list)
    faults: list[SettingsError] = field(default_factory=list)
    first: bool = True
    taken: bool = True

    def _note(self, *what: object) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append(what)

    async def pair(self, user: int, name: str, pairing: Pairing, /) -> bool:
        self._note("pair", user, name)
        first, self.first = self.first, False
        return first

    async def admit(self, user: int, name: str, role: Role, timezone: str, /) -> None:
        self._note("admit", user, name, role, timezone)

    async def dismiss(self, user: int, /) -> None:
        self._note("dismiss", user)

    async def ignore(self, user: int, name: str, /) -> None:
        self._note("ignore", user, name)

    async def in_force(self, user: int, /, *, known: bool) -> bool:
        return self.taken


class Porch:
    """Where strangers are heard, in virtual time."""

    def __init__(self, api: FakeApi, chat: TelegramChat, settings: Settings) -> None:
        self.api = api
        self.settings = settings
        self.roll = FakeRoll()
        self.background = Background()
        self.clock = Hands()
        tools = Tools(
            desk_of(chat=chat, clock=self.clock),
            FakeEngine(),
            FakeHistories(),
            FakeFolders(),
            lambda: self.settings,
            chat.running,
            self.roll,
        )
        self.strangers = Strangers(tools, chat, self.background)
        self._number = 0

    def access(self, **changed: object) -> None:
        access = self.settings.access.model_copy(update=changed)
        self.settings = self.settings.model_copy(update={"access": access})

    def open(self, hours: float = 24) -> None:
        until = (START + timedelta(hours=hours)).isoformat()
        code = {"code": SecretStr(SEAL), "until": until}
        self.access(pairing=self.settings.access.pairing.model_copy(update=code))

    async def says(self, text: str, user: int = CY, chat: int = 0) -> list[str]:
        """What anybody hears then."""
        before = len(self.api.texts())
        self._number += 1
        raw = raws.message(self._number, text, user=user, chat=chat)
        await self.strangers.came(arrival(raw, NAMES))
        await self.background.idle()
        return self.api.texts()[before:]


@pytest.fixture
async def porch(api: FakeApi, current: Settings) -> AsyncIterator[Porch]:
    clock = LoopClock()
    async with Outbox(api, clock, Rates(1000, 60_000, 1000)) as outbox:
        chat = TelegramChat(outbox, lambda: current, clock)
        porch = Porch(api, chat, current)
        yield porch
        await porch.background.aclose()
        await chat.aclose()


class TestCode:
    async def test_it_makes_the_owner_once(self, porch: Porch) -> None:
        porch.open()
        [hello] = await porch.says(f"/start {CODE}")
        assert "You are the owner of this bot now." in hello
        assert porch.roll.told == [("pair", CY, "Ada")]
        assert await porch.says(f"/start {CODE}", 4) == []

    async def test_five_wrong_ones_in_an_hour_are_told_then_nothing_counts(
        self, porch: Porch
    ) -> None:
        porch.open()
        heard = [await porch.says("/start ABCD-EFGJ") for _ in range(6)]
        assert [len(texts) for texts in heard] == [1, 1, 1, 1, 1, 0]
        assert await porch.says(f"/start {CODE}") == []
        assert porch.roll.told == []
        assert await porch.says(f"/start {CODE}", 4)
        porch.clock.passed += HOUR
        assert await porch.says("/start ABCD-EFGJ")

    async def test_an_old_one_is_told_only_to_whoever_has_it(self, porch: Porch) -> None:
        porch.open(hours=-1)
        assert await porch.says("/start ABCD-EFGJ") == []
        [told] = await porch.says(f"/start {CODE}")
        assert "expired" in told
        assert porch.roll.told == []

    async def test_in_a_group_nobody_hears_it(self, porch: Porch) -> None:
        porch.open()
        assert await porch.says(f"/start {CODE}", chat=-100) == []
        assert porch.roll.told == []

    async def test_without_an_open_one_there_is_silence(self, porch: Porch) -> None:
        assert await porch.says(f"/start {CODE}") == []

    async def test_what_cannot_be_written_is_told_to_whoever_has_it(self, porch: Porch) -> None:
        porch.open()
        porch.roll.faults = [SettingsError("settings.toml:3: x: unknown table")]
        [told] = await porch.says(f"/start {CODE}")
        assert "settings.toml:3" in told


class TestRequest:
    async def test_without_the_setting_there_is_silence(self, porch: Porch) -> None:
        assert await porch.says("/start") == []

    async def test_only_a_start_in_private_is_one(self, porch: Porch) -> None:
        porch.access(requests=True)
        for text in ("hi", "/help", "/cost", "/start@OtherBot"):
            assert await porch.says(text) == []
        assert await porch.says("/start", chat=-100) == []

    async def test_the_owner_is_asked_and_the_stranger_told(self, porch: Porch) -> None:
        porch.access(requests=True)
        asked, told = await porch.says("/start")
        assert asked == "Somebody wants to use this bot:\nAda\nTelegram id 3"
        assert told.startswith("I have asked the owner.")
        first = porch.api.of("sendMessage")[0]
        assert first.params["chat_id"] == ADA
        labels = [row[0]["text"] for row in first.params["reply_markup"]["inline_keyboard"]]
        assert labels == ["Approve as member", "Approve as guest", "Ignore"]

    async def test_once_a_day_each_and_twenty_in_all(self, porch: Porch) -> None:
        porch.access(requests=True)
        heard = [await porch.says("/start", user) for user in range(100, 125)]
        assert [len(texts) for texts in heard] == [2] * 20 + [0] * 5
        assert await porch.says("/start", 100) == []
        porch.clock.passed += DAY
        assert await porch.says("/start", 100)

    async def test_who_is_ignored_is_not_heard(self, porch: Porch) -> None:
        porch.access(requests=True, ignored={CY: "Cy"})
        assert await porch.says("/start") == []

    async def test_when_no_owner_can_be_asked_nothing_is_promised(self, porch: Porch) -> None:
        porch.access(requests=True)
        porch.api.plan("sendMessage", ChatGone("blocked"))
        assert len(await porch.says("/start")) == 1


class TestName:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("Cy", "Cy"),
            ("  Cy \n Twombly ", "Cy Twombly"),
            ("\u202eyC\u2066", "yC"),
            ("@format {env}", "format {env}"),
            ("`rm`: [x](https://evil)", "rm x](https evil)".replace("x]", "[x]")),
            ("z\u0336\u0335\u0334\u0333a", "z\u0336\u0335a"),
            ("\u200b\u200d", ""),
            ("ж" * 40, "ж" * 15),
        ],
    )
    def test_little_of_it_stays(self, given: str, kept: str) -> None:
        assert tidy(given) == kept

    def test_the_longest_one_fits_a_button(self) -> None:
        for offer in welcome.offers(Person(10**16 - 1, tidy("x" * 99))):
            data = buttons.act(offer.label, offer.verb, 0, offer.argument)["callback_data"]
            assert len(data.encode()) <= buttons.MOST
            assert buttons.parse(data) == buttons.Act(offer.verb, 0, offer.argument)
        assert len(tidy("x" * 99)) == LONGEST

    def test_a_handle_that_is_none_is_left_out(self) -> None:
        raw = raws.message(1, user=CY)
        raw["message"]["from"] |= {"last_name": "L", "username": "not a handle"}
        assert person(arrival(raw, NAMES)) == Person(CY, "Ada L")

    def test_no_name_is_a_link_or_turns_the_line_around(self) -> None:
        text = welcome.request(Person(CY, tidy("[x](tg://user?id=1)"), "cy"))
        assert text.splitlines()[1] == "`[x](tg user?id=1)`"


@dataclass
class Office:
    """Where owners decide."""

    settings: Settings
    roll: FakeRoll = field(default_factory=FakeRoll)
    chat: FakeChat = field(default_factory=FakeChat)

    @property
    def tools(self) -> Tools:
        return Tools(
            desk_of(chat=self.chat),
            FakeEngine(),
            FakeHistories(),
            FakeFolders(),
            lambda: self.settings,
            lambda _: None,
            self.roll,
        )

    async def taps(self, verb: str, argument: str, user: int = ADA) -> Reply:
        tap = arrival(raws.tap(1, buttons.act("x", verb, 0, argument)["callback_data"]), NAMES)
        found = buttons.parse(tap.text)
        assert isinstance(found, buttons.Act)
        came = arrival(raws.tap(1, tap.text, user=user), NAMES)
        key = await self.tools.desk.sessions.current(came.place)
        return await self.tools.run(ACTIONS[found.verb], came, key, found.argument)

    async def says(self, text: str, user: int = ADA) -> Reply:
        came = arrival(raws.message(1, text, user=user), NAMES)
        name, argument = command(text)
        key = await self.tools.desk.sessions.current(came.place)
        return await self.tools.run(BY_NAME[name], came, key, argument)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(settings_of(tmp_path))


class TestDecision:
    @pytest.mark.parametrize("role", ["member", "guest"])
    async def test_who_is_approved_is_welcomed(self, office: Office, role: str) -> None:
        reply = await office.taps(role, "3/Cy")
        assert office.roll.told == [("admit", CY, "Cy", role, "UTC")]
        assert reply == Reply(f"`Cy` may use the bot, as {role}.")
        [(place, text)] = office.chat.said
        assert place.chat == CY
        assert f"as a {role}" in text

    async def test_only_an_owner_decides(self, office: Office) -> None:
        for verb in ("member", "guest", "ignore"):
            assert (await office.taps(verb, "3/Cy", BEN)).text == "Only an owner can do that."
        assert office.roll.told == []

    async def test_the_first_decision_counts(self, office: Office) -> None:
        assert (await office.taps("guest", "2/Ben")).text == "`Ben` is in already, as member."
        assert "/users" in (await office.taps("ignore", "2/Ben")).text
        assert office.roll.told == []

    async def test_what_cannot_be_written_is_told_with_the_buttons_again(
        self, office: Office
    ) -> None:
        office.roll.faults = [SettingsError("settings.toml:3: x: unknown table")]
        reply = await office.taps("member", "3/Cy")
        assert "settings.toml:3: x: unknown table" in reply.text
        assert "`Cy`" in reply.text
        assert reply.keyboard is not None
        assert office.chat.said == []

    async def test_what_is_not_in_force_yet_is_said(self, office: Office) -> None:
        office.roll.taken = False
        assert welcome.LATER in (await office.taps("member", "3/Cy")).text
        assert office.chat.said == []

    async def test_ignored_for_good(self, office: Office) -> None:
        reply = await office.taps("ignore", "3/")
        assert office.roll.told == [("ignore", CY, "?")]
        assert reply.text == "User 3 gets no answer, now and later."

    async def test_a_button_of_another_version_does_nothing(self, office: Office) -> None:
        assert (await office.taps("member", "x")).text == welcome.GONE


class TestUsers:
    async def test_an_owner_sees_who_may_do_what(self, office: Office) -> None:
        reply = await office.says("/users")
        assert reply.text.splitlines()[1:] == [
            "- `Ada` (1): owner, $1.00 a day, $20.00 a month",
            "- `Ben` (2): member, $1.00 a day, $20.00 a month",
        ]
        assert reply.keyboard == buttons.column([buttons.act("Remove Ben", "remove", ADA, "2")])

    async def test_it_asks_before_it_removes(self, office: Office) -> None:
        asked = await office.taps("remove", "2")
        assert asked.text.startswith("Remove `Ben`?")
        assert office.roll.told == []
        assert (await office.taps("dismiss", "2")).text == "`Ben` is removed."
        assert office.roll.told == [("dismiss", BEN)]

    async def test_nobody_removes_themselves_or_is_removed_by_a_member(
        self, office: Office
    ) -> None:
        assert "yourself" in (await office.taps("dismiss", "1")).text
        assert "owner" in (await office.taps("dismiss", "1", BEN)).text
        assert "owner" in (await office.says("/users", BEN)).text
        assert (await office.taps("remove", "99")).text == welcome.GONE
        assert office.roll.told == []

    async def test_where_the_settings_are_fixed_it_says_so(self, office: Office) -> None:
        tools = office.tools
        fixed = Tools(
            tools.desk, tools.engine, tools.histories, tools.folders, tools.settings, tools.running
        )
        came = arrival(raws.tap(1, "c:dismiss:0:2", user=ADA), NAMES)
        key = await tools.desk.sessions.current(came.place)
        reply = await fixed.run(ACTIONS["dismiss"], came, key, "2")
        assert "cannot be changed from the chat" in reply.text
