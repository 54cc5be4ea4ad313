"""Messages that come while a turn runs."""

import asyncio
from typing import Any

import pytest

from bridge.model import Answer, Kind, Mode, Outcome, SessionKey, Steer
from bridge.telegram import waiting
from bridge.telegram.bot import BadCall
from bridge.telegram.updates import arrival
from tests.fakes import FakeApi
from tests.unit.telegram import raws
from tests.unit.telegram.fakes_sessions import NAMES, Bot

KEY = SessionKey(1, 0, "main")


@pytest.fixture
async def busy(bot: Bot) -> Bot:
    """The turn of message 1 runs."""
    await bot.bring(raws.message(1, "first"))
    bot.inbox.busy.add(1)
    bot.engine.served.add(KEY)
    return bot


@pytest.fixture
def steering(busy: Bot) -> Bot:
    users = dict(busy.settings.users)
    users[1] = users[1].model_copy(update={"busy": "steer"})
    busy.settings = busy.settings.model_copy(update={"users": users})
    return busy


async def unheard(_parts: int) -> None:
    """Nobody cares how many parts are there."""


def reactions(api: FakeApi, message_id: int) -> list[Any]:
    calls = [c.params for c in api.of("setMessageReaction") if c.params["message_id"] == message_id]
    return [params["reaction"][0]["emoji"] for params in calls]


def deleted(api: FakeApi) -> list[int]:
    return [call.params["message_id"] for call in api.of("deleteMessage")]


