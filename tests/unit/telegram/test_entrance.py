"""What becomes of an update before it is stored."""

import pytest

from bridge.errors import BudgetError
from bridge.model import Answer, Inbound, Kind, Outcome, Place, SessionKey
from bridge.telegram import taps
from bridge.telegram.dispatch import GOING_ON
from bridge.telegram.entrance import GO_ON
from bridge.telegram.files.limits import TurnedAway
from bridge.telegram.updates import arrival
from tests.fakes import START
from tests.unit.telegram import raws
from tests.unit.telegram.fakes_sessions import NAMES, Bot

KEY = SessionKey(1, 0, "main")
DOCS = SessionKey(1, 0, "docs")
LOST = Answer(7, DOCS, 1007, "I was interrupted.", Outcome.LOST)


async def noted(_: int) -> None:
    """A part was confirmed."""


class TestRetry:
    async def test_it_asks_the_last_question_again_as_a_new_message(self, bot: Bot) -> None:
        bot.turns.asked[KEY] = Inbound(5, KEY, 1, "how warm is it?", 1005, START)
        came = await bot.bring(raws.message(9, "/retry"))
        assert came.kind is Kind.MESSAGE
        stored = bot.inbox.rows[9][1]
        assert (stored.text, stored.message_id) == ("how warm is it?", 1009)
        assert bot.engine.activated == [KEY]
        assert bot.inbox.finished == set()

    async def test_without_a_question_it_says_so(self, bot: Bot) -> None:
        assert await bot.says("/retry") == "There is nothing to ask again yet."
        assert bot.engine.activated == []

    async def test_it_is_the_current_sessions_question(self, bot: Bot) -> None:
        bot.turns.asked[DOCS] = Inbound(5, DOCS, 1, "elsewhere", 1005, START)
        assert await bot.says("/retry") == "There is nothing to ask again yet."


class TestContinue:
    @pytest.fixture
    async def lost(self, bot: Bot) -> Bot:
        """A crash cut off a turn in docs; the chat is in main."""
        bot.add("docs")
        bot.turns.answers[7] = LOST
        await bot.chat.answer(LOST, noted)
        return bot

    async def test_the_answer_of_a_turn_that_was_cut_off_has_the_button(self, lost: Bot) -> None:
        assert lost.buttons() == ["Continue"]

    @pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.FAILED, Outcome.STOPPED])
    async def test_other_answers_have_none(self, bot: Bot, outcome: Outcome) -> None:
        await bot.chat.answer(Answer(7, KEY, 1007, "Yes.", outcome), noted)
        assert "reply_markup" not in bot.api.of("sendMessage")[-1].params

    async def test_it_sends_the_word_to_the_session_that_was_cut_off(self, lost: Bot) -> None:
        await lost.taps("Continue")
        [(came, inbound)] = lost.inbox.rows.values()
        assert (came.kind, inbound.text, inbound.key) == (Kind.MESSAGE, GO_ON, DOCS)
        assert lost.engine.activated == [DOCS]
        assert lost.toasts() == [GOING_ON]
        [edit] = lost.api.of("editMessageReplyMarkup")
        assert edit.params["reply_markup"] is None

    async def test_the_second_tap_changes_nothing_and_is_told(self, lost: Bot) -> None:
        await lost.taps("Continue")
        await lost.taps("Continue")
        assert lost.engine.activated == [DOCS]
        assert lost.toasts() == [GOING_ON, taps.CLOSED]

    @pytest.mark.parametrize("number", [8, 999])
    async def test_an_answer_that_was_not_cut_off_cannot_be_continued(
        self, lost: Bot, number: int
    ) -> None:
        lost.turns.answers[8] = Answer(8, KEY, 1008, "Yes.", Outcome.DONE)
        await lost.bring(raws.tap(20, f"m:{number}"))
        assert lost.toasts() == [taps.CLOSED]
        assert lost.engine.activated == []

    async def test_another_chat_cannot_continue_it(self, lost: Bot) -> None:
        await lost.bring(raws.tap(20, "m:7", user=2))
        assert lost.toasts() == [taps.CLOSED]
        assert lost.engine.activated == []

    async def test_with_a_full_queue_the_tap_is_answered_too(self, lost: Bot) -> None:
        came = arrival(raws.tap(20, "m:7"), NAMES)
        await lost.dispatch.refused(came, BudgetError("10 messages are waiting already."))
        await lost.idle()
        assert len(lost.toasts()) == 1
        assert lost.api.texts()[-1] == "10 messages are waiting already."


