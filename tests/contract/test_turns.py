"""Turns: closed once, with the answer, and only by the session's own server."""

from dataclasses import replace

import pytest

from bridge import ports
from bridge.errors import Fenced
from bridge.model import Exchange, Outcome, SessionKey
from bridge.ports import Clock
from bridge.store.db import Database, open_database
from bridge.store.inbox import Inbox
from bridge.store.sessions import Sessions
from bridge.store.turns import Turns
from tests.contract.samples import (
    FOLDER,
    MAIN,
    NOON,
    UGLY,
    answer,
    arrival,
    session,
    turn,
)


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
        home="h-1",
        last_entry="e-1",
        fork=True,
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


async def test_what_commands_set_while_the_turn_ran_stays(
    turns: ports.Turns, sessions: ports.Sessions, db: Database
) -> None:
    claimed = await sessions.claim(MAIN, 111, FOLDER)
    await db.write(lambda conn: conn.exec_driver_sql("UPDATE sessions SET pin = 'opus'").rowcount)
    await sessions.set_minutes(MAIN, 2.5)
    await turns.close(turn(1), claimed, answer(1))
    assert await sessions.find(MAIN) == replace(claimed, pin="opus", minutes=2.5)


async def test_a_fork_is_one_until_its_first_turn(
    turns: ports.Turns, sessions: ports.Sessions
) -> None:
    fork = session(claude_id="c-1", home="h-1", fork=True)
    await sessions.add(fork)
    claimed = await sessions.claim(fork.key, 111, fork.folder)
    assert claimed == replace(fork, epoch=claimed.epoch)
    own = replace(claimed, claude_id="c-2", fork=False)
    await turns.close(turn(1, fork.key), own, answer(1, key=fork.key))
    assert await sessions.find(fork.key) == own


async def test_a_crash_before_the_close_leaves_absorbed_messages_undone(
    store_url: str, clock: Clock
) -> None:
    async with open_database(store_url) as db:
        inbox, turns = Inbox(db, clock), Turns(db, clock)
        for update_id in (1, 2):
            await inbox.put(arrival(update_id), 10)
            await turns.enter(turn(update_id))
    async with open_database(store_url) as db:
        assert await Inbox(db, clock).waiting(MAIN) == 2
        assert await Turns(db, clock).enter(turn(2)), "it may be given to a turn of its own"


async def test_a_crash_after_the_close_answers_absorbed_messages_once(
    store_url: str, clock: Clock
) -> None:
    async with open_database(store_url) as db:
        inbox, turns = Inbox(db, clock), Turns(db, clock)
        for update_id in (1, 2):
            await inbox.put(arrival(update_id), 10)
        claimed = await Sessions(db, clock).claim(MAIN, 111, FOLDER)
        await turns.close(turn(1), claimed, answer(1), absorbed=(1, 2))
    async with open_database(store_url) as db:
        inbox, turns = Inbox(db, clock), Turns(db, clock)
        message = await inbox.next(MAIN)
        assert message is not None
        assert message.update_id == 1, "its answer is to be delivered"
        await turns.delivered(1)
        assert await inbox.undone() == []


async def test_a_server_that_was_replaced_absorbs_nothing(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    await inbox.put(arrival(2), 10)
    old = await sessions.claim(MAIN, 111, FOLDER)
    await sessions.claim(MAIN, 111, FOLDER)
    with pytest.raises(Fenced):
        await turns.close(turn(1), old, answer(1), absorbed=(2,))
    assert await inbox.find(2) is not None


async def test_an_answer_that_was_stored_before_absorbs_nothing_more(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    """What the stored answer does not speak of still waits for one."""
    await inbox.put(arrival(2), 10)
    claimed = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), claimed, answer(1))
    await turns.close(turn(1), claimed, answer(1, "again"), absorbed=(2,))
    assert await inbox.find(2) is not None


async def test_the_last_exchanges_come_oldest_first(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    claimed = await sessions.claim(MAIN, 111, FOLDER)
    for update_id in (1, 2, 3):
        await inbox.put(arrival(update_id), 10)
        await turns.close(turn(update_id), claimed, answer(update_id, f"answer {update_id}"))
    await inbox.put(arrival(4), 10)
    await turns.enter(turn(4))
    assert await turns.recent(MAIN, 2) == [
        Exchange("message 2", "answer 2"),
        Exchange("message 3", "answer 3"),
    ]
    assert len(await turns.recent(MAIN, 10)) == 3
    assert await turns.recent(SessionKey(111, 0, "fix"), 2) == []


async def test_an_exchange_has_all_that_was_asked_in_its_turn(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    for update_id, text in enumerate(("Build it.", "With tests.", UGLY), start=1):
        await inbox.put(arrival(update_id, text=text), 10)
    claimed = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), claimed, answer(1), absorbed=(3, 2))
    asked = f"Build it.\n\nWith tests.\n\n{UGLY}"
    assert await turns.recent(MAIN, 5) == [Exchange(asked, "An answer.")]


@pytest.mark.parametrize("outcome", Outcome)
async def test_what_a_budget_refused_was_never_said(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox, outcome: Outcome
) -> None:
    await inbox.put(arrival(1), 10)
    claimed = await sessions.claim(MAIN, 111, FOLDER)
    await turns.close(turn(1), claimed, answer(1, outcome=outcome))
    said = await turns.recent(MAIN, 5)
    assert said == ([] if outcome is Outcome.REFUSED else [Exchange("message 1", "An answer.")])


async def test_the_last_question_is_the_one_of_the_last_closed_turn(
    turns: ports.Turns, sessions: ports.Sessions, inbox: ports.Inbox
) -> None:
    assert await turns.last(MAIN) is None
    claimed = await sessions.claim(MAIN, 111, FOLDER)
    await inbox.put(arrival(1), 10)
    second = await inbox.put(arrival(2, text=UGLY), 10)
    await inbox.put(arrival(3), 10)
    for update_id in (1, 2):
        await turns.close(turn(update_id), claimed, answer(update_id, outcome=Outcome.REFUSED))
        await turns.delivered(update_id)
    await turns.enter(turn(3))
    assert await turns.last(MAIN) == second
    assert await turns.last(SessionKey(111, 0, "fix")) is None