class TestQueue:
    async def test_one_that_waits_is_told_its_place_with_two_buttons(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        await busy.bring(raws.message(3))
        assert busy.api.texts() == ["Waiting, 1st in line.", "Waiting, 2nd in line."]
        assert busy.buttons() == ["Send now", "Withdraw"]
        last = busy.api.of("sendMessage")[-1].params
        assert last["reply_parameters"]["message_id"] == 1003
        assert busy.engine.signals == []

    async def test_where_nothing_runs_nothing_is_said(self, bot: Bot) -> None:
        await bot.bring(raws.message(1))
        assert bot.api.texts() == []

    async def test_the_acknowledgement_goes_when_the_turn_begins(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        _, inbound = busy.inbox.rows[2]
        async with busy.chat.live(inbound, Mode.DEFAULT):
            await busy.idle()
            assert deleted(busy.api) == [101]
        await busy.idle()
        assert deleted(busy.api) == [101]

    async def test_it_goes_too_when_the_answer_comes_without_a_turn(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        await busy.chat.answer(Answer(2, KEY, 1002, "No money is left.", Outcome.REFUSED), unheard)
        await busy.idle()
        assert deleted(busy.api) == [101]

    async def test_when_the_turn_begins_before_it_is_sent_it_is_never_sent(self, busy: Bot) -> None:
        for number in range(2, 11):
            await busy.accept(raws.message(number))
        for number in range(2, 11):
            async with busy.chat.live(busy.inbox.rows[number][1], Mode.DEFAULT):
                await asyncio.sleep(0.05)
        await busy.idle()
        sent = len(busy.api.texts())
        assert sent < 9
        assert len(deleted(busy.api)) == sent

    async def test_a_refused_acknowledgement_stops_nothing(self, busy: Bot) -> None:
        busy.api.plan("sendMessage", BadCall("no"))
        await busy.bring(raws.message(2))
        await busy.bring(raws.message(3))
        assert await busy.inbox.waiting(KEY) == 3
        assert busy.api.texts()[-1] == "Waiting, 2nd in line."


class TestSendNow:
    async def test_it_steers_the_running_turn(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        await busy.taps("Send now")
        assert busy.engine.signals == [(KEY, Steer(2))]
        assert busy.toasts() == [waiting.SENT]
        assert deleted(busy.api) == [101]
        assert reactions(busy.api, 1002)[-1] == waiting.STEERED

    async def test_one_that_is_being_answered_is_too_late(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        busy.inbox.busy.add(2)
        await busy.taps("Send now")
        assert busy.engine.signals == []
        assert busy.toasts() == [waiting.TOO_LATE]
        assert deleted(busy.api) == [101]

    async def test_when_the_turn_has_just_ended_it_waits_for_its_own(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        busy.engine.served.clear()
        await busy.taps("Send now")
        assert busy.toasts() == [waiting.NOT_NOW]
        assert deleted(busy.api) == []

    async def test_after_a_restart_the_old_button_works(self, busy: Bot) -> None:
        await busy.inbox.put(arrival(raws.message(2), NAMES), 10)
        await busy.bring(raws.tap(3, "n:2"))
        assert busy.engine.signals == [(KEY, Steer(2))]
        assert deleted(busy.api) == [1003]  # the message that the button was under

    @pytest.mark.parametrize("button", ["Send now", "Withdraw"])
    async def test_only_who_wrote_it_or_an_owner_may(self, bot: Bot, button: str) -> None:
        group = SessionKey(-5, 0, "main")
        await bot.bring(raws.message(1, user=1, chat=-5))
        bot.engine.served.add(group)
        await bot.bring(raws.message(2, user=1, chat=-5))
        await bot.taps(button, user=2, chat=-5)
        assert bot.toasts() == [waiting.NOT_YOURS]
        assert (bot.engine.signals, bot.inbox.finished & {2}) == ([], set())

    async def test_it_does_not_join_the_turn_of_somebody_else(self, bot: Bot) -> None:
        group = SessionKey(-5, 0, "main")
        await bot.bring(raws.message(1, user=1, chat=-5))
        bot.engine.served.add(group)
        async with bot.chat.live(bot.inbox.rows[1][1], Mode.DEFAULT):
            await bot.bring(raws.message(2, user=2, chat=-5))
            await bot.bring(raws.tap(3, "n:2", user=2, chat=-5))
        assert bot.toasts() == [waiting.ANOTHERS]
        assert bot.engine.signals == []


class TestWithdraw:
    async def test_it_is_taken_out(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        await busy.taps("Withdraw")
        assert busy.toasts() == [waiting.WITHDRAWN]
        assert await busy.inbox.find(2) is None
        assert deleted(busy.api) == [101]

    async def test_one_that_is_being_answered_is_too_late(self, busy: Bot) -> None:
        await busy.bring(raws.message(2))
        busy.inbox.busy.add(2)
        await busy.taps("Withdraw")
        assert busy.toasts() == [waiting.TOO_LATE]
        assert 2 not in busy.inbox.finished


class TestSteer:
    async def test_it_reaches_the_running_turn_at_once_and_gets_a_thumb(
        self, steering: Bot
    ) -> None:
        await steering.bring(raws.message(2))
        assert steering.engine.signals == [(KEY, Steer(2))]
        assert steering.api.texts() == []
        assert reactions(steering.api, 1002)[-1] == waiting.STEERED

    async def test_the_way_is_each_users_own(self, steering: Bot) -> None:
        everybody = steering.settings.users.items()
        users = {id_: user.model_copy(update={"busy": "queue"}) for id_, user in everybody}
        sessions = steering.settings.sessions.model_copy(update={"busy": "steer"})
        update = {"users": users, "sessions": sessions}
        steering.settings = steering.settings.model_copy(update=update)
        await steering.bring(raws.message(2))
        assert steering.engine.signals == []

    async def test_where_nothing_runs_it_is_an_ordinary_message(self, steering: Bot) -> None:
        steering.engine.served.clear()
        await steering.bring(raws.message(2))
        assert steering.engine.signals == []


class TestEdit:
    async def test_the_new_words_are_what_is_answered(self, busy: Bot) -> None:
        await busy.bring(raws.message(2, "helo"))
        await busy.bring(raws.edit(3, 1002, "hello"))
        assert busy.inbox.rows[2][1].text == "hello"
        assert reactions(busy.api, 1002)[-1] == waiting.EDITED
        assert 3 in busy.inbox.finished

    async def test_one_that_is_being_answered_is_too_late(self, busy: Bot) -> None:
        await busy.bring(raws.edit(3, 1001, "other words"))
        assert busy.api.texts() == [waiting.EDIT_TOO_LATE]
        assert busy.inbox.rows[1][1].text == "first"
        assert 3 in busy.inbox.finished

    async def test_it_is_no_message_of_its_own(self, busy: Bot) -> None:
        await busy.bring(raws.edit(3, 1001, "other words"))
        assert busy.inbox.rows[3][0].kind is Kind.EDIT
        assert await busy.inbox.waiting(KEY) == 1