class TestFirstMessage:
    async def test_the_default_session_is_made_for_it(self, bot: Bot) -> None:
        await bot.says("hello")
        session = bot.sessions.known[KEY]
        assert (session.folder, session.user) == (bot.settings.sessions.root / "1" / "main", 1)

    async def test_files_that_are_there_are_found(self, bot: Bot) -> None:
        folder = bot.settings.sessions.root / "1" / "main"
        folder.mkdir(parents=True)
        (folder / "file").touch()
        await bot.says("hello")
        assert bot.sessions.known[KEY].folder == folder

    async def test_a_folder_where_a_renamed_session_lives_is_left_to_it(self, bot: Bot) -> None:
        await bot.says("hello")
        await bot.says("/rename docs")
        await bot.says("/session main")
        await bot.says("hello")
        assert bot.sessions.known[KEY].folder.name == "main-2"


class TestClosedFolder:
    async def test_who_may_not_use_the_folder_may_not_write_to_its_session(self, bot: Bot) -> None:
        await bot.says("/new fix homelab", chat=-5)
        with pytest.raises(TurnedAway, match="not open to you"):
            await bot.says("@TollBot rm -r .", user=2, chat=-5)
        assert bot.engine.activated == []

    async def test_nor_ask_again_what_was_asked_there(self, bot: Bot) -> None:
        await bot.says("/new fix homelab", chat=-5)
        key = SessionKey(-5, 0, "fix")
        bot.turns.asked[key] = Inbound(5, key, 1, "rm -r .", 1005, START)
        with pytest.raises(TurnedAway):
            await bot.says("/retry", user=2, chat=-5)

    async def test_who_may_does(self, bot: Bot) -> None:
        await bot.says("/new fix notes", chat=-5)
        await bot.says("@TollBot hello", user=2, chat=-5)
        assert bot.engine.activated == [SessionKey(-5, 0, "fix")]

    async def test_a_folder_that_was_taken_from_the_settings_is_closed_to_all(
        self, bot: Bot
    ) -> None:
        bot.add("fix", borrowed="gone")
        bot.sessions.names[Place(1)] = "fix"
        with pytest.raises(TurnedAway):
            await bot.says("hello")


class TestNotGoodEnough:
    @pytest.fixture
    async def answered(self, bot: Bot) -> Bot:
        """Ada asked in docs and was answered; the chat is in main."""
        bot.add("docs")
        bot.inbox.rows[7] = (
            arrival(raws.message(7, "why?"), NAMES),
            Inbound(7, DOCS, 1, "why?", 1007, START),
        )
        bot.turns.answers[7] = Answer(7, DOCS, 1007, "Because.", Outcome.DONE)
        return bot

    async def test_the_question_is_asked_again_of_a_larger_model(self, answered: Bot) -> None:
        await answered.bring(raws.tap(20, "b:7"))
        came, inbound = answered.inbox.rows[20]
        assert (came.kind, inbound.key, inbound.judges) == (Kind.MESSAGE, DOCS, 7)
        assert inbound.text.endswith("why?")
        assert "not good enough" in inbound.text
        assert answered.engine.activated == [DOCS]

    async def test_the_second_tap_changes_nothing(self, answered: Bot) -> None:
        await answered.bring(raws.tap(20, "b:7"))
        await answered.bring(raws.tap(21, "b:7"))
        assert answered.engine.activated == [DOCS]
        assert answered.toasts() == [GOING_ON, taps.CLOSED]

    @pytest.mark.parametrize(("data", "user"), [("b:7", 2), ("b:999", 1)])
    async def test_only_who_asked_may_ask_again_and_only_what_was_answered(
        self, answered: Bot, data: str, user: int
    ) -> None:
        await answered.bring(raws.tap(20, data, user=user))
        assert answered.engine.activated == []
        assert answered.toasts() == [taps.CLOSED]
