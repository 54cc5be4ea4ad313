"""A session that is deleted is forgotten, but for what it cost and what was decided in it."""

import asyncio
from datetime import timedelta

import pytest

from bridge import ports
from bridge.errors import Fenced, StoreError
from bridge.model import Kind, Session, SessionKey
from bridge.ports import Clock
from bridge.store.db import Database, open_database
from bridge.store.inbox import Inbox
from bridge.store.sessions import Sessions
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
REQUEST = Request(text="", user=111, role="owner", now=NOON, headroom=5_000_000)


async def test_it_is_gone_and_its_chat_is_in_main(store_url: str, clock: Clock) -> None:
    async with open_database(store_url) as db:
        before = Sessions(db, clock)
        await before.add(session("fix"))
        await before.delete(FIX)
    async with open_database(store_url) as db:
        after = Sessions(db, clock)
        assert await after.find(FIX) is None
        assert await after.every(PLACE) == []
        assert await after.current(PLACE) == MAIN


async def test_a_chat_that_is_in_another_session_stays_there(sessions: ports.Sessions) -> None:
    for name in ("fix", "other"):
        await sessions.add(session(name))
    await sessions.delete(FIX)
    assert await sessions.current(PLACE) == SessionKey(111, 0, "other")


async def test_nothing_waits_for_it_any_more(store_url: str, clock: Clock) -> None:
    async with open_database(store_url) as db:
        inbox, sessions = Inbox(db, clock), Sessions(db, clock)
        await inbox.put(arrival(1), 3)
        await sessions.add(session("fix"))
        await inbox.put(arrival(2), 3)
        await inbox.put(arrival(3), 3)
        await sessions.delete(FIX)
    async with open_database(store_url) as db:
        inbox = Inbox(db, clock)
        assert await inbox.undone() == [MAIN]
        assert await inbox.next(FIX) is None
        assert await inbox.waiting(FIX) == 0
        assert await inbox.put(arrival(2), 3) is None, "Telegram may send it once more"
        assert await inbox.put(arrival(4), 2) is not None, "they count for nobody's queue"


async def test_nobody_works_on_a_message_that_was_dropped_after_they_had_seen_it(
    sessions: ports.Sessions, inbox: ports.Inbox, turns: ports.Turns
) -> None:
    await sessions.add(session("fix"))
    await inbox.put(arrival(1), 10)
    assert await inbox.next(FIX) is not None
    await sessions.delete(FIX)
    with pytest.raises(StoreError, match="taken back"):
        await turns.enter(turn(1, FIX))


