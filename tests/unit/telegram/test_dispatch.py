"""What happens to an update once it is stored."""

import pytest

from bridge.errors import BudgetError, StoreError
from bridge.model import Arrival, Ask, Inbound, Mode, SessionKey, Stop, Tapped
from bridge.telegram import buttons, taps
from bridge.telegram.bot import BadCall
from bridge.telegram.dispatch import UNSUPPORTED
from bridge.telegram.updates import arrival
from tests.fakes import START
from tests.unit.telegram import raws
from tests.unit.telegram.fakes_sessions import NAMES, Bot

KEY = SessionKey(1, 0, "main")
ASK = Ask("ab12", KEY, 7, 1, "Run this?", "ls", ("Allow", "Deny"))
DRINKS = Ask("cd34", KEY, 7, 1, "Drinks?", "", ("Tea", "Milk", "Rum"), multiple=True)


@pytest.fixture
def desk(bot: Bot) -> Bot:
    bot.engine.served.add(KEY)
    return bot


class TestMessage:
    async def test_it_is_acknowledged_and_its_session_activated(self, desk: Bot) -> None:
        await desk.bring(raws.message(1))
        assert [call.method for call in desk.api.calls] == ["setMessageReaction"]
        assert desk.engine.activated == [KEY]
        assert desk.inbox.finished == set()

    async def test_activation_is_repeated_until_the_store_answers(self, desk: Bot) -> None:
        desk.engine.faults = [StoreError("locked"), StoreError("locked")]
        await desk.bring(raws.message(1))
        assert desk.engine.activated == [KEY]

    async def test_a_full_queue_is_told_to_its_user(self, desk: Bot) -> None:
        came = arrival(raws.message(1), NAMES)
        await desk.dispatch.refused(came, BudgetError("10 messages are waiting already."))
        await desk.idle()
        assert desk.api.texts() == ["10 messages are waiting already."]

    async def test_a_picture_is_a_message(self, desk: Bot) -> None:
        await desk.bring(raws.message(1, "", photo=[{"file_id": "x"}]))
        assert desk.engine.activated == [KEY]
        assert desk.inbox.rows[1][1].image

    async def test_a_kind_nobody_reads_gets_a_sentence(self, desk: Bot) -> None:
        await desk.bring(raws.message(1, "", sticker={"file_id": "x", "emoji": "😀"}))
        assert desk.api.texts() == [UNSUPPORTED]
        assert desk.engine.activated == []

    async def test_somebody_joining_gets_nothing(self, desk: Bot) -> None:
        await desk.bring(raws.message(1, "", new_chat_members=[{"id": 3}]))
        assert desk.api.calls == []


class TestCommand:
    async def test_its_reply_is_sent_and_then_it_is_done(self, desk: Bot) -> None:
        await desk.bring(raws.message(1, "/help"))
        assert "/cost" in desk.api.texts()[0]
        assert desk.inbox.finished == {1}
        assert desk.engine.activated == []

    async def test_it_is_not_done_before_its_reply_is_delivered(self, desk: Bot) -> None:
        came = arrival(raws.message(1, "/help"), NAMES)
        await desk.inbox.put(came, 10)
        await desk.dispatch.fresh(came, _inbound(came))
        assert desk.inbox.finished == set()
        await desk.idle()
        assert desk.inbox.finished == {1}

    async def test_stop_reaches_the_session_at_once(self, desk: Bot) -> None:
        await desk.bring(raws.message(1, "/stop"))
        assert desk.engine.signals == [(KEY, Stop(1))]

    async def test_one_whose_reply_is_refused_is_done_all_the_same(self, desk: Bot) -> None:
        desk.api.plan("sendMessage", *[BadCall("no")] * 9)
        await desk.bring(raws.message(1, "/help"))
        assert desk.inbox.finished == {1}


class TestTap:
    async def test_it_is_answered_passed_on_and_shown(self, desk: Bot) -> None:
        await desk.asks.open(ASK)
        await desk.bring(raws.tap(1, "a:ab12:0"))
        assert desk.toasts() == ["Allow"]
        assert desk.engine.signals == [(KEY, Tapped("ab12", (0,), user=1))]
        [edit] = desk.api.of("editMessageText")
        assert edit.params["text"].endswith("→ Allow")
        assert desk.inbox.finished == {1}

    async def test_the_second_tap_changes_nothing_and_is_told(self, desk: Bot) -> None:
        await desk.asks.open(ASK)
        await desk.bring(raws.tap(1, "a:ab12:0"))
        await desk.bring(raws.tap(2, "a:ab12:1"))
        assert len(desk.engine.signals) == 1
        assert desk.toasts() == ["Allow", taps.CLOSED]

    async def test_somebody_else_may_not_choose(self, desk: Bot) -> None:
        await desk.asks.open(ASK)
        await desk.bring(raws.tap(1, "a:ab12:0", user=2, chat=-5))
        assert desk.engine.signals == []
        assert desk.toasts() == [taps.NOT_YOURS]
        assert await desk.asks.find("ab12") == ASK

    async def test_an_owner_may(self, desk: Bot) -> None:
        bens = Ask("ef56", KEY, 7, 2, "Run this?", "ls", ("Allow", "Deny"))
        await desk.asks.open(bens)
        await desk.bring(raws.tap(1, "a:ef56:1", user=1))
        assert desk.engine.signals == [(KEY, Tapped("ef56", (1,), user=1))]

    async def test_when_nobody_serves_the_turn_any_more_the_question_says_so(
        self, desk: Bot
    ) -> None:
        await desk.asks.open(ASK)
        desk.engine.served.clear()
        await desk.bring(raws.tap(1, "a:ab12:0"))
        [edit] = desk.api.of("editMessageText")
        assert taps.NOTHING_RUNS in edit.params["text"]

    @pytest.mark.parametrize("data", ["a:ab12:9", "zzz", "a:ab12"])
    async def test_a_button_that_means_nothing_is_answered_too(self, desk: Bot, data: str) -> None:
        await desk.asks.open(ASK)
        await desk.bring(raws.tap(1, data))
        assert desk.toasts() == [taps.UNKNOWN]
        assert desk.engine.signals == []

    async def test_a_tap_from_before_a_restart_counts_though_it_cannot_be_answered(
        self, desk: Bot
    ) -> None:
        await desk.asks.open(ASK)
        desk.api.plan("answerCallbackQuery", BadCall("query is too old"))
        await desk.bring(raws.tap(1, "a:ab12:0"))
        assert desk.engine.signals == [(KEY, Tapped("ab12", (0,), user=1))]


