"""The simulated Bot API as python-telegram-bot sees it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    ReactionTypeEmoji,
    Update,
)
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TimedOut

from bridge.simulator.bot_api import telegram
from bridge.simulator.faults import Fault
from bridge.simulator.flood import TOLERANT
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.phone import PNG, TOKEN, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def world(clock: HandClock) -> World:
    return World(clock=clock)


@pytest.fixture(autouse=True)
def _timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the library warns about every RetryAfter."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    async with serving(telegram(world, TOKEN, TOLERANT)) as address:
        yield address


@pytest.fixture
async def bot(url: str) -> AsyncIterator[Bot]:
    async with make(url) as ready:
        yield ready


def make(url: str, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot")


async def updates(bot: Bot, offset: int = 0, **given: object) -> list[Update]:
    # python-telegram-bot warns about the raw way to a method it knows, unless spelled like this
    raw = await bot.do_api_request("getupdates", api_kwargs={"offset": offset, **given})
    assert isinstance(raw, list)
    return list(Update.de_list(raw, bot))


async def test_it_starts_and_knows_itself(bot: Bot) -> None:
    assert bot.username == "tollbridge_bot"


async def test_a_wrong_token_is_an_invalid_token(url: str) -> None:
    with pytest.raises(InvalidToken):
        async with make(url, "4242:other"):
            pass


async def test_it_sends_edits_reacts_and_deletes(bot: Bot, world: World) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Allow", callback_data="allow:1")]])
    sent = await bot.send_message(
        111,
        "hello",
        entities=[MessageEntity(MessageEntity.BOLD, 0, 5)],
        reply_markup=keyboard,
    )
    assert sent.entities[0].type == "bold"
    edited = await sent.edit_text("bye")
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup) == ("bye", None)
    with pytest.raises(BadRequest, match=r"(?i)message is not modified"):
        await sent.edit_text("bye")
    await sent.set_reaction(ReactionTypeEmoji("👀"))
    assert world.messages(111)[0]["reactions"] == [{"emoji": "👀"}]
    await sent.delete()
    assert world.messages(111) == []


async def test_a_draft_with_a_stop_button(bot: Bot, world: World) -> None:
    stop = {"can_stop": True, "keep_on_stop": True}
    await bot.send_message_draft(111, 7, "so far", api_kwargs=stop)
    assert [d.json() for d in world.live.drafts(111)] == [
        {
            "draft_id": 7,
            "text": "so far",
            "entities": [],
            "can_stop": True,
            "message_thread_id": None,
        },
    ]
    world.stop_draft(111, 111, 7)
    (update,) = await updates(bot, allowed_updates=["message", "stopped_message_generation"])
    assert update.api_kwargs["stopped_message_generation"]["draft_id"] == 7


async def test_files_go_both_ways(bot: Bot, world: World) -> None:
    sent = await bot.send_document(111, b"hello", filename="a.txt", caption="log")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("a.txt", 5)
    picture = await bot.send_photo(111, PNG)
    assert picture.photo[-1].width == 3
    world.upload(111, "b.txt", "text/plain", b"from Ada")
    (update,) = await updates(bot)
    assert update.message is not None
    assert update.message.document is not None
    file = await update.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"from Ada"


async def test_a_command_a_tap_and_its_answer(bot: Bot, world: World) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("A", callback_data="a")]])
    asked = await bot.send_message(111, "?", reply_markup=keyboard)
    world.say(111, "/help me")
    tap = world.tap(111, 111, asked.message_id, "a")
    command, tapped = await updates(bot)
    assert command.message is not None
    assert command.message.parse_entities(["bot_command"]) != {}
    assert tapped.callback_query is not None
    await tapped.callback_query.answer("thanks")
    assert world.taps.answered(tap) == {"text": "thanks", "show_alert": False}
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await tapped.callback_query.answer()


async def test_its_own_long_poll_and_the_conflict(bot: Bot, clock: HandClock) -> None:
    older = asyncio.create_task(updates(bot, timeout=30))
    await clock.waited_for(30)
    newer = asyncio.create_task(updates(bot, timeout=31))
    with pytest.raises(Conflict):
        await older
    clock.advance(31)
    assert await newer == []


async def test_commands_and_chats_parse(bot: Bot, world: World) -> None:
    await bot.set_my_commands([BotCommand("help", "What I can do")])
    assert world.commands == [{"command": "help", "description": "What I can do"}]
    assert (await bot.get_chat(-1001)).title == "Kitchen table"
    assert (await bot.get_chat_member(-1001, 111)).status == "member"
    assert (await bot.get_webhook_info()).pending_update_count == 0
    assert await bot.send_chat_action(111, "typing")


async def test_a_flood_is_a_retry_after(bot: Bot) -> None:
    for _ in range(4):
        await bot.send_message(111, "a")
    with pytest.raises(RetryAfter):
        await bot.send_message(111, "a")


async def test_a_dropped_call_did_nothing_and_a_lost_reply_did_it(bot: Bot, world: World) -> None:
    world.faults.add(Fault("sendMessage", "drop"))
    with pytest.raises(NetworkError):
        await bot.send_message(111, "dropped")
    world.faults.add(Fault("sendMessage", "lost_reply"))
    with pytest.raises(NetworkError):
        await bot.send_message(111, "lost")
    assert [m["text"] for m in world.messages(111)] == ["lost"]
    assert [c.status for c in world.calls if c.method == "sendMessage"] == [None, None]


async def test_a_call_that_hangs_times_out(bot: Bot, world: World) -> None:
    world.faults.add(Fault("sendMessage", "hang"))
    with pytest.raises(TimedOut):
        await bot.send_message(111, "a", read_timeout=0.01)
    assert world.messages(111) == []


@pytest.mark.parametrize("kind", ["500", "502"])
async def test_a_broken_server_is_a_network_error(bot: Bot, world: World, kind: str) -> None:
    world.faults.add(Fault("*", kind))
    with pytest.raises(NetworkError):
        await bot.send_message(111, "a")


async def test_an_ordered_429_says_when(bot: Bot, world: World) -> None:
    world.faults.add(Fault("sendMessage", "429", chat=111, retry_after=17))
    await bot.send_message(222, "another chat")
    with pytest.raises(RetryAfter, match="17"):
        await bot.send_message(111, "a")
