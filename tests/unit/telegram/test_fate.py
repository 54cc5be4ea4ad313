"""A message whose sending got no answer is looked for before it is repeated: exactly once."""

from collections.abc import AsyncIterator

import pytest

from bridge.simulator.faults import Fault
from bridge.simulator.world import World
from bridge.telegram import buttons, fate
from bridge.telegram.fate import TRIED, Mark, Register
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox, Rates
from bridge.telegram.params import Upload
from tests.fakes import LoopClock
from tests.unit.telegram.simulated import LoopTime, Simulated

ADA, BO = 111, 222
GROUP, SUPERGROUP = -5, -1_000_000_000_001


class TestRegister:
    def test_the_next_ids_are_suspected(self) -> None:
        register = Register()
        register.result(1, {"message_id": 7})
        assert register.suspects(1, register.mark(1)) == [8, 9, 10]

    def test_an_id_named_since_then_is_not(self) -> None:
        register = Register()
        register.result(1, {"message_id": 7})
        mark = register.mark(1)
        register.call(1, "sendMessage", {"reply_parameters": {"message_id": 8}})
        register.call(1, "setMessageReaction", {"message_id": 9})
        assert register.suspects(1, mark) == [10, 11, 12]

    def test_one_that_is_to_be_edited_may_be_the_lost_one_itself(self) -> None:
        """Somebody has tapped on it before we knew that it is there."""
        register = Register()
        register.result(1, {"message_id": 7})
        mark = register.mark(1)
        register.call(1, "editMessageText", {"message_id": 8})
        assert 8 in register.suspects(1, mark)

    def test_private_chats_and_small_groups_may_share_a_sequence(self) -> None:
        register = Register()
        register.result(1, {"message_id": 7})
        register.result(GROUP, {"message_id": 50})
        assert register.suspects(1, register.mark(1)) == [8, 9, 10, 51, 52, 53]

    def test_a_supergroup_has_its_own(self) -> None:
        register = Register()
        register.result(1, {"message_id": 7})
        register.result(SUPERGROUP, {"message_id": 900})
        assert register.suspects(SUPERGROUP, register.mark(SUPERGROUP)) == [901, 902, 903]
        assert 901 not in register.suspects(1, register.mark(1))

    def test_where_nothing_is_known_nobody_is_suspected(self) -> None:
        assert Register().suspects(1, Mark(0, 0)) == []

    def test_the_probe_has_the_very_buttons_of_the_lost_message(self) -> None:
        lost = {"chat_id": 1, "text": "x", "reply_markup": buttons.onward(7)}
        assert fate.probe(lost, 8) == {
            "chat_id": 1,
            "message_id": 8,
            "reply_markup": buttons.onward(7),
        }

    def test_a_server_that_shows_another_message_has_not_found_it(self) -> None:
        lost = {"chat_id": 1, "text": "these words"}
        assert fate.there(lost, {"message_id": 8, "text": "these words"})
        assert not fate.there(lost, {"message_id": 8, "text": "other words"})


@pytest.fixture
async def api() -> AsyncIterator[Simulated]:
    async with Simulated(World(clock=LoopTime()), limits=None) as api:
        yield api


@pytest.fixture
async def outbox(api: Simulated) -> AsyncIterator[Outbox]:
    async with Outbox(api, LoopClock(), Rates()) as outbox:
        await outbox.send("sendMessage", {"chat_id": ADA, "text": "before"})
        yield outbox


LOST = ("lost_reply", "late_hang", "late_500")
GONE = ("drop", "hang", "500", "502")


@pytest.mark.parametrize("kind", [*LOST, *GONE])
@pytest.mark.parametrize("markup", [None, buttons.halt("main")])
async def test_each_message_is_there_once(
    api: Simulated, outbox: Outbox, kind: str, markup: buttons.Markup | None
) -> None:
    api.world.faults.add(Fault("sendMessage", kind))
    sent = await outbox.send(
        "sendMessage", {"chat_id": ADA, "text": "lost", "reply_markup": markup}, Priority.PROMPT
    )
    await outbox.send("sendMessage", {"chat_id": ADA, "text": "after"})
    assert api.texts(ADA) == ["before", "lost", "after"]
    shown = api.world.message(ADA, sent["message_id"])
    assert shown is not None
    assert shown["text"] == "lost"
    assert shown.get("reply_markup") == markup


@pytest.mark.parametrize("kind", [*LOST, *GONE])
async def test_each_file_is_there_once(api: Simulated, outbox: Outbox, kind: str) -> None:
    api.world.faults.add(Fault("sendDocument", kind))
    file = Upload("a.txt", b"words")
    await outbox.send("sendDocument", {"chat_id": ADA, "document": file, "caption": "lost"})
    assert api.texts(ADA) == ["before", "lost"]


async def test_it_is_found_when_the_connection_stays_away_for_long(
    api: Simulated, outbox: Outbox
) -> None:
    api.world.faults.add(Fault("sendMessage", "lost_reply"))
    api.world.faults.add(Fault("editMessageReplyMarkup", "drop"), times=20)
    await outbox.send("sendMessage", {"chat_id": ADA, "text": "lost"})
    assert api.texts(ADA) == ["before", "lost"]


async def test_a_ban_in_the_middle_of_the_search_is_waited_for(
    api: Simulated, outbox: Outbox
) -> None:
    api.world.faults.add(Fault("sendMessage", "lost_reply"))
    api.world.faults.add(Fault("editMessageReplyMarkup", "429", retry_after=60))
    await outbox.send("sendMessage", {"chat_id": ADA, "text": "lost"})
    assert api.texts(ADA) == ["before", "lost"]
    bans = [c.at for c in api.world.calls if c.status == 429]
    after = [c.at for c in api.world.calls if c.at > bans[0]]
    assert after[0] >= bans[0] + 60


async def test_what_people_write_meanwhile_is_not_taken_for_it(
    api: Simulated, outbox: Outbox
) -> None:
    api.world.faults.add(Fault("sendMessage", "drop"))
    for n in range(TRIED):
        api.world.say(ADA, f"meanwhile {n}")
    await outbox.send("sendMessage", {"chat_id": ADA, "text": "lost"})
    assert api.texts(ADA) == ["before", "lost"]


async def test_another_message_of_ours_keeps_its_buttons(api: Simulated, outbox: Outbox) -> None:
    """The search never touches what was known before."""
    stop = buttons.halt("main")
    status = {"chat_id": ADA, "text": "status", "reply_markup": stop}
    sent = await outbox.send("sendMessage", status, Priority.STATUS)
    api.world.faults.add(Fault("sendMessage", "drop"))
    await outbox.send("sendMessage", {"chat_id": ADA, "text": "lost"})
    shown = api.world.message(ADA, sent["message_id"])
    assert shown is not None
    assert shown["reply_markup"] == stop


async def test_two_chats_lose_messages_at_once(api: Simulated, outbox: Outbox) -> None:
    await outbox.send("sendMessage", {"chat_id": BO, "text": "before"})
    for chat in (ADA, BO):
        api.world.faults.add(Fault("sendMessage", "lost_reply", chat))
        api.world.faults.add(Fault("sendMessage", "drop", chat))
    for chat in (ADA, BO):
        for n in range(5):
            await outbox.send("sendMessage", {"chat_id": chat, "text": str(n)})
    assert api.texts(ADA) == api.texts(BO) == ["before", "0", "1", "2", "3", "4"]
