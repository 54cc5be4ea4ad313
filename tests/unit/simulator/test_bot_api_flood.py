"""The flood model: who shares a budget, and what a ban costs."""

from collections.abc import AsyncIterator

import pytest

from bridge.simulator.flood import STRICT, TOLERANT, Flood, Limits
from bridge.simulator.world import World
from tests.unit.simulator.phone import Caller, HandClock, calling


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def flood(clock: HandClock) -> Flood:
    return Flood(TOLERANT, clock.now)


@pytest.fixture
async def bot(clock: HandClock) -> AsyncIterator[Caller]:
    async with calling(World(clock=clock), TOLERANT) as caller:
        yield caller


async def test_a_429_says_how_long_in_three_places(bot: Caller) -> None:
    for _ in range(4):
        await bot.call("sendMessage", chat_id=111, text="a")
    response = await bot.raw("sendMessage", chat_id=111, text="a")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "1"
    assert response.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    assert len(bot.world.messages(111)) == 4


async def test_answers_and_questions_about_itself_are_free(bot: Caller) -> None:
    for _ in range(50):
        await bot.call("getMe")
        assert "query is too old" in await bot.refused("answerCallbackQuery")


def test_a_chat_takes_one_a_second_after_a_burst_of_four(flood: Flood, clock: HandClock) -> None:
    taken = []
    for _ in range(10):
        taken.append(flood.check("sendmessage", 111) is None)
        clock.advance(1 if len(taken) >= 4 else 0)
    assert all(taken)


def test_sending_and_editing_share_a_budget(flood: Flood) -> None:
    methods = ("sendmessage", "editmessagetext", "senddocument", "editmessagereplymarkup")
    assert [flood.check(m, 111) for m in methods] == [None] * 4
    assert flood.check("editmessagetext", 111) == 1


def test_a_call_during_a_ban_makes_it_longer(flood: Flood, clock: HandClock) -> None:
    waits = [flood.check("sendmessage", 111) for _ in range(7)]
    assert waits == [None] * 4 + [1, 2, 3]
    clock.advance(3)
    assert flood.check("sendmessage", 111) is None


def test_a_ban_concerns_one_chat(flood: Flood) -> None:
    for _ in range(5):
        flood.check("sendmessage", 111)
    assert flood.check("sendmessage", 222) is None


def test_a_group_takes_twenty_in_a_minute(flood: Flood, clock: HandClock) -> None:
    waits = []
    for _ in range(21):
        waits.append(flood.check("sendmessage", -1001))
        clock.advance(1)
    assert waits == [None] * 20 + [40]


def test_drafts_and_chat_actions_share_a_budget_of_their_own(
    flood: Flood,
    clock: HandClock,
) -> None:
    for method in ("sendmessagedraft", "sendchataction") * 10:
        assert flood.check(method, 111) is None
    assert flood.check("sendchataction", 111) == 5
    assert flood.check("sendmessage", 111) is None
    clock.advance(5)
    for _ in range(20):
        assert flood.check("sendmessagedraft", 111) is None
    clock.advance(5)
    assert flood.check("sendmessagedraft", 111) == 20


def test_thirty_a_second_over_all_chats(flood: Flood) -> None:
    waits = [flood.check("sendmessage", chat) for chat in range(1, 32)]
    assert waits == [None] * 30 + [1]


def test_strict_limits_ban_for_longer(clock: HandClock) -> None:
    flood = Flood(STRICT, clock.now)
    assert [flood.check("sendmessage", 111) for _ in range(5)] == [None] * 3 + [5, 10]


@pytest.mark.parametrize("limits", [None, Limits(chat_burst=100, overall_per_second=100)])
def test_it_can_be_off_or_set(clock: HandClock, limits: Limits | None) -> None:
    flood = Flood(limits, clock.now)
    assert [flood.check("sendmessage", 111) for _ in range(100)] == [None] * 100
