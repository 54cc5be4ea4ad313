"""One pacing for everything: nothing over a limit, the urgent first, nothing into a ban."""

import asyncio
from typing import Any

import pytest

from bridge.errors import ChatBusy, ChatGone
from bridge.telegram.bot import ChatUnreachable
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox, Rates
from tests.fakes import FakeApi, LoopClock


def text(chat: int, words: str) -> dict[str, Any]:
    return {"chat_id": chat, "text": words}


def edit(chat: int, message: int, words: str) -> dict[str, Any]:
    return {"chat_id": chat, "message_id": message, "text": words}


def draft(chat: int, words: str) -> dict[str, Any]:
    return {"chat_id": chat, "draft_id": 1, "text": words}


def busiest(times: list[float], window: float) -> int:
    """The most calls in any half-open stretch of `window` seconds."""
    return max(sum(1 for t in times if start <= t < start + window) for start in times)


async def test_a_chat_gets_a_little_less_than_one_a_second_after_its_first(
    api: FakeApi, outbox: Outbox
) -> None:
    await asyncio.gather(*(outbox.send("sendMessage", text(1, str(n))) for n in range(30)))
    times = [call.at for call in api.calls]
    assert busiest(times, 1.0) <= 3
    assert busiest(times, 20.0) <= 20
    assert times[-1] < 32
    assert api.texts() == [str(n) for n in range(30)]


async def test_something_is_kept_for_the_more_urgent(api: FakeApi, outbox: Outbox) -> None:
    """A question does not wait for the budget that answers use up, nor an answer for pictures."""
    async with asyncio.TaskGroup() as tasks:
        for n in range(10):
            note = outbox.send("sendMessage", text(1, f"note {n}"), Priority.STATUS)
            tasks.create_task(note)
        await asyncio.sleep(5)
        tasks.create_task(outbox.send("sendMessage", text(1, "final"), Priority.FINAL))
        await asyncio.sleep(0.3)
        tasks.create_task(outbox.send("sendMessage", text(1, "prompt"), Priority.PROMPT))
    at = {call.params["text"]: call.at for call in api.calls}
    assert at["final"] <= 5.2
    assert at["prompt"] <= 5.5
    assert at["note 9"] > at["final"]


async def test_a_group_never_gets_more_than_its_budget_in_any_minute(
    api: FakeApi, outbox: Outbox
) -> None:
    await asyncio.gather(*(outbox.send("sendMessage", text(-5, str(n))) for n in range(60)))
    assert busiest([call.at for call in api.calls], 60.0) <= 18


async def test_signs_keep_to_20_in_5_seconds_and_40_in_30(api: FakeApi, outbox: Outbox) -> None:
    typing = [{"chat_id": 1, "action": f"a{n}"} for n in range(100)]
    await asyncio.gather(*(outbox.send("sendChatAction", each) for each in typing))
    times = [call.at for call in api.calls]
    assert busiest(times, 5.0) <= 20
    assert busiest(times, 30.0) <= 40


async def test_signs_do_not_take_from_the_budget_of_messages(api: FakeApi, outbox: Outbox) -> None:
    for n in range(3):
        await outbox.send("sendMessageDraft", draft(1, str(n)), Priority.DRAFT)
    await asyncio.gather(*(outbox.send("sendMessage", text(1, "x")) for _ in range(2)))
    assert [call.at for call in api.of("sendMessage")] == [0, 0]


async def test_all_chats_together_keep_to_the_overall_rate(api: FakeApi) -> None:
    async with Outbox(api, LoopClock(), Rates(overall_per_second=10)) as outbox:
        await asyncio.gather(*(outbox.send("sendMessage", text(n, "x")) for n in range(1, 81)))
    times = [call.at for call in api.calls]
    assert busiest(times, 1.0) <= 10
    assert times[-1] < 11


async def test_among_all_chats_the_most_urgent_leaves_first(api: FakeApi) -> None:
    async with (
        Outbox(api, LoopClock(), Rates(overall_per_second=5)) as outbox,
        asyncio.TaskGroup() as tasks,
    ):
        for n in range(1, 31):
            sent = outbox.send("sendMessageDraft", draft(n, "x"), Priority.DRAFT)
            tasks.create_task(sent)
        await asyncio.sleep(1)
        tasks.create_task(outbox.send("sendMessage", text(99, "final"), Priority.FINAL))
    [final] = api.of("sendMessage")
    assert final.at <= 1.3
    assert api.calls[-1].at > 5


