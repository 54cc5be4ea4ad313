"""A session that gets another name takes all that is its own along, and nothing else."""

from datetime import timedelta

import pytest

from bridge import ports
from bridge.errors import Fenced
from bridge.model import Exchange, Kind, Place, SessionKey
from bridge.ports import Clock
from bridge.store.db import open_database
from bridge.store.inbox import Inbox
from bridge.store.sessions import Sessions
from bridge.store.turns import Turns
from budgets.model import Tokens
from routing.model import Choice, Request
from tests.contract.samples import (
    FOLDER,
    MAIN,
    NOON,
    PLACE,
    answer,
    arrival,
    ask,
    hold,
    session,
    turn,
)

FIX = SessionKey(111, 0, "fix")
NEW = SessionKey(111, 0, "Größe-😀")
REQUEST = Request(text="", user=111, role="owner", now=NOON, headroom=5_000_000)


async def test_it_is_the_same_session_under_another_name(sessions: ports.Sessions) -> None:
    await sessions.add(session("fix", claude_id="c-1", home="h-1"))
    assert await sessions.rename(FIX, NEW.name)
    assert await sessions.find(FIX) is None
    assert await sessions.find(NEW) == session(NEW.name, claude_id="c-1", home="h-1",
                                               folder=session("fix").folder)  # fmt: skip


async def test_the_chat_that_is_in_it_stays_in_it(sessions: ports.Sessions) -> None:
    await sessions.add(session("fix"))
    await sessions.rename(FIX, NEW.name)
    assert await sessions.current(PLACE) == NEW


async def test_a_chat_that_is_in_another_one_stays_there(sessions: ports.Sessions) -> None:
    await sessions.add(session("fix"))
    await sessions.enter(MAIN)
    await sessions.rename(FIX, NEW.name)
    assert await sessions.current(PLACE) == MAIN


async def test_main_can_get_another_name_although_nobody_entered_it(
    sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    await inbox.put(arrival(1), 10)
    await sessions.load(MAIN, 111, FOLDER)
    assert await sessions.rename(MAIN, NEW.name)
    assert await sessions.current(PLACE) == NEW
    assert await inbox.undone() == [NEW]


async def test_what_waits_and_what_was_said_go_along(store_url: str, clock: Clock) -> None:
    async with open_database(store_url) as db:
        inbox, sessions, turns = Inbox(db, clock), Sessions(db, clock), Turns(db, clock)
        await sessions.add(session("fix"))
        for update_id in (1, 2):
            await inbox.put(arrival(update_id), 10)
        await inbox.put(arrival(3, place=Place(222)), 10)
        claimed = await sessions.claim(FIX, 111, FOLDER)
        await turns.close(turn(1, FIX), claimed, answer(1, key=FIX))
        await turns.delivered(1)
        await sessions.rename(FIX, NEW.name)
    async with open_database(store_url) as db:
        inbox, turns = Inbox(db, clock), Turns(db, clock)
        assert await inbox.undone() == [NEW, SessionKey(222, 0, "main")]
        waiting = await inbox.next(NEW)
        assert waiting is not None
        assert (waiting.update_id, waiting.key) == (2, NEW)
        assert await turns.recent(NEW, 5) == [Exchange("message 1", "An answer.")]
        asked = await turns.last(NEW)
        assert asked is not None
        assert (asked.update_id, asked.key) == (1, NEW)
        assert await turns.last(FIX) is None


async def test_decisions_and_questions_go_along(
    sessions: ports.Sessions, decisions: ports.Decisions, asks: ports.Asks
) -> None:
    await sessions.add(session("fix"))
    choice = Choice("haiku", None, "the default")
    await decisions.record(turn(1, FIX), REQUEST, choice)
    await asks.open(ask("a", key=FIX))
    await sessions.rename(FIX, NEW.name)
    made = await decisions.last(NEW)
    assert made
    assert made.choice == choice
    assert await asks.take("a") == ask("a", key=NEW)


async def test_an_answer_on_its_way_is_delivered_under_the_new_name(
    sessions: ports.Sessions, turns: ports.Turns
) -> None:
    await sessions.add(session("fix"))
    await turns.close(turn(1, FIX), await sessions.claim(FIX, 111, FOLDER), answer(1, key=FIX))
    await sessions.rename(FIX, NEW.name)
    assert await turns.undelivered() == [answer(1, key=NEW)]


async def test_its_cost_goes_along_and_that_of_others_does_not(
    sessions: ports.Sessions, turns: ports.Turns, ledger: ports.Ledger
) -> None:
    """The ledger knows no chats: another one may have a session of the same name."""
    for update_id, place in ((1, PLACE), (2, Place(222))):
        await sessions.add(session("fix", place))
        await turns.enter(turn(update_id, SessionKey(place.chat, 0, "fix")))
        await ledger.hold(hold(f"r-{update_id}", update_id=update_id, session="fix"), [])
        await ledger.settle(f"r-{update_id}", update_id, Tokens())
    await sessions.rename(FIX, NEW.name)
    spends = await ledger.spent(NOON, NOON + timedelta(days=1))
    assert {spend.session: spend.cost for spend in spends} == {NEW.name: 1, "fix": 2}


@pytest.mark.parametrize("taken", ["other", "OTHER"])
async def test_a_taken_name_changes_nothing(
    sessions: ports.Sessions, inbox: ports.Inbox, turns: ports.Turns, taken: str
) -> None:
    for name in ("other", "fix"):
        await sessions.add(session(name))
    await inbox.put(arrival(1), 10)
    await turns.enter(turn(1, FIX))
    assert not await sessions.rename(FIX, taken)
    assert await sessions.find(FIX) == session("fix")
    assert await sessions.find(SessionKey(111, 0, "other")) == session("other")
    assert await sessions.current(PLACE) == FIX
    assert await inbox.undone() == [FIX]


async def test_only_the_case_of_a_name_can_be_changed(sessions: ports.Sessions) -> None:
    await sessions.add(session("fix"))
    assert await sessions.rename(FIX, "fix")
    assert await sessions.rename(FIX, "Fix")
    assert [found.key.name for found in await sessions.every(PLACE)] == ["Fix"]


async def test_whoever_served_it_under_the_old_name_commits_nothing(
    sessions: ports.Sessions, turns: ports.Turns
) -> None:
    await sessions.add(session("fix"))
    old = await sessions.claim(FIX, 111, FOLDER)
    await sessions.rename(FIX, NEW.name)
    await sessions.claim(FIX, 111, FOLDER)
    with pytest.raises(Fenced):
        await turns.close(turn(1, FIX), old, answer(1, key=FIX))


async def test_what_is_answered_at_once_goes_on_after_it(
    sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    """The command that renames is itself an update of this session."""
    await sessions.add(session("fix"))
    await inbox.put(arrival(1, Kind.COMMAND), 10)
    await sessions.rename(FIX, NEW.name)
    assert await inbox.pending() == [arrival(1, Kind.COMMAND)]
    await inbox.done(1)
    assert await inbox.pending() == []
