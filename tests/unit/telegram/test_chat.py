"""What the user sees: the first sign, the running turn, questions, answers."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import ChatBusy, ChatError, ChatGone
from bridge.model import Answer, Ask, Inbound, Mode, Outcome, Place, SessionKey
from bridge.progress import Block, Phase, Progress, Step
from bridge.telegram.bot import BadCall, ChatUnreachable, NoSuchMethod
from bridge.telegram.chat import TelegramChat
from bridge.telegram.outbox import Outbox
from bridge.telegram.params import Upload
from bridge.telegram.post import REFUSED
from tests.fakes import START, FakeApi, LoopClock, settings

KEY = SessionKey(1, 0, "main")
INBOUND = Inbound(7, KEY, 1, "hi", 42, START)
GROUP = replace(INBOUND, key=SessionKey(-5, 0, "main"))


def said(text: str, **more: Any) -> Progress:
    progress = Progress(START, Phase.WRITING, model="haiku", blocks=(Block("m", 0, text),))
    return replace(progress, **more)


def answer(text: str, footer: str = "haiku · 2 s · $0.01") -> Answer:
    return Answer(7, KEY, 42, text, Outcome.DONE, footer)


async def unheard(_parts: int) -> None:
    """Nobody cares how many parts are there."""


def drafts(api: FakeApi) -> list[str]:
    return [str(call.params["text"]) for call in api.of("sendMessageDraft")]


def edits(api: FakeApi) -> list[str]:
    return [str(call.params["text"]) for call in api.of("editMessageText")]


@pytest.fixture
def drafting(chat: TelegramChat) -> TelegramChat:
    chat.drafts = True
    return chat


async def test_the_first_sign_is_a_reaction_and_nobody_waits_for_it(
    api: FakeApi, chat: TelegramChat
) -> None:
    await chat.seen(INBOUND)
    assert api.calls == []
    await chat.idle()
    [call] = api.calls
    assert call.method == "setMessageReaction"
    assert call.params["message_id"] == 42
    assert call.params["reaction"] == [{"type": "emoji", "emoji": "👀"}]


@pytest.mark.parametrize("refusal", [BadCall("REACTION_INVALID"), NoSuchMethod("")])
async def test_where_reactions_are_refused_the_first_sign_is_typing(
    api: FakeApi, chat: TelegramChat, refusal: Exception
) -> None:
    api.plan("setMessageReaction", refusal)
    await chat.seen(INBOUND)
    await chat.idle()
    assert [call.method for call in api.calls] == ["setMessageReaction", "sendChatAction"]


class TestDraft:
    async def test_the_first_words_are_drawn_within_half_a_second(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            await asyncio.sleep(3.1)
            spoken = asyncio.get_running_loop().time()
            live.show(said("The answer"))
            await asyncio.sleep(5)
        first = next(c for c in api.of("sendMessageDraft") if "The answer" in c.params["text"])
        assert first.at - spoken <= 0.5

    async def test_it_offers_stop_and_stays_one_draft(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(10):
                live.show(said("x" * n))
                await asyncio.sleep(1)
        params = [call.params for call in api.of("sendMessageDraft")]
        assert {p["draft_id"] for p in params} == {7}
        assert all(p["can_stop"] and p["keep_on_stop"] for p in params)

    async def test_a_tiny_answer_is_not_drawn_at_all(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            await asyncio.sleep(0.5)
            live.show(said("Hello!"))
            await asyncio.sleep(0.1)
        assert api.calls == []

    async def test_new_words_appear_at_least_every_two_seconds(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(600):
                live.show(said(f"word {n}"))
                await asyncio.sleep(0.1)
        times = [call.at for call in api.of("sendMessageDraft")]
        assert max(b - a for a, b in pairwise(times)) <= 2

    async def test_time_moves_and_the_draft_lives_while_nothing_happens(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(Progress(START, Phase.WORKING, steps=(Step("1", "Bash", "sleep 60"),)))
            await asyncio.sleep(60)
        times = [call.at for call in api.of("sendMessageDraft")]
        assert max(b - a for a, b in pairwise(times)) <= 20
        assert len(set(drafts(api))) == len(drafts(api))

    async def test_it_is_drawn_again_after_a_message_that_hid_it(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("The answer"))
            await asyncio.sleep(2.5)
            before = len(drafts(api))
            await drafting.say(KEY.place, "A word in between")
            await asyncio.sleep(1.5)
            assert len(drafts(api)) == before + 1

    async def test_it_is_drawn_again_after_the_user_wrote_something(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("The answer"))
            await asyncio.sleep(2.5)
            before = len(drafts(api))
            await drafting.seen(replace(INBOUND, update_id=8, message_id=43))
            await asyncio.sleep(1.5)
            assert len(drafts(api)) == before + 1

    async def test_after_a_429_it_says_that_it_waited(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.plan("sendMessageDraft", ChatBusy("", 20))
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(25):
                live.show(said(f"word {n}"))
                await asyncio.sleep(1)
        assert ["waiting for Telegram (20 s)" in text for text in drafts(api)[1:3]] == [True, False]

    async def test_a_429_skips_pictures_and_never_turns_to_edits(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.plan("sendMessageDraft", ChatBusy("", 20))
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(25):
                live.show(said(f"word {n}"))
                await asyncio.sleep(1)
        assert {call.method for call in api.calls} == {"sendMessageDraft"}
        second = api.calls[1]
        assert second.at >= 20
        assert "word 0" not in second.params["text"]

    async def test_no_picture_comes_after_the_end(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.latency = 1.0
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(0.5)
            assert api.in_flight == 1
        assert api.in_flight == 0
        ended = len(api.calls)
        await asyncio.sleep(60)
        assert len(api.calls) == ended

    async def test_the_end_does_not_wait_for_a_ban(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.plan("sendMessageDraft", ChatBusy("", 300))
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(5)
        assert asyncio.get_running_loop().time() <= 7

    async def test_where_drafts_are_refused_a_status_message_takes_over(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.plan("sendMessageDraft", *[BadCall("TEXTDRAFT_PEER_INVALID")] * 2)
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(5)
        assert len(drafts(api)) == 2
        assert "word" in api.texts()[0]

    async def test_groups_have_no_drafts(self, api: FakeApi, drafting: TelegramChat) -> None:
        async with drafting.live(GROUP, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(5)
        assert drafts(api) == []
        assert len(api.texts()) == 1

    async def test_the_end_waits_for_the_picture_on_its_way_and_no_longer(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.latency = 0.3
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(0.25)
            assert api.in_flight == 1
            ended = asyncio.get_running_loop().time()
        [drawn] = api.calls
        assert asyncio.get_running_loop().time() == pytest.approx(drawn.at + 0.3, abs=0.01)
        assert ended < drawn.at + 0.3

    async def test_the_end_does_not_wait_for_a_ban_that_comes_meanwhile(
        self, api: FakeApi, drafting: TelegramChat
    ) -> None:
        api.latency = 0.3
        api.plan("sendMessageDraft", ChatBusy("", 20))
        async with drafting.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(0.25)
            assert api.in_flight == 1
        [drawn] = api.calls
        assert asyncio.get_running_loop().time() == pytest.approx(drawn.at + 0.3, abs=0.01)


class TestStatus:
    async def test_one_silent_message_with_a_stop_button_is_edited_and_deleted(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(10):
                live.show(said(f"word {n}"))
                await asyncio.sleep(1)
        await chat.idle()
        [sent] = api.of("sendMessage")
        assert sent.params["disable_notification"] is True
        [[button]] = sent.params["reply_markup"]["inline_keyboard"]
        assert button == {"text": "Stop", "callback_data": "s:main"}
        assert {call.params["message_id"] for call in api.of("editMessageText")} == {101}
        assert [call.params["message_id"] for call in api.of("deleteMessage")] == [101]

    @pytest.mark.parametrize(("inbound", "least"), [(INBOUND, 1.0), (GROUP, 3.0)])
    async def test_edits_keep_their_distance(
        self, api: FakeApi, chat: TelegramChat, inbound: Inbound, least: float
    ) -> None:
        async with chat.live(inbound, Mode.DEFAULT) as live:
            for n in range(300):
                live.show(said(f"word {n}"))
                await asyncio.sleep(0.1)
        times = [call.at for call in api.of("editMessageText")]
        gaps = [b - a for a, b in pairwise(times)]
        assert len(gaps) > 3
        assert min(gaps) >= least

    @pytest.mark.parametrize("inbound", [INBOUND, GROUP])
    async def test_a_minute_never_sees_more_than_20_of_them(
        self, api: FakeApi, chat: TelegramChat, inbound: Inbound
    ) -> None:
        async with chat.live(inbound, Mode.DEFAULT) as live:
            for n in range(3000):
                live.show(said(f"word {n}"))
                await asyncio.sleep(0.1)
        await chat.answer(answer("word"), unheard)
        seen = [call.at for call in api.calls if call.method in {"sendMessage", "editMessageText"}]
        assert len(seen) > 40
        assert max(sum(1 for at in seen if start <= at < start + 60) for start in seen) <= 20

    async def test_in_a_private_chat_new_words_come_every_two_seconds_for_half_a_minute(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(300):
                live.show(said(f"word {n}"))
                await asyncio.sleep(0.1)
        times = [call.at for call in api.of("editMessageText")]
        assert max(b - a for a, b in pairwise([*times, 30.0])) <= 2

    async def test_after_a_429_it_shows_the_newest_says_that_it_waited_and_slows_down(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(3)
            api.plan("editMessageText", ChatBusy("", 20))
            for n in range(600):
                live.show(said(f"word {n} "))
                await asyncio.sleep(0.1)
        edits = api.of("editMessageText")
        waited = ["waiting for Telegram" in call.params["text"] for call in edits]
        held = waited.index(True)
        assert "(20 s)" in edits[held].params["text"]
        assert "word 0 " not in edits[held].params["text"]
        assert waited.count(True) == 1
        assert edits[held + 1].at - edits[held].at >= 8

    async def test_one_that_was_on_its_way_at_the_end_is_deleted_when_it_comes(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.latency = 5.0
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(1)
            assert api.in_flight == 1
        await asyncio.sleep(20)
        await chat.idle()
        assert [call.params["message_id"] for call in api.of("deleteMessage")] == [101]

    async def test_the_end_does_not_wait_for_one_that_has_no_turn_to_leave(
        self, api: FakeApi, chat: TelegramChat, outbox: Outbox
    ) -> None:
        api.plan("sendMessage", ChatBusy("", 60))
        banned = asyncio.create_task(outbox.send("sendMessage", {"chat_id": 1, "text": "x"}))
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("word"))
            await asyncio.sleep(5)
            ended = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() == pytest.approx(ended)
        await banned
        await asyncio.sleep(10)
        assert api.texts() == ["x", "x"]

    async def test_when_the_user_deleted_it_the_turn_goes_on_undrawn(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.plan("editMessageText", *[BadCall("message to edit not found")] * 5)
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            for n in range(20):
                live.show(said(f"word {n}"))
                await asyncio.sleep(1)
        assert len(edits(api)) == 2

    async def test_refused_formatting_is_left_out(self, api: FakeApi, chat: TelegramChat) -> None:
        api.plan("sendMessage", BadCall("entity URL is invalid"))
        async with chat.live(INBOUND, Mode.DEFAULT) as live:
            live.show(said("**word**"))
            await asyncio.sleep(3)
        assert "entities" in api.of("sendMessage")[0].params
        assert "entities" not in api.of("sendMessage")[1].params


async def test_streaming_off_draws_nothing(api: FakeApi, outbox: Outbox, tmp_path: Path) -> None:
    off = settings(tmp_path, '[telegram]\nstreaming = "off"\n')
    chat = TelegramChat(outbox, lambda: off, LoopClock())
    async with chat.live(INBOUND, Mode.DEFAULT) as live:
        live.show(said("word"))
        await asyncio.sleep(30)
    assert api.calls == []


async def test_streaming_edit_uses_no_drafts_even_where_the_server_has_them(
    api: FakeApi, outbox: Outbox, tmp_path: Path
) -> None:
    edit = settings(tmp_path, '[telegram]\nstreaming = "edit"\n')
    chat = TelegramChat(outbox, lambda: edit, LoopClock())
    chat.drafts = True
    async with chat.live(INBOUND, Mode.DEFAULT) as live:
        live.show(said("word"))
        await asyncio.sleep(3)
    await chat.idle()
    await chat.aclose()
    assert drafts(api) == []
    assert len(api.texts()) == 1


async def test_whose_turn_runs_is_known_while_it_runs(chat: TelegramChat) -> None:
    async with chat.live(INBOUND, Mode.DEFAULT) as live:
        live.show(said("word"))
        assert chat.drawn(7) == KEY
        assert chat.running(KEY) == said("word")
    assert chat.drawn(7) is None
    assert chat.running(KEY) is None


class TestAnswer:
    async def test_it_replies_to_the_question_with_a_footer_and_no_previews(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.answer(answer("Use **bold** 🎉."), unheard)
        [call] = api.calls
        assert call.params["text"] == "Use bold 🎉.\n\nhaiku · 2 s · $0.01"
        assert call.params["reply_parameters"] == {
            "message_id": 42,
            "allow_sending_without_reply": True,
        }
        assert call.params["link_preview_options"] == {"is_disabled": True}
        bold, italic = call.params["entities"]
        assert (bold["type"], bold["offset"], bold["length"]) == ("bold", 4, 4)
        assert (italic["type"], italic["offset"], italic["length"]) == ("italic", 14, 19)

    async def test_a_long_one_comes_in_parts_of_which_the_first_replies(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.answer(
            answer("\n\n".join(f"paragraph {n} " + "word " * 100 for n in range(40))), unheard
        )
        calls = api.of("sendMessage")
        assert len(calls) > 2
        assert ["reply_parameters" in call.params for call in calls].index(False) == 1
        assert all(len(call.params["text"]) <= 4096 for call in calls)
        everything = "".join(api.texts())
        places = [everything.index(f"paragraph {n} ") for n in range(40)]
        assert places == sorted(places)

    async def test_an_open_fence_does_not_swallow_the_footer(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.answer(answer("```\ncode"), unheard)
        pre, italic = api.calls[0].params["entities"]
        assert pre["type"] == "pre"
        assert italic["offset"] >= pre["offset"] + pre["length"]

    async def test_refused_formatting_is_left_out_and_the_words_stay(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.plan("sendMessage", BadCall("entity URL 'x' is invalid"))
        await chat.answer(answer("**word**"), unheard)
        assert [("entities" in call.params) for call in api.calls] == [True, False]
        assert api.texts()[1].startswith("word")

    async def test_a_part_that_telegram_will_not_take_is_named_and_the_rest_follows(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.plan("sendMessage", BadCall("no"), BadCall("no"))
        await chat.answer(answer("**word**"), unheard)
        assert api.texts()[-1] == REFUSED.params["text"]

    async def test_it_is_repeated_until_telegram_confirms(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.plan("sendMessage", *[ChatUnreachable("", perhaps_done=False)] * 40)
        await chat.answer(answer("word"), unheard)
        assert len(api.calls) == 41

    async def test_each_confirmed_part_is_told_and_not_sent_again(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        told: list[int] = []

        async def confirmed(parts: int) -> None:
            assert len(api.texts()) == parts
            told.append(parts)

        long = answer("\n\n".join(f"paragraph {n} " + "word " * 100 for n in range(40)))
        await chat.answer(long, confirmed)
        texts = api.texts()
        assert told == list(range(1, len(texts) + 1))
        api.calls.clear()
        await chat.answer(replace(long, parts=3), unheard)
        assert api.texts() == texts[3:]
        api.calls.clear()
        await chat.answer(replace(long, parts=len(texts)), unheard)
        assert api.calls == []

    async def test_one_that_shows_nothing_is_still_an_answer(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.answer(answer("[a]: http://example.com", footer=""), unheard)
        assert api.texts() == ["[a]: http://example.com"]

    async def test_a_chat_that_is_gone_is_an_error(self, api: FakeApi, chat: TelegramChat) -> None:
        api.plan("sendMessage", ChatGone("blocked"))
        with pytest.raises(ChatGone):
            await chat.answer(answer("word"), unheard)

    async def test_it_stays_in_its_topic(self, api: FakeApi, chat: TelegramChat) -> None:
        await chat.say(Place(-5, 9), "word")
        assert (api.calls[0].params["chat_id"], api.calls[0].params["message_thread_id"]) == (-5, 9)


class TestFile:
    PLACE = Place(1, 9)

    async def test_it_keeps_its_name_and_has_a_caption_with_formatting(
        self, api: FakeApi, chat: TelegramChat, tmp_path: Path
    ) -> None:
        path = tmp_path / "rapport å.csv"
        path.write_bytes(b"a,b\n")
        await chat.file(self.PLACE, path, "The **report**")
        [call] = api.calls
        assert call.method == "sendDocument"
        assert (call.params["chat_id"], call.params["message_thread_id"]) == (1, 9)
        assert call.params["document"] == Upload("rapport å.csv", b"a,b\n")
        assert call.params["caption"] == "The report"
        assert call.params["caption_entities"] == [{"type": "bold", "offset": 4, "length": 6}]

    async def test_a_caption_that_is_too_long_goes_before_it_as_a_message(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        words = " ".join(f"word{n}" for n in range(300))
        await chat.document(Place(1), "a.txt", b"x", words, reply=42)
        text, file = api.calls
        assert text.params["text"] == words
        assert "caption" not in file.params
        assert file.params["reply_parameters"]["message_id"] == 42

    async def test_a_picture_is_a_photo(self, api: FakeApi, chat: TelegramChat) -> None:
        await chat.photo(Place(1), b"png", "Costs")
        [call] = api.calls
        assert call.method == "sendPhoto"
        assert call.params["photo"].data == b"png"
        assert call.params["caption"] == "Costs"

    async def test_one_over_50_mb_is_not_sent_and_why_is_said(
        self, api: FakeApi, chat: TelegramChat, tmp_path: Path
    ) -> None:
        with (tmp_path / "big").open("wb") as file:
            file.truncate(60_400_000)
        with pytest.raises(ChatError, match="It has 61 MB; Telegram takes files up to 50 MB"):
            await chat.file(self.PLACE, tmp_path / "big")
        assert api.calls == []

    async def test_one_that_is_empty_or_not_there_is_not_sent_and_why_is_said(
        self, api: FakeApi, chat: TelegramChat, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").touch()
        with pytest.raises(ChatError, match="empty"):
            await chat.file(self.PLACE, tmp_path / "empty")
        with pytest.raises(ChatError, match="No such file"):
            await chat.file(self.PLACE, tmp_path / "missing")
        assert api.calls == []

    async def test_a_refused_caption_goes_without_formatting(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.plan("sendDocument", BadCall("entity URL is invalid"))
        await chat.document(Place(1), "a.txt", b"x", "**word**")
        assert ["caption_entities" in call.params for call in api.calls] == [True, False]

    async def test_one_that_telegram_refuses_is_an_error(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        api.plan("sendDocument", BadCall("Telegram refused sendDocument: file is too big"))
        with pytest.raises(ChatError, match="too big"):
            await chat.document(Place(1), "a.txt", b"x")


class TestAsk:
    ASK = Ask("ab12", KEY, 7, 1, "Run this?", "```bash\nrm -r build\n```", ("Allow", "Deny"))

    async def test_a_question_shows_what_it_is_about_and_its_buttons(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.ask(self.ASK)
        [call] = api.calls
        assert "Run this?" in call.params["text"]
        assert "rm -r build" in call.params["text"]
        [row] = call.params["reply_markup"]["inline_keyboard"]
        assert [button["text"] for button in row] == ["Allow", "Deny"]

    async def test_a_long_question_has_its_buttons_below_the_last_part(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.ask(replace(self.ASK, body="word " * 2000))
        assert ["reply_markup" in call.params for call in api.calls] == [False, False, True]

    async def test_once_answered_it_shows_the_choice_and_no_buttons(
        self, api: FakeApi, chat: TelegramChat
    ) -> None:
        await chat.settle(replace(self.ASK, message_id=101), "Allow")
        [call] = api.calls
        assert (call.method, call.params["message_id"]) == ("editMessageText", 101)
        assert call.params["text"].endswith("→ Allow")
        assert "reply_markup" not in call.params
