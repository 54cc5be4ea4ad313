"""Turns: closed once, with the answer, and only by the session's own server."""

from dataclasses import replace

import pytest

from bridge import ports
from bridge.errors import Fenced
from bridge.ports import Clock
from bridge.store.db import Database, open_database
from bridge.store.inbox import Inbox
from bridge.store.sessions import Sessions
from bridge.store.turns import Turns
from tests.contract.samples import FOLDER, MAIN, NOON, UGLY, answer, arrival, turn


@pytest.fixture
def turns(db: Database, clock: Clock) -> ports.Turns:
    return Turns(db, clock)


@pytest.fixture
def sessions(db: Database, clock: Clock) -> ports.Sessions:
    return Sessions(db, clock)


@pytest.fixture
def inbox(db: Database, clock: Clock) -> ports.Inbox:
    return Inbox(db, clock)


async def test_closing_stores_the_answer_and_saves_the_session(
    turns: ports.Turns, sessions: ports.Sessions
) -> None:
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.enter(turn(1))
    assert await turns.answer(1) is None
    after = replace(
        session,
        active_at=NOON,
        claude_id="c-1",
        model="haiku",
        messages=1,
        cost=42,
        context_tokens=1000,
    )
    await turns.close(turn(1), after, answer(1, UGLY))
    assert await turns.answer(1) == answer(1, UGLY)
    assert await sessions.find(MAIN) == after


async def test_a_turn_closes_without_having_been_entered(
    turns: ports.Turns, sessions: ports.Sessions
) -> None:
    """A message that a budget refuses has an answer and no turn."""
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), session, answer(1))
    assert await turns.undelivered() == [answer(1)]


async def test_a_server_that_was_replaced_commits_nothing(
    turns: ports.Turns, sessions: ports.Sessions
) -> None:
    old = await sessions.claim(MAIN, 111, FOLDER)
    await turns.enter(turn(1))
    new = await sessions.claim(MAIN, 111, FOLDER)
    with pytest.raises(Fenced):
        await turns.close(turn(1), replace(old, messages=9), answer(1, "from the old one"))
    assert await turns.answer(1) is None
    assert await sessions.find(MAIN) == new
    await turns.close(turn(1), new, answer(1, "from the new one"))
    assert await turns.undelivered() == [answer(1, "from the new one")]


async def test_the_first_answer_stays(turns: ports.Turns, sessions: ports.Sessions) -> None:
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), session, answer(1, "first"))
    await turns.close(turn(1), session, answer(1, "second"))
    assert await turns.answer(1) == answer(1, "first")


async def test_a_turn_that_a_crash_cut_off_early_is_entered_again(turns: ports.Turns) -> None:
    assert await turns.enter(turn(1))
    assert await turns.enter(turn(1))


async def test_a_turn_that_a_crash_cut_off_after_a_tool_ran_is_told_apart(
    store_url: str, clock: Clock
) -> None:
    async with open_database(store_url) as db:
        before = Turns(db, clock)
        await before.enter(turn(1))
        await before.touch(1)
        await before.touch(1)
    async with open_database(store_url) as db:
        after = Turns(db, clock)
        assert not await after.enter(turn(1))
        assert await after.enter(turn(2)), "only that turn"


async def test_entering_does_not_reopen_what_was_closed(
    turns: ports.Turns, sessions: ports.Sessions
) -> None:
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), session, answer(1))
    await turns.enter(turn(1))
    assert await turns.answer(1) == answer(1)


async def test_a_message_is_done_when_its_answer_was_delivered(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    await inbox.put(arrival(1), 10)
    session = await sessions.claim(MAIN, 111, FOLDER)
    await turns.enter(turn(1))
    await turns.close(turn(1), session, answer(1))
    assert await inbox.waiting(MAIN) == 1
    await turns.delivered(1)
    assert await inbox.waiting(MAIN) == 0
    assert await turns.undelivered() == []
    assert await turns.answer(1) == answer(1)


async def test_undelivered_answers_survive_a_restart_oldest_first(
    store_url: str, clock: Clock
) -> None:
    async with open_database(store_url) as db:
        session = await Sessions(db, clock).claim(MAIN, 111, FOLDER)
        before = Turns(db, clock)
        await before.enter(turn(4))
        for update_id in (3, 1, 2):
            await before.close(turn(update_id), session, answer(update_id))
        await before.delivered(2)
    async with open_database(store_url) as db:
        assert await Turns(db, clock).undelivered() == [answer(1), answer(3)]


async def test_a_pin_set_while_the_turn_ran_stays(
    turns: ports.Turns, sessions: ports.Sessions, db: Database
) -> None:
    session = await sessions.claim(MAIN, 111, FOLDER)
    await db.write(lambda conn: conn.exec_driver_sql("UPDATE sessions SET pin = 'opus'").rowcount)
    await turns.close(turn(1), session, answer(1))
    assert await sessions.find(MAIN) == replace(session, pin="opus")