class TestSeveralChoices:
    async def test_ticks_are_kept_and_done_passes_them_on(self, desk: Bot) -> None:
        await desk.asks.open(DRINKS)
        stale = buttons.question(DRINKS)  # quick fingers: the edit has not arrived yet
        await desk.bring(raws.tap(1, "a:cd34:0", markup=stale))
        await desk.bring(raws.tap(2, "a:cd34:2", markup=stale))
        await desk.bring(raws.tap(3, "a:cd34:1", markup=stale))
        await desk.bring(raws.tap(4, "a:cd34:1", markup=stale))
        last = desk.api.of("editMessageReplyMarkup")[-1].params["reply_markup"]
        assert buttons.marked(last) == {0, 2}
        await desk.bring(raws.tap(5, "d:cd34", markup=stale))
        assert desk.engine.signals == [(KEY, Tapped("cd34", (0, 2), user=1))]

    async def test_ticks_survive_a_restart_on_the_keyboard(self, desk: Bot) -> None:
        await desk.asks.open(DRINKS)
        await desk.bring(raws.tap(1, "d:cd34", markup=buttons.question(DRINKS, {1})))
        assert desk.engine.signals == [(KEY, Tapped("cd34", (1,), user=1))]

    async def test_done_without_a_tick_is_no_answer(self, desk: Bot) -> None:
        await desk.asks.open(DRINKS)
        await desk.bring(raws.tap(1, "d:cd34", markup=buttons.question(DRINKS)))
        assert desk.engine.signals == []
        assert desk.toasts() == [taps.NOTHING_CHOSEN]


class TestStop:
    async def test_the_button_stops_its_own_session(self, desk: Bot) -> None:
        other = SessionKey(1, 0, "other")
        desk.engine.served.add(other)
        await desk.bring(raws.tap(1, "s:other"))
        assert desk.engine.signals == [(other, Stop(1))]
        assert desk.toasts() == ["Stopping."]

    async def test_the_button_of_a_turn_that_is_over_disappears(self, desk: Bot) -> None:
        desk.engine.served.clear()
        await desk.bring(raws.tap(1, "s:main"))
        assert desk.toasts() == [taps.NOTHING_RUNS]
        assert desk.api.of("editMessageReplyMarkup")[0].params["reply_markup"] is None

    async def test_the_native_stop_stops_the_session_that_drew_the_draft(self, desk: Bot) -> None:
        other = SessionKey(1, 0, "other")
        async with desk.chat.live(Inbound(7, other, 1, "hi", 42, START), Mode.DEFAULT):
            await desk.bring(raws.stop(9, 7))
        assert desk.engine.signals == [(other, Stop(1))]
        assert desk.inbox.finished == {9}

    async def test_the_native_stop_of_an_unknown_draft_means_the_current_session(
        self, desk: Bot
    ) -> None:
        await desk.bring(raws.stop(9, 12345))
        assert desk.engine.signals == [(KEY, Stop(1))]


class TestRecovery:
    async def test_what_was_cut_off_is_done_again_in_order(self, desk: Bot) -> None:
        await desk.asks.open(ASK)
        for raw in (raws.tap(2, "a:ab12:1"), raws.message(1, "/stop"), raws.message(3, "hi")):
            await desk.inbox.put(arrival(raw, NAMES), 10)
        await desk.dispatch.recover()
        await desk.idle()
        assert desk.engine.signals == [(KEY, Stop(1)), (KEY, Tapped("ab12", (1,), user=1))]
        assert desk.inbox.finished == {1, 2}

    async def test_of_somebody_removed_meanwhile_nothing_is_done(self, desk: Bot) -> None:
        await desk.inbox.put(arrival(raws.message(1, "/stop", user=666), NAMES), 10)
        await desk.dispatch.recover()
        await desk.idle()
        assert desk.engine.signals == []
        assert desk.api.calls == []
        assert desk.inbox.finished == {1}


def _inbound(came: Arrival) -> Inbound:
    return Inbound(came.update_id, KEY, came.user, came.text, came.message_id, START)