async def test_the_most_urgent_leaves_first_however_late_it_came(
    api: FakeApi, outbox: Outbox
) -> None:
    api.latency = 0.2
    async with asyncio.TaskGroup() as tasks:
        for n in range(3):
            tasks.create_task(outbox.send("sendMessage", text(1, f"first {n}")))
        tasks.create_task(outbox.send("editMessageText", edit(1, 9, "s"), Priority.STATUS))
        tasks.create_task(outbox.send("sendMessage", text(1, "final"), Priority.FINAL))
        await asyncio.sleep(0.3)
        tasks.create_task(outbox.send("sendMessage", text(1, "prompt"), Priority.PROMPT))
    said = [call.params["text"] for call in api.calls]
    assert said == ["first 0", "first 1", "prompt", "first 2", "final", "s"]


async def test_what_it_shows_is_made_when_it_leaves(api: FakeApi, outbox: Outbox) -> None:
    api.plan("editMessageText", ChatBusy("", 20))
    words = ["old"]
    sent = outbox.send(
        "editMessageText",
        {"chat_id": 1, "message_id": 9},
        Priority.STATUS,
        latest=lambda: {"text": words[-1]},
    )
    waiting = asyncio.create_task(sent)
    await asyncio.sleep(10)
    words.append("new")
    await waiting
    assert [call.params["text"] for call in api.calls] == ["old", "new"]


async def test_what_is_not_wanted_any_more_is_never_sent(api: FakeApi, outbox: Outbox) -> None:
    api.plan("sendMessage", ChatBusy("", 100))
    wanted = [True]
    sent = outbox.send("sendMessage", text(1, "x"), wanted=lambda: wanted[0])
    waiting = asyncio.create_task(sent)
    await asyncio.sleep(1)
    wanted[0] = False
    outbox.prune(1)
    assert await waiting is None
    await asyncio.sleep(200)
    assert len(api.calls) == 1