async def test_what_is_answered_at_once_goes_on(
    sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    """The tap that deletes is itself an update of this session."""
    await sessions.add(session("fix"))
    await inbox.put(arrival(1, Kind.TAP), 10)
    await sessions.delete(FIX)
    assert await inbox.pending() == [arrival(1, Kind.TAP)]


async def test_its_questions_cannot_be_answered_any_more(
    sessions: ports.Sessions, asks: ports.Asks
) -> None:
    await sessions.add(session("fix"))
    await asks.open(ask("a", key=FIX))
    await asks.open(ask("b", key=MAIN))
    await sessions.delete(FIX)
    assert await asks.take("a") is None
    assert await asks.take("b") == ask("b")


async def test_money_is_never_forgotten(
    sessions: ports.Sessions, turns: ports.Turns, ledger: ports.Ledger
) -> None:
    await sessions.add(session("fix"))
    await turns.enter(turn(1, FIX))
    await ledger.hold(hold("r-1", session="fix"), [])
    await ledger.settle("r-1", 42, Tokens())
    await sessions.delete(FIX)
    spends = await ledger.spent(NOON, NOON + timedelta(days=1))
    assert [(spend.session, spend.cost) for spend in spends] == [("fix", 42)]
    assert await ledger.turn_cost(1) == 42


async def lived(
    sessions: ports.Sessions, inbox: ports.Inbox, turns: ports.Turns, decisions: ports.Decisions
) -> Session:
    """A session in which one question was answered; as its server knows it."""
    await sessions.add(session("fix", claude_id="c-1", home="h-1"))
    await inbox.put(arrival(1), 10)
    served = await sessions.claim(FIX, 111, FOLDER)
    await decisions.record(turn(1, FIX), REQUEST, Choice("opus", "plan", "starts with /plan"))
    await turns.close(turn(1, FIX), served, answer(1, key=FIX))
    await turns.delivered(1)
    return served


async def test_turns_and_decisions_stay_for_the_record(
    sessions: ports.Sessions, inbox: ports.Inbox, turns: ports.Turns, decisions: ports.Decisions,
    db: Database,
) -> None:  # fmt: skip
    await lived(sessions, inbox, turns, decisions)
    await sessions.delete(FIX)
    assert await turns.answer(1) == answer(1, key=FIX)
    count = "SELECT count(*) FROM decisions WHERE session = 'fix'"
    assert await db.read(lambda conn: conn.exec_driver_sql(count).scalar()) == 1


async def test_a_later_session_of_its_name_starts_fresh(
    sessions: ports.Sessions, inbox: ports.Inbox, turns: ports.Turns, decisions: ports.Decisions
) -> None:
    await lived(sessions, inbox, turns, decisions)
    await sessions.delete(FIX)
    made = await sessions.load(FIX, 222, FOLDER)
    assert made == Session(FIX, 222, FOLDER, made.started_at, made.started_at)
    assert await turns.recent(FIX, 5) == []
    assert await turns.last(FIX) is None
    assert await decisions.last(FIX) is None


async def test_a_session_that_gets_its_name_does_not_inherit(
    sessions: ports.Sessions,
    inbox: ports.Inbox,
    turns: ports.Turns,
    decisions: ports.Decisions,
    ledger: ports.Ledger,
) -> None:
    """Nor does it take along what the deleted one did cost, when it moves on."""
    await lived(sessions, inbox, turns, decisions)
    await ledger.hold(hold("r-1", session="fix"), [])
    await sessions.delete(FIX)
    await sessions.add(session("other"))
    await sessions.rename(SessionKey(111, 0, "other"), "fix")
    assert await turns.recent(FIX, 5) == []
    await sessions.rename(FIX, "third")
    assert await turns.recent(SessionKey(111, 0, "third"), 5) == []
    assert await turns.answer(1) == answer(1, key=FIX)
    assert await decisions.last(SessionKey(111, 0, "third")) is None
    spends = await ledger.spent(NOON, NOON + timedelta(days=1))
    assert [spend.session for spend in spends] == ["fix"]


async def test_whoever_served_it_commits_nothing_to_a_later_one(
    sessions: ports.Sessions, inbox: ports.Inbox, turns: ports.Turns, decisions: ports.Decisions
) -> None:
    old = await lived(sessions, inbox, turns, decisions)
    await sessions.delete(FIX)
    with pytest.raises(Fenced):
        await turns.close(turn(2, FIX), old, answer(2, key=FIX))
    new = await sessions.claim(FIX, 111, FOLDER)
    with pytest.raises(Fenced):
        await turns.close(turn(2, FIX), old, answer(2, key=FIX))
    assert await sessions.find(FIX) == new


async def test_a_message_comes_before_the_deletion_or_goes_to_main(
    sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    await sessions.add(session("fix"))
    await asyncio.gather(inbox.put(arrival(1), 10), sessions.delete(FIX), inbox.put(arrival(2), 10))
    assert await inbox.undone() == [MAIN]
    message = await inbox.next(MAIN)
    assert message is not None
    assert message.update_id == 2


async def test_to_delete_what_is_not_there_changes_nothing(sessions: ports.Sessions) -> None:
    await sessions.add(session("fix"))
    await sessions.delete(SessionKey(111, 0, "other"))
    await sessions.delete(SessionKey(222, 0, "fix"))
    assert await sessions.find(FIX) == session("fix")
    assert await sessions.current(PLACE) == FIX
