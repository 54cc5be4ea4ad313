"""Long answers at the true rates, under a strict model of Telegram's limits, in virtual time."""

import asyncio
import random
from collections.abc import Callable

import pytest

from bridge.errors import ChatError
from bridge.model import Answer, Ask, Inbound, Mode, Outcome, SessionKey
from bridge.progress import Block, Phase, Progress
from bridge.settings import Settings
from bridge.simulator.cast import Chat, User
from bridge.simulator.faults import Fault
from bridge.simulator.flood import STRICT
from bridge.simulator.world import World
from bridge.telegram.chat import TelegramChat
from bridge.telegram.outbox import Outbox, Rates
from tests.fakes import START, LoopClock
from tests.unit.telegram.simulated import LoopTime, Simulated

PEOPLE = [User(number, f"User {number}", f"user{number}") for number in range(101, 111)]
GROUP = Chat(-5, "group", "The team", members=tuple(user.id for user in PEOPLE))
CHATS = [user.id for user in PEOPLE]
LONG = "\n\n".join(f"w{n} " + "word " * 90 for n in range(220))  # 100 KB
WORDS = LONG.split()


def world() -> World:
    return World(PEOPLE, [GROUP], clock=LoopTime())


def key(chat: int) -> SessionKey:
    return SessionKey(chat, 0, "main")


async def turn(chat: TelegramChat, place: int, seconds: int = 30) -> None:
    """A model that speaks for a while, then a long answer."""
    inbound = Inbound(place, key(place), abs(place), "go", 0, START)
    await chat.seen(inbound)
    async with chat.live(inbound, Mode.DEFAULT) as live:
        for n in range(seconds * 10):
            said = LONG[: 100_000 * n // (seconds * 10)]
            live.show(Progress(START, Phase.WRITING, "haiku", blocks=(Block("m", 0, said),)))
            await asyncio.sleep(0.1)
    await chat.answer(Answer(place, key(place), 0, LONG, Outcome.DONE, "haiku"), unheard)


async def unheard(_parts: int) -> None:
    """Nobody cares how many parts are there."""


def answered(api: Simulated, chat: int) -> list[str]:
    """The words of the answer as they stand in the chat."""
    said = " ".join(api.texts(chat)).split()
    return [word for word in said if word.startswith("w")]


@pytest.mark.parametrize("drafts", [True, False])
async def test_ten_chats_at_once_with_100_kb_each_break_no_limit(
    read: Callable[[], Settings], *, drafts: bool
) -> None:
    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        chat.drafts = drafts
        async with asyncio.TaskGroup() as tasks:
            for place in CHATS:
                tasks.create_task(turn(chat, place))
        await chat.idle()
    assert [r for r in api.refusals() if r[0] != "setMessageReaction"] == []
    for place in CHATS:
        assert answered(api, place) == WORDS


async def test_a_group_gets_its_long_answer_without_a_ban(read: Callable[[], Settings]) -> None:
    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        await turn(chat, GROUP.id, seconds=120)
        await chat.idle()
    assert [r for r in api.refusals() if r[0] != "setMessageReaction"] == []
    assert answered(api, GROUP.id) == WORDS


async def test_a_final_answer_is_there_at_once_while_pictures_wait(
    read: Callable[[], Settings],
) -> None:
    """In one group many turns draw; the answer of one does not wait for their budget."""
    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        draw = [asyncio.create_task(turn(chat, GROUP.id, seconds=300)) for _ in range(5)]
        await asyncio.sleep(60)
        asked = asyncio.get_running_loop().time()
        short = Answer(1, key(GROUP.id), 0, "Short.", Outcome.DONE)
        await chat.answer(short, unheard)
        assert asyncio.get_running_loop().time() - asked <= 0.3
        for task in draw:
            task.cancel()
        await asyncio.gather(*draw, return_exceptions=True)
        await chat.aclose()
    assert "Short." in api.texts(GROUP.id)


FAULTS = ("429", "500", "502", "late_500", "drop", "lost_reply", "hang", "late_hang")


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_fails_every_answer_is_there_complete_in_order_and_once(
    read: Callable[[], Settings], seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - reproducible, no secret
    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        chat.drafts = True
        for place in CHATS:  # an earlier message of each is known
            await chat.say(key(place).place, "Hello.")
        methods = ("sendMessage", "sendMessage", "editMessageReplyMarkup", "sendMessageDraft")
        for _ in range(60):
            kind, place = dice.choice(FAULTS), dice.choice(CHATS)
            fault = Fault(dice.choice(methods), kind, place, dice.randint(1, 60))
            api.world.faults.add(fault)
        async with asyncio.TaskGroup() as tasks:
            for place in CHATS:
                tasks.create_task(turn(chat, place, seconds=20))
        await chat.idle()
    for place in CHATS:
        assert answered(api, place) == WORDS


async def test_nothing_is_sent_into_a_ban(read: Callable[[], Settings]) -> None:
    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        chat.drafts = True
        for seconds in (1, 7, 60, 7728):
            api.world.faults.add(Fault("sendMessage", "429", 101, seconds))
        await turn(chat, 101)
        await chat.idle()
    calls = [c for c in api.world.calls if c.chat == 101]
    bans = [c.at for c in calls if c.status == 429]
    for at, seconds in zip(bans, (1, 7, 60, 7728), strict=True):
        assert not [c for c in calls if at < c.at < at + seconds]
    assert answered(api, 101) == WORDS


async def test_an_answer_goes_on_where_a_crash_cut_it_off(read: Callable[[], Settings]) -> None:
    told: list[int] = []

    async def stored(parts: int) -> None:
        told.append(parts)
        if len(told) == 5:
            raise ChatError("the process ends here")

    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        answer = Answer(7, key(101), 0, LONG, Outcome.DONE, "haiku")
        with pytest.raises(ChatError):
            await chat.answer(answer, stored)
        rest = Answer(7, key(101), 0, LONG, Outcome.DONE, "haiku", parts=told[-1])
        await TelegramChat(outbox, read, LoopClock()).answer(rest, stored)
    assert told == list(range(1, len(api.texts(101)) + 1))
    assert answered(api, 101) == WORDS


async def test_a_command_is_answered_within_a_second_of_a_hundred_messages(
    read: Callable[[], Settings],
) -> None:
    """Each of them is refused with a sentence, for which nobody waits."""
    async with (
        Simulated(world(), STRICT) as api,
        Outbox(api, LoopClock(), Rates()) as outbox,
        asyncio.TaskGroup() as tasks,
    ):
        chat = TelegramChat(outbox, read, LoopClock())
        place = key(101).place
        for n in range(100):
            tasks.create_task(chat.refuse(place, f"Too many: {n}", 0))
            await asyncio.sleep(0.1)
        asked = asyncio.get_running_loop().time()
        await chat.reply(place, "Stopping.")
        assert asyncio.get_running_loop().time() - asked <= 1.0
        ask = Ask("ab", key(101), 7, 101, "Run this?", "", ("Allow", "Deny"))
        await chat.ask(ask)
        assert asyncio.get_running_loop().time() - asked <= 1.0
    assert len(api.texts(101)) == 102
    assert api.refusals() == []