async def test_a_newer_edit_replaces_a_waiting_one_and_shares_its_result(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("editMessageText", lambda params: params["text"])
    for _ in range(2):
        await outbox.send("sendMessage", text(1, "burst"))
    edits = [outbox.send("editMessageText", edit(1, 9, str(n))) for n in range(50)]
    assert await asyncio.gather(*edits) == ["49"] * 50
    assert len(api.of("editMessageText")) == 1


async def test_edits_of_other_messages_are_left_alone(api: FakeApi, outbox: Outbox) -> None:
    edits = [outbox.send("editMessageText", edit(1, n, "x")) for n in (7, 8)]
    await asyncio.gather(*edits)
    assert [call.params["message_id"] for call in api.calls] == [7, 8]


async def test_a_dropped_draft_is_never_sent_and_its_caller_gets_none(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("sendMessageDraft", ChatBusy("", 10))
    waiting = asyncio.create_task(outbox.send("sendMessageDraft", draft(1, "old")))
    await asyncio.sleep(1)
    outbox.drop("sendMessageDraft", draft(1, ""))
    assert await waiting is None
    await asyncio.sleep(60)
    assert len(api.calls) == 1


async def test_a_429_pauses_its_chat_and_no_other(api: FakeApi, outbox: Outbox) -> None:
    api.plan("sendMessage", ChatBusy("", 30))
    banned = asyncio.create_task(outbox.send("sendMessage", text(1, "banned")))
    await asyncio.sleep(5)
    await outbox.send("sendMessage", text(2, "free"))
    await banned
    assert [(call.params["text"], call.at) for call in api.calls] == [
        ("banned", 0),
        ("free", 5),
        ("banned", 30),
    ]


async def test_nothing_at_all_is_sent_to_a_chat_whose_messages_are_banned(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("sendMessage", ChatBusy("", 30))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.send("sendMessage", text(1, "banned")))
        await asyncio.sleep(1)
        tasks.create_task(outbox.send("sendMessage", text(1, "next")))
        tasks.create_task(outbox.send("sendMessageDraft", draft(1, "sign")))
    assert min(call.at for call in api.calls[1:]) == 30


async def test_a_draft_429_skips_frames_and_leaves_messages_alone(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("sendMessageDraft", ChatBusy("", 10))
    with pytest.raises(ChatBusy):
        await outbox.send("sendMessageDraft", draft(1, "0"), Priority.DRAFT)
    async with asyncio.TaskGroup() as tasks:
        for n in range(1, 5):
            tasks.create_task(outbox.send("sendMessageDraft", draft(1, str(n)), Priority.DRAFT))
            await asyncio.sleep(1)
        await outbox.send("sendMessage", text(1, "final"))
        assert api.calls[-1].at == 4
    assert [(c.params["text"], c.at) for c in api.of("sendMessageDraft")] == [("0", 0), ("4", 10)]


async def test_several_chats_hit_at_once_pause_everything(api: FakeApi, outbox: Outbox) -> None:
    api.plan("sendMessage", ChatBusy("", 20), ChatBusy("", 10))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.send("sendMessage", text(1, "a")))
        tasks.create_task(outbox.send("sendMessage", text(2, "b")))
        await asyncio.sleep(1)
        tasks.create_task(outbox.send("sendMessage", text(3, "c")))
    assert [call.at for call in api.calls] == [0, 0, 20, 20, 20]


async def test_a_long_ban_of_another_chat_from_before_pauses_nobody_else(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("sendMessage", ChatBusy("", 7728))
    banned = asyncio.create_task(outbox.send("sendMessage", text(9, "long")))
    await asyncio.sleep(60)
    api.plan("sendMessage", ChatBusy("", 2), ChatBusy("", 3))
    await asyncio.gather(*(outbox.send("sendMessage", text(n, "x")) for n in (1, 2)))
    assert api.calls[-1].at == 63
    await banned
    assert api.calls[-1].at == 7728


async def test_drafts_hit_in_several_chats_pause_drafts_and_no_message(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("sendMessageDraft", ChatBusy("", 20), ChatBusy("", 20))
    drafts = (outbox.send("sendMessageDraft", draft(n, "x"), Priority.DRAFT) for n in (1, 2))
    await asyncio.gather(*drafts, return_exceptions=True)
    await outbox.send("sendMessage", text(3, "final"))
    assert api.calls[-1].at == 0
    await outbox.send("sendMessageDraft", draft(3, "x"), Priority.DRAFT)
    assert api.calls[-1].at == 20


async def test_a_send_that_did_not_arrive_is_repeated_with_growing_pauses(
    api: FakeApi, outbox: Outbox
) -> None:
    lost = ChatUnreachable("", perhaps_done=False)
    api.plan("sendMessage", lost, lost, lost)
    await outbox.send("sendMessage", text(1, "x"))
    assert [call.at for call in api.calls] == [0, 0.5, 1.5, 3.5]


async def test_an_edit_whose_fate_is_unknown_is_repeated(api: FakeApi, outbox: Outbox) -> None:
    api.plan("editMessageText", ChatUnreachable("", perhaps_done=True))
    assert await outbox.send("editMessageText", edit(1, 9, "x")) is True


async def test_what_has_to_arrive_is_repeated_until_it_does(api: FakeApi, outbox: Outbox) -> None:
    api.plan("sendMessage", *[ChatUnreachable("", perhaps_done=False)] * 200)
    await outbox.send("sendMessage", text(1, "x"))
    assert len(api.calls) == 201


async def test_a_picture_is_given_up_after_a_minute(api: FakeApi, outbox: Outbox) -> None:
    api.plan("editMessageText", *[ChatUnreachable("", perhaps_done=True)] * 20)
    with pytest.raises(ChatUnreachable):
        await outbox.send("editMessageText", edit(1, 9, "x"), Priority.STATUS)
    assert len(api.calls) == 8


async def test_an_error_goes_to_its_caller_and_the_lane_goes_on(
    api: FakeApi, outbox: Outbox
) -> None:
    api.plan("sendMessage", ChatGone("blocked"), RuntimeError("bug"))
    results = await asyncio.gather(
        *(outbox.send("sendMessage", text(1, str(n))) for n in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [ChatGone, RuntimeError, dict]


async def test_answers_to_taps_wait_for_nothing(api: FakeApi, outbox: Outbox) -> None:
    api.plan("sendMessage", ChatBusy("", 100))
    banned = asyncio.create_task(outbox.send("sendMessage", text(1, "x")))
    await asyncio.sleep(1)
    await outbox.send("answerCallbackQuery", {"callback_query_id": "1"})
    assert api.calls[-1].at == 1
    banned.cancel()


async def test_what_nobody_waits_for_any_more_is_not_sent(api: FakeApi, outbox: Outbox) -> None:
    for _ in range(3):
        await outbox.send("sendMessage", text(1, "burst"))
    late = asyncio.create_task(outbox.send("sendMessage", text(1, "late")))
    await asyncio.sleep(0.1)
    late.cancel()
    await asyncio.sleep(10)
    assert "late" not in api.texts()


async def test_idle_means_no_task_at_all(outbox: Outbox) -> None:
    before = asyncio.all_tasks()
    await outbox.send("sendMessage", text(1, "x"))
    await asyncio.sleep(0)
    assert outbox.idle()
    assert asyncio.all_tasks() == before


async def test_closing_cancels_what_waits(api: FakeApi) -> None:
    api.plan("sendMessage", ChatBusy("", 100))
    outbox = Outbox(api, LoopClock(), Rates())
    waiting = asyncio.create_task(outbox.send("sendMessage", text(1, "x")))
    await asyncio.sleep(1)
    await outbox.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
