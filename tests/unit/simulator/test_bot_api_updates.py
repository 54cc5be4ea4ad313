"""getUpdates: what comes again, what is confirmed, and who is turned out."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bridge.simulator.bot_api import telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.phone import TOKEN, Caller, HandClock, calling

CONFLICT = (
    "409 Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def bot(clock: HandClock) -> AsyncIterator[Caller]:
    async with calling(World(clock=clock)) as caller:
        yield caller


async def poll(bot: Caller, **given: Any) -> list[str]:
    """The texts of the messages that came."""
    return [u["message"]["text"] for u in await bot.call("getUpdates", **given)]


async def test_an_update_comes_again_until_a_higher_offset_confirms_it(
    bot: Caller,
    clock: HandClock,
) -> None:
    first = bot.world.say(111, "a")["update_id"]
    bot.world.say(111, "b")
    assert await poll(bot) == ["a", "b"]
    clock.advance(1)
    assert await poll(bot) == ["a", "b"]
    assert await poll(bot, offset=first + 1) == ["b"]
    assert await poll(bot, offset=0) == ["b"]


async def test_a_negative_offset_keeps_only_the_last(bot: Caller) -> None:
    for text in "abc":
        bot.world.say(111, text)
    assert await poll(bot, offset=-2) == ["b", "c"]
    assert await poll(bot, offset=0) == ["b", "c"]


async def test_an_offset_far_ahead_is_ignored(bot: Caller) -> None:
    last = bot.world.say(111, "a")["update_id"]
    assert await poll(bot, offset=last + 12) == ["a"]
    assert await poll(bot, offset=last + 11) == []


async def test_the_limit_is_kept(bot: Caller) -> None:
    for text in "abc":
        bot.world.say(111, text)
    assert await poll(bot, limit=2) == ["a", "b"]


async def test_asking_the_same_at_once_gets_one_update(bot: Caller) -> None:
    for text in "abc":
        bot.world.say(111, text)
    assert await poll(bot, offset=1) == ["a", "b", "c"]
    assert await poll(bot, offset=1) == ["a"]


async def test_asking_the_same_again_soon_has_to_wait_three_seconds(
    bot: Caller,
    clock: HandClock,
) -> None:
    assert await poll(bot, offset=1) == []
    again = asyncio.create_task(poll(bot, offset=1))
    await clock.waited_for(3)
    clock.advance(3)
    assert await again == []


async def test_a_long_poll_ends_with_the_first_update(bot: Caller, clock: HandClock) -> None:
    waiting = asyncio.create_task(poll(bot, timeout=30))
    await clock.waited_for(30)
    bot.world.say(111, "hi")
    assert await waiting == ["hi"]


async def test_a_long_poll_waits_at_most_fifty_seconds(bot: Caller, clock: HandClock) -> None:
    waiting = asyncio.create_task(poll(bot, timeout=1000))
    await clock.waited_for(50)
    clock.advance(50)
    assert await waiting == []


async def test_the_older_waiting_poll_is_turned_out(bot: Caller, clock: HandClock) -> None:
    older = asyncio.create_task(bot.refused("getUpdates", timeout=30))
    await clock.waited_for(30)
    newer = asyncio.create_task(poll(bot, timeout=40))
    assert await older == CONFLICT
    bot.world.say(111, "hi")
    assert await newer == ["hi"]


async def test_a_poll_that_does_not_wait_turns_nobody_out(bot: Caller, clock: HandClock) -> None:
    waiting = asyncio.create_task(poll(bot, timeout=30))
    await clock.waited_for(30)
    assert await poll(bot, offset=5) == []
    bot.world.say(111, "hi")
    assert await waiting == ["hi"]


async def test_the_second_conflict_in_three_seconds_is_delayed(
    bot: Caller,
    clock: HandClock,
) -> None:
    first = asyncio.create_task(bot.refused("getUpdates", timeout=30))
    await clock.waited_for(30)
    second = asyncio.create_task(bot.refused("getUpdates", timeout=31))
    assert await first == CONFLICT
    third = asyncio.create_task(poll(bot, timeout=32))
    await clock.waited_for(3)
    assert not second.done()
    clock.advance(3)
    assert await second == CONFLICT
    clock.advance(30)
    assert await third == []


async def test_a_dropped_long_poll_gives_up_its_place() -> None:
    clock = HandClock()
    world = World(clock=clock)
    async with serving(telegram(world, TOKEN)) as url, httpx.AsyncClient(base_url=url) as http:
        path = f"/bot{TOKEN}/getUpdates"
        gone = asyncio.create_task(http.get(path, params={"timeout": 30}))
        await clock.waited_for(30)
        gone.cancel()
        await world.wait(lambda: world.calls)
        assert world.calls[0].status is None
        world.say(111, "hi")
        answer = (await http.get(path, params={"offset": 0, "limit": 5})).json()
        assert [u["message"]["text"] for u in answer["result"]] == ["hi"]


async def test_taps_are_kept_for_150_seconds_and_messages_for_a_day(
    bot: Caller,
    clock: HandClock,
) -> None:
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    asked = await bot.call("sendMessage", chat_id=111, text="?", reply_markup=markup)
    bot.world.tap(111, 111, asked["message_id"], "a")
    bot.world.say(111, "hi")
    clock.advance(151)
    assert await poll(bot) == ["hi"]
    clock.advance(86_400)
    assert await poll(bot) == []


async def test_only_the_kinds_asked_for_arise_and_the_list_is_remembered(bot: Caller) -> None:
    await poll(bot, allowed_updates=["callback_query"])
    assert bot.world.say(111, "unheard")["update_id"] is None
    await poll(bot, offset=1)
    assert bot.world.say(111, "unheard")["update_id"] is None
    await poll(bot, offset=2, allowed_updates=[])
    assert bot.world.say(111, "heard")["update_id"] is not None


async def test_an_edit_of_a_user_arrives_as_an_edited_message(bot: Caller) -> None:
    message = bot.world.say(111, "a")["message"]
    bot.world.rewrite(111, 111, message["message_id"], "/b now")
    *_, update = await bot.call("getUpdates")
    assert update["edited_message"]["text"] == "/b now"
    assert update["edited_message"]["entities"] == [
        {"type": "bot_command", "offset": 0, "length": 2},
    ]
