"""Drafts: a preview with a Stop button that no history keeps."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.simulator.world import World
from tests.unit.simulator.phone import Caller, HandClock, calling


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def bot(clock: HandClock) -> AsyncIterator[Caller]:
    async with calling(World(clock=clock)) as caller:
        yield caller


async def draft(bot: Caller, text: str = "", draft_id: int = 5, **given: Any) -> None:
    given = {"chat_id": 111, "draft_id": draft_id, "text": text, **given}
    assert await bot.call("sendMessageDraft", **given) is True


def texts(bot: Caller) -> list[str]:
    return [d.text.text for d in bot.world.live.drafts(111)]


def events(bot: Caller) -> list[str]:
    return [e.type for e in bot.world.log.since(0)]


async def test_the_same_id_changes_a_draft_and_another_replaces_it(bot: Caller) -> None:
    await draft(bot)
    await draft(bot, "one")
    await draft(bot, "two", draft_id=6)
    assert texts(bot) == ["two"]
    assert events(bot) == ["draft", "draft", "draft_end", "draft"]


async def test_a_draft_goes_30_seconds_after_it_was_last_shown(
    bot: Caller,
    clock: HandClock,
) -> None:
    await draft(bot, "a")
    clock.advance(29)
    await draft(bot, "ab")
    clock.advance(29)
    assert texts(bot) == ["ab"]
    clock.advance(1)
    assert texts(bot) == []
    assert events(bot)[-1] == "draft_end"


@pytest.mark.parametrize("sender", ["bot", "user"])
async def test_a_draft_goes_when_any_message_arrives(bot: Caller, sender: str) -> None:
    await draft(bot, "a")
    if sender == "bot":
        await bot.call("sendMessage", chat_id=111, text="A")
    else:
        bot.world.say(111, "wait")
    assert texts(bot) == []
    assert events(bot) == ["draft", "draft_end", "message"]


async def test_a_message_in_another_topic_leaves_the_draft(bot: Caller) -> None:
    await draft(bot, "a", message_thread_id=3)
    await bot.call("sendMessage", chat_id=111, text="A")
    assert texts(bot) == ["a"]


async def test_stop_tells_the_bot_and_ends_the_preview(bot: Caller) -> None:
    await draft(bot, "a", can_stop=True, message_thread_id=3)
    bot.world.stop_draft(111, 111, 5)
    (update,) = await bot.call("getUpdates")
    stopped = update["stopped_message_generation"]
    assert (stopped["chat"]["id"], stopped["draft_id"], stopped["message_thread_id"]) == (111, 5, 3)
    assert texts(bot) == []


async def test_keep_on_stop_leaves_the_preview_without_its_button(bot: Caller) -> None:
    await draft(bot, "a", can_stop=True, keep_on_stop=True)
    bot.world.stop_draft(111, 111, 5)
    assert texts(bot) == ["a"]
    with pytest.raises(LookupError, match="no draft 5 to stop"):
        bot.world.stop_draft(111, 111, 5)


async def test_a_bot_that_did_not_ask_for_stops_hears_of_none(bot: Caller) -> None:
    await bot.call("getUpdates", allowed_updates=["message"])
    await draft(bot, "a", can_stop=True)
    bot.world.stop_draft(111, 111, 5)
    assert bot.world.updates.pending() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"chat_id": -1001, "draft_id": 5, "text": "a"}, "TEXTDRAFT_PEER_INVALID"),
        ({"chat_id": 111, "draft_id": 0, "text": "a"}, "draft_id must be non-zero"),
        ({"chat_id": 111, "draft_id": 5, "text": "a" * 4097}, "message is too long"),
        (
            {"chat_id": 111, "draft_id": 5, "text": "a_", "parse_mode": "MarkdownV2"},
            "can't parse entities: Can't find end of Italic entity at byte offset 1",
        ),
    ],
)
async def test_a_draft_that_telegram_refuses(
    bot: Caller,
    given: dict[str, Any],
    words: str,
) -> None:
    assert await bot.refused("sendMessageDraft", **given) == f"400 Bad Request: {words}"
